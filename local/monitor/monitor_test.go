package monitor_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"transactional-outbox/local/monitor"
)

// provider remembers what was created, and fails where it is told to.
type provider struct {
	mu      sync.Mutex
	created []string
	fails   string
}

func (p *provider) Create(_ context.Context, typ, name string, inputs resource.PropertyMap) (string, resource.PropertyMap, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if name == p.fails {
		return "", nil, errors.New("out of tables")
	}
	p.created = append(p.created, typ+" "+name)
	outputs := inputs.Copy()
	outputs["arn"] = resource.NewProperty("arn:" + name)
	return "id-" + name, outputs, nil
}

func (p *provider) Invoke(_ context.Context, token string, arguments resource.PropertyMap) (resource.PropertyMap, error) {
	if token != "test:index:double" {
		return nil, errors.New("no such function")
	}
	return resource.PropertyMap{"result": resource.NewProperty(arguments["value"].StringValue() + arguments["value"].StringValue())}, nil
}

// thing is a resource with one output.
type thing struct {
	pulumi.CustomResourceState
	ARN pulumi.StringOutput `pulumi:"arn"`
}

func newThing(ctx *pulumi.Context, name string, inputs pulumi.Map, opts ...pulumi.ResourceOption) (*thing, error) {
	t := &thing{}
	return t, ctx.RegisterResource("test:index:Thing", name, inputs, t, opts...)
}

func run(t *testing.T, p *provider, program pulumi.RunFunc) (map[string]any, error) {
	t.Helper()
	return monitor.Run(t.Context(), program, p, monitor.Options{
		Project: "project", Stage: "stage", Root: "/root", Config: map[string]string{"project:greeting": "hello"},
	})
}

func TestRunCreatesResourcesInTheirOrderAndReturnsTheExports(t *testing.T) {
	p := &provider{}
	exports, err := run(t, p, func(ctx *pulumi.Context) error {
		first, err := newThing(ctx, "first", nil)
		if err != nil {
			return err
		}
		second, err := newThing(ctx, "second", pulumi.Map{"after": first.ARN})
		if err != nil {
			return err
		}
		ctx.Export("second", second.ARN)
		ctx.Export("nested", pulumi.StringMap{"first": first.ARN})
		ctx.Export("greeting", pulumi.String(config.New(ctx, "").Require("greeting")))
		ctx.Export("root", pulumi.String(ctx.RootDirectory()))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"second": "arn:second", "nested": map[string]any{"first": "arn:first"}, "greeting": "hello", "root": "/root"}
	if diff := cmp.Diff(want, normal(exports)); diff != "" {
		t.Errorf("exports (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"test:index:Thing first", "test:index:Thing second"}, p.created); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
}

// normal makes maps of strings comparable.
func normal(exports map[string]any) map[string]any {
	for key, value := range exports {
		if nested, ok := value.(map[string]string); ok {
			plain := map[string]any{}
			for k, v := range nested {
				plain[k] = v
			}
			exports[key] = plain
		}
	}
	return exports
}

func TestRunAnswersFunctions(t *testing.T) {
	exports, err := run(t, &provider{}, func(ctx *pulumi.Context) error {
		var result struct {
			Result string `pulumi:"result"`
		}
		args := struct {
			Value string `pulumi:"value"`
		}{"ab"}
		if err := ctx.Invoke("test:index:double", &args, &result); err != nil {
			return err
		}
		ctx.Export("result", pulumi.String(result.Result))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if exports["result"] != "abab" {
		t.Errorf("got %v, want abab", exports["result"])
	}
}

func TestRunEndsWithTheFirstFailure(t *testing.T) {
	for name, c := range map[string]struct {
		program pulumi.RunFunc
		want    string
	}{
		"resource": {func(ctx *pulumi.Context) error {
			broken, err := newThing(ctx, "broken", nil)
			if err != nil {
				return err
			}
			_, err = newThing(ctx, "dependent", pulumi.Map{"after": broken.ARN})
			return err
		}, `test:index:Thing "broken": out of tables`},
		"function": {func(ctx *pulumi.Context) error {
			return ctx.Invoke("test:index:missing", &struct{}{}, &struct{}{})
		}, "no such function"},
		"program": {func(*pulumi.Context) error { return errors.New("configuration is wrong") }, "configuration is wrong"},
		"duplicate name": {func(ctx *pulumi.Context) error {
			if _, err := newThing(ctx, "twin", nil); err != nil {
				return err
			}
			_, err := newThing(ctx, "twin", nil)
			return err
		}, "duplicate resource URN"},
		"reading": {func(ctx *pulumi.Context) error {
			return ctx.ReadResource("test:index:Thing", "old", pulumi.ID("id"), nil, &thing{})
		}, "reading existing resources is not supported"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &provider{fails: "broken"}
			_, err := run(t, p, c.program)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want an error with %q", err, c.want)
			}
			if strings.Contains(err.Error(), "error occurred") {
				t.Errorf("%q wraps a single error in a list", err)
			}
			for _, created := range p.created {
				if strings.HasSuffix(created, "dependent") {
					t.Errorf("created %s although what it depends on failed", created)
				}
			}
		})
	}
}

func TestSameNameUnderDifferentParentTypesIsNoDuplicate(t *testing.T) {
	_, err := run(t, &provider{}, func(ctx *pulumi.Context) error {
		if _, err := newThing(ctx, "table", nil); err != nil {
			return err
		}
		group := &pulumi.ResourceState{}
		if err := ctx.RegisterComponentResource("test:index:Group", "group", group); err != nil {
			return err
		}
		_, err := newThing(ctx, "table", nil, pulumi.Parent(group))
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
