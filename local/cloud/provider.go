package cloud

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"transactional-outbox/local/command"
)

// Create creates a resource of the type with the token typ and the logical name, on the desk's engines. It
// returns the identifier that the Pulumi provider for AWS would give it, and all outputs, inputs included.
// An unknown type and an unknown property are errors that name it.
func (c *Cloud) Create(ctx context.Context, typ, name string, inputs resource.PropertyMap) (string, resource.PropertyMap, error) {
	t, err := c.typeOf(typ)
	if err != nil {
		return "", nil, err
	}
	inputs = named(t, name, inputs)
	in, err := plainMap(inputs)
	if err != nil {
		return "", nil, err
	}
	id, computed, err := t.create(ctx, in)
	if err != nil {
		return "", nil, err
	}
	return id, outputsOf(inputs, computed), nil
}

// Invoke answers the functions of the Pulumi providers that the program may call.
func (c *Cloud) Invoke(ctx context.Context, token string, arguments resource.PropertyMap) (resource.PropertyMap, error) {
	if token != "command:local:run" {
		return nil, fmt.Errorf("function %s is not supported on the desk; supported is command:local:run", token)
	}
	plainArguments, err := plainMap(arguments)
	if err != nil {
		return nil, err
	}
	args, err := decode[command.Args](plainArguments)
	if err != nil {
		return nil, err
	}
	if args.Dir == "" {
		args.Dir = c.options.Root
	}
	if c.options.Profile != "" {
		args = command.Tagged(args, "profile")
	}
	begun := time.Now()
	result, err := command.Run(ctx, args)
	c.commandTime.note(begun, time.Now())
	if err != nil {
		return nil, err
	}
	out := arguments.Copy()
	out["stdout"] = resource.NewProperty(result.Stdout)
	out["stderr"] = resource.NewProperty(result.Stderr)
	return out, nil
}

// typeOf finds the implementation of a resource type.
func (c *Cloud) typeOf(token string) (resourceType, error) {
	t, ok := c.types[token]
	if !ok {
		known := slices.Sorted(maps.Keys(c.types))
		return nil, fmt.Errorf("resource type is not supported on the desk; supported are %s", strings.Join(known, ", "))
	}
	return t, nil
}

// named fills in a generated physical name where the program leaves it to Pulumi.
func named(t resourceType, name string, inputs resource.PropertyMap) resource.PropertyMap {
	property := resource.PropertyKey(t.traits().autoname)
	if property == "" || inputs.HasValue(property) {
		return inputs
	}
	inputs = inputs.Copy()
	inputs[property] = resource.NewProperty(generatedName(name, nil))
	return inputs
}

// generatedName is a physical name in Pulumi's own form: the logical name, a hyphen and seven hexadecimal digits.
// The digits come from the seed, so that an update uses the name that its preview has shown; without one they
// are random.
func generatedName(name string, seed []byte) string {
	if len(seed) == 0 {
		seed = randomBytes(16)
	}
	sum := sha256.Sum256(append([]byte(name), seed...))
	return name + "-" + hex.EncodeToString(sum[:])[:7]
}

// generatedSuffix is what tells a generated name from one of the program's own.
var generatedSuffix = regexp.MustCompile(`-[0-9a-f]{7}$`)

// outputsOf are the inputs with what the desk computed on top.
func outputsOf(inputs resource.PropertyMap, computed properties) resource.PropertyMap {
	outputs := inputs.Copy()
	maps.Copy(outputs, resource.NewPropertyMapFromMap(computed))
	return outputs
}
