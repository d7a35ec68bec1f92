package cloud

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// properties are resource properties as plain Go values: strings, float64, bool, []any and map[string]any.
type properties = map[string]any

// resourceType is the desk's implementation of one Pulumi resource type. The drivers see all types alike.
type resourceType interface {
	// create creates the resource and returns its identifier and the outputs that are not inputs.
	create(ctx context.Context, inputs properties) (id string, computed properties, err error)
	// update changes the resource in place. state holds its outputs as of the last create or update.
	update(ctx context.Context, id string, state, inputs properties) (computed properties, err error)
	// delete removes the resource. What is gone already is not an error.
	delete(ctx context.Context, id string, state properties) error
	// exists reports whether the resource is still there.
	exists(ctx context.Context, id string, state properties) (bool, error)
	// traits says what holds for every resource of the type.
	traits() traits
	// validate reports inputs that the desk does not know, or whose type is wrong.
	validate(inputs properties) error
}

// traits are the facts about a resource type that the Pulumi provider for AWS has in its schema.
type traits struct {
	// autoname is the input that Pulumi fills with a generated name when the program leaves it out; empty if none.
	autoname string
	// replace lists the inputs whose change replaces the resource ("attributes", "ttl.attributeName").
	replace []string
}

// typed makes a resourceType from functions over the type's own struct of inputs, I. Its members carry the
// property names of the Pulumi schema; a property that I does not have is refused by name.
type typed[I any] struct {
	facts      traits
	createFunc func(ctx context.Context, in I) (id string, computed properties, err error)
	// updateFunc may be nil for a type all of whose properties replace.
	updateFunc func(ctx context.Context, id string, old, in I) (computed properties, err error)
	deleteFunc func(ctx context.Context, id string, in I) error
	existsFunc func(ctx context.Context, id string, in I) (bool, error)
}

func (t typed[I]) traits() traits { return t.facts }

func (t typed[I]) validate(inputs properties) error {
	_, err := decode[I](inputs)
	return err
}

func (t typed[I]) create(ctx context.Context, inputs properties) (string, properties, error) {
	in, err := decode[I](inputs)
	if err != nil {
		return "", nil, err
	}
	return t.createFunc(ctx, in)
}

func (t typed[I]) update(ctx context.Context, id string, state, inputs properties) (properties, error) {
	if t.updateFunc == nil {
		return nil, fmt.Errorf("no property can change in place")
	}
	old, err := decodeState[I](state)
	if err != nil {
		return nil, err
	}
	in, err := decode[I](inputs)
	if err != nil {
		return nil, err
	}
	return t.updateFunc(ctx, id, old, in)
}

func (t typed[I]) delete(ctx context.Context, id string, state properties) error {
	in, err := decodeState[I](state)
	if err != nil {
		return err
	}
	return t.deleteFunc(ctx, id, in)
}

func (t typed[I]) exists(ctx context.Context, id string, state properties) (bool, error) {
	in, err := decodeState[I](state)
	if err != nil {
		return false, err
	}
	return t.existsFunc(ctx, id, in)
}

// decode reads inputs into the type's struct, refusing what the struct does not know.
func decode[I any](inputs properties) (I, error) {
	return decodeWith[I](inputs, json.RejectUnknownMembers(true))
}

// decodeState reads a resource's state, whose members beyond the inputs are its computed outputs.
func decodeState[I any](state properties) (I, error) {
	return decodeWith[I](state)
}

func decodeWith[I any](from properties, options ...json.Options) (I, error) {
	var in I
	text, err := json.Marshal(from)
	if err != nil {
		return in, err
	}
	if err := json.Unmarshal(text, &in, options...); err != nil {
		return in, inputError(err)
	}
	return in, nil
}

// plain turns Pulumi's property values into plain Go values. An archive becomes {"path", "hash"}.
func plain(value resource.PropertyValue) (any, error) {
	switch {
	case value.IsNull():
		return nil, nil
	case value.IsSecret():
		return plain(value.SecretValue().Element)
	case value.IsComputed():
		return nil, fmt.Errorf("value is not known yet")
	case value.IsOutput():
		if !value.OutputValue().Known {
			return nil, fmt.Errorf("value is not known yet")
		}
		return plain(value.OutputValue().Element)
	case value.IsArchive():
		// A state knows only the hash of an archive; a resource that needs the file checks that there is one.
		archive := value.ArchiveValue()
		path, _ := archive.GetPath()
		return properties{"path": path, "hash": archive.Hash}, nil
	case value.IsAsset():
		return nil, fmt.Errorf("assets are not supported on the desk")
	case value.IsArray():
		list := make([]any, 0, len(value.ArrayValue()))
		for i, element := range value.ArrayValue() {
			v, err := plain(element)
			if err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
			list = append(list, v)
		}
		return list, nil
	case value.IsObject():
		return plainMap(value.ObjectValue())
	default:
		return value.V, nil
	}
}

// plainMap is plain for a whole map. Null members and Pulumi's own ("__defaults") are left out.
func plainMap(values resource.PropertyMap) (properties, error) {
	result := make(properties, len(values))
	for key, value := range values {
		if value.IsNull() || resource.IsInternalPropertyKey(key) || key == "__defaults" {
			continue
		}
		v, err := plain(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		result[string(key)] = v
	}
	return result, nil
}
