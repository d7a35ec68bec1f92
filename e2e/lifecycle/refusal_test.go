package lifecycle_test

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kinesis"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"transactional-outbox/local/cloud"
	"transactional-outbox/stack"
)

// changed is the program with the arguments of some resources changed.
func changed(dir string, change func(args pulumi.ResourceTransformationArgs)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		if err := ctx.RegisterStackTransformation(func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
			change(*args)
			return nil
		}); err != nil {
			return err
		}
		return stack.DeployFrom(dir)(ctx)
	}
}

// replacements are changes of the program that would replace what they are listed under.
var replacements = map[string]func(pulumi.ResourceTransformationArgs){
	"outbox-destination": func(args pulumi.ResourceTransformationArgs) {
		if destination, ok := args.Props.(*dynamodb.KinesisStreamingDestinationArgs); ok {
			destination.ApproximateCreationDateTimePrecision = pulumi.String("MILLISECOND")
		}
	},
	"outbox-events": func(args pulumi.ResourceTransformationArgs) {
		if table, ok := args.Props.(*dynamodb.TableArgs); ok && args.Name == "outbox-events" {
			table.RangeKey = pulumi.String("number")
		}
	},
	"outbox-stream": func(args pulumi.ResourceTransformationArgs) {
		if stream, ok := args.Props.(*kinesis.StreamArgs); ok {
			stream.Name = pulumi.String("another")
		}
	},
	"fulfilment-fulfilments": func(args pulumi.ResourceTransformationArgs) {
		if table, ok := args.Props.(*dynamodb.TableArgs); ok && args.Name == "fulfilment-fulfilments" {
			table.Name = pulumi.String("another")
		}
	},
}

// refused checks that an operation on a stage fails, and that its error names the resource and says the rest. It returns the error's text.
func refused(t *testing.T, operation func() (changes, error), name string, rest ...string) string {
	t.Helper()
	got, err := operation()
	if err == nil {
		t.Fatalf("changes %q, want a refusal", got)
	}
	for _, want := range append(rest, name) {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want a refusal that says %q", err, want)
		}
	}
	return err.Error()
}

// unchanged is an update that may not have changed anything when it fails.
func unchanged(t *testing.T, s *stage) func() (changes, error) {
	return func() (changes, error) {
		got, err := s.up()
		if err != nil && len(got) > 0 {
			t.Errorf("up changed %q before it was refused", got)
		}
		return got, err
	}
}

