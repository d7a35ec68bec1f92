package cloud

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// Check validates inputs and fills in the physical name where the program leaves it to Pulumi: the one the
// resource has already (olds are the inputs it was last given, nil if it is new), or a generated one. Inputs may
// be unknown, as they are in a preview; what is unknown is not checked.
func (c *Cloud) Check(typ, name string, olds, news resource.PropertyMap, seed []byte) (resource.PropertyMap, error) {
	t, err := c.typeOf(typ)
	if err != nil {
		return nil, err
	}
	property := resource.PropertyKey(t.traits().autoname)
	if property != "" && !news.HasValue(property) {
		news = news.Copy()
		if generated, ok := olds[property]; ok && generated.IsString() && strings.HasPrefix(generated.StringValue(), name+"-") {
			news[property] = generated
		} else {
			news[property] = resource.NewProperty(generatedName(name, seed))
		}
	}
	known, err := plainMap(withoutUnknowns(news))
	if err != nil {
		return nil, err
	}
	return news, t.validate(known)
}

// withoutUnknowns leaves out the top-level properties that a preview does not know yet.
func withoutUnknowns(values resource.PropertyMap) resource.PropertyMap {
	known := resource.PropertyMap{}
	for key, value := range values {
		if !value.ContainsUnknowns() {
			known[key] = value
		}
	}
	return known
}

// Difference is what it takes to bring a resource from one set of inputs to another.
type Difference struct {
	// Detail says what changes, by property path.
	Detail map[string]plugin.PropertyDiff
	// Replace names the top-level properties whose change replaces the resource.
	Replace []string
	// DeleteFirst says that the old one has to go before there can be a new one: the physical name is the program's
	// own, and taken until then.
	DeleteFirst bool
}

// Diff compares inputs. Which properties replace a resource is as in the Pulumi provider for AWS.
func (c *Cloud) Diff(typ string, olds, news resource.PropertyMap) (Difference, error) {
	t, err := c.typeOf(typ)
	if err != nil {
		return Difference{}, err
	}
	internal := func(key resource.PropertyKey) bool {
		return resource.IsInternalPropertyKey(key) || key == "__defaults"
	}
	d := Difference{Detail: plugin.NewDetailedDiffFromObjectDiff(olds.DiffIncludeUnknowns(news, internal), true)}
	for path, diff := range d.Detail {
		if !replaces(path, t.traits().replace) {
			continue
		}
		d.Detail[path] = plugin.PropertyDiff{Kind: diff.Kind.AsReplace(), InputDiff: diff.InputDiff}
		top, _, _ := strings.Cut(path, ".")
		top, _, _ = strings.Cut(top, "[")
		if !slices.Contains(d.Replace, top) {
			d.Replace = append(d.Replace, top)
		}
	}
	slices.Sort(d.Replace)
	d.DeleteFirst = len(d.Replace) > 0 && keepsOwnName(resource.PropertyKey(t.traits().autoname), olds, news)
	return d, nil
}

// keepsOwnName reports whether both inputs have the same name that Pulumi did not generate.
func keepsOwnName(property resource.PropertyKey, olds, news resource.PropertyMap) bool {
	before, after := olds[property], news[property]
	return before.IsString() && before.DeepEquals(after) && !generatedSuffix.MatchString(after.StringValue())
}

// replaces reports whether a change at path is one of, or inside one of, the listed properties.
func replaces(path string, listed []string) bool {
	return slices.ContainsFunc(listed, func(property string) bool {
		rest, ok := strings.CutPrefix(path, property)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// Update changes a resource in place and returns all its outputs. olds are its outputs so far.
func (c *Cloud) Update(ctx context.Context, typ, id string, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	t, err := c.typeOf(typ)
	if err != nil {
		return nil, err
	}
	state, err := plainMap(olds)
	if err != nil {
		return nil, err
	}
	inputs, err := plainMap(news)
	if err != nil {
		return nil, err
	}
	exists, err := t.exists(ctx, id, state)
	if err != nil {
		return nil, err
	}
	if !exists {
		return nil, fmt.Errorf("%s does not exist on this desk, whose data is gone when it stops: run pulumi refresh, then pulumi up", id)
	}
	computed, err := t.update(ctx, id, state, inputs)
	if err != nil {
		return nil, err
	}
	return outputsOf(news, computed), nil
}

// Delete removes a resource; state are its outputs. One that is gone already is removed with success.
func (c *Cloud) Delete(ctx context.Context, typ, id string, state resource.PropertyMap) error {
	t, err := c.typeOf(typ)
	if err != nil {
		return err
	}
	plainState, err := plainMap(state)
	if err != nil {
		return err
	}
	return t.delete(ctx, id, plainState)
}

// Exists reports whether a resource is still there; state are its outputs.
func (c *Cloud) Exists(ctx context.Context, typ, id string, state resource.PropertyMap) (bool, error) {
	t, err := c.typeOf(typ)
	if err != nil {
		return false, err
	}
	plainState, err := plainMap(state)
	if err != nil {
		return false, err
	}
	return t.exists(ctx, id, plainState)
}