// TestUpConvergesAndReplacesNothing lets a first update fail in the middle and the next ones arrive. Then it tries on the stage, which
// is not protected, what would lose orders or events, and does what the refusal says. One table has a name of the program's own, so
// that the provider would delete it first.
func TestUpConvergesAndReplacesNothing(t *testing.T) {
	t.Parallel()
	faulty := &faultyCloud{name: "fulfilment-mapping"}
	b := newBench(t, func(c *cloud.Cloud) providerCloud {
		faulty.Cloud = c
		return &once{providerCloud: faulty}
	})
	dir := clone(t)
	s := b.stage(dir, "outbox")
	program := func(change func(pulumi.ResourceTransformationArgs)) pulumi.RunFunc {
		return changed(dir, func(args pulumi.ResourceTransformationArgs) {
			if table, ok := args.Props.(*dynamodb.TableArgs); ok && args.Name == "outbox-events" {
				table.Name = pulumi.String("events")
			}
			if change != nil {
				change(args)
			}
		})
	}
	s.run(program(nil))
	created, err := s.up()
	if err == nil || !strings.Contains(err.Error(), errFaulty.Error()) {
		t.Fatalf("got %v, want the failure of the resource", err)
	}
	if len(created) == 0 {
		t.Fatal("nothing was created before the failure, so this tests nothing")
	}
	if slices.ContainsFunc(created, func(change string) bool { return strings.Contains(change, ":Route ") }) {
		t.Error("the API had routes although no consumer was there")
	}

	faulty.mended.Store(true)
	// What was created is not replaced, although the stage has no outputs yet.
	s.run(program(replacements["outbox-destination"]))
	between, err := s.up()
	if err == nil || !strings.Contains(err.Error(), "outbox-destination is not replaced") {
		t.Errorf("up with a replacement: %v, want a refusal", err)
	}
	s.run(program(nil))
	rest, err := s.up()
	components := func(change string) bool { return strings.Contains(change, " transactional-outbox:") }
	want := slices.DeleteFunc(with("create", declared(t, "outbox")), components)
	expect(t, "all runs together", want, slices.DeleteFunc(slices.Concat(created, between, rest), components), err)

	texts := map[string]string{}
	for name, change := range replacements {
		t.Run(name, func(t *testing.T) {
			s.run(program(change))
			defer s.run(program(nil))
			texts[name] = refused(t, s.preview, name, "is not replaced: ", "pulumi preview --diff", "docs/stages.md")
		})
	}
	s.run(program(replacements["outbox-events"]))
	refused(t, unchanged(t, s), "outbox-events", "is not replaced: ")
	s.run(program(nil))
	got, err := s.up()
	expect(t, "up again", nil, got, err)
	order := place(t, s.output("apiUrl"))

	command := regexp.MustCompile("`pulumi destroy --target '([^']+)' --target-dependents`").FindStringSubmatch(texts["outbox-destination"])
	if command == nil {
		t.Fatalf("the refusal names no command: %s", texts["outbox-destination"])
	}
	got, err = s.destroy(optdestroy.Target([]string{command[1]}), optdestroy.TargetDependents())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) == 0 || slices.ContainsFunc(got, func(change string) bool { return strings.Contains(change, ":Table ") }) {
		t.Errorf("deleted %q, want the destination and no table", got)
	}
	if last := got[len(got)-1]; !strings.HasSuffix(last, " outbox-destination") {
		t.Errorf("deleted %q last, want the destination: events are written as long as there are routes", last)
	}
	s.run(program(replacements["outbox-destination"]))
	if _, err := s.up(); err != nil {
		t.Fatal(err)
	}
	if got := status(t, s.output("apiUrl")+"/orders/"+order); got != http.StatusOK {
		t.Errorf("the order from before: status %d", got)
	}
	place(t, s.output("apiUrl"))
}

// TestProtectedStageRefusesToLoseData tries what would lose orders or events on a protected stage.
func TestProtectedStageRefusesToLoseData(t *testing.T) {
	t.Parallel()
	b := newBench(t, buildOnce)
	dir := clone(t)
	s := b.stage(dir, "outbox")
	s.set(map[string]string{"transactional-outbox:protect": "true", "transactional-outbox:auth": "iam"})
	if _, err := s.up(); err != nil {
		t.Fatal(err)
	}

	for _, name := range []string{"outbox-destination", "outbox-events"} {
		s.run(changed(dir, replacements[name]))
		refused(t, s.preview, name, "protect")
	}
	refused(t, unchanged(t, s), "outbox-events", "protect")
	s.run(stack.DeployFrom(dir))

	t.Run("destroy", func(t *testing.T) {
		got, err := s.destroy()
		if err == nil || !strings.Contains(err.Error(), "protect") {
			t.Errorf("got %v, want a refusal that names the protection", err)
		}
		if len(got) > 0 {
			t.Errorf("deleted %q before it was refused", got)
		}
	})

	got, err := s.up()
	if err != nil || len(got) > 0 {
		t.Errorf("up afterwards: changes %q, error %v; want none", got, err)
	}
}

// faultyCloud is the desk with a resource that cannot be created, and a type that cannot be updated, until they are mended.
type faultyCloud struct {
	*cloud.Cloud
	name, typ string
	mended    atomic.Bool
}

var errFaulty = errors.New("LimitExceededException: too many of these")

func (f *faultyCloud) Create(ctx context.Context, typ, name string, inputs resource.PropertyMap) (string, resource.PropertyMap, error) {
	if name == f.name && !f.mended.Load() {
		return "", nil, errFaulty
	}
	return f.Cloud.Create(ctx, typ, name, inputs)
}

func (f *faultyCloud) Update(ctx context.Context, typ, id string, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	if typ == f.typ && !f.mended.Load() {
		return nil, errFaulty
	}
	return f.Cloud.Update(ctx, typ, id, olds, news)
}
