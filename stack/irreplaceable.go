package stack

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// irreplaceable are the options of resources that cannot be replaced without
// losing orders or events: tables, stream and streaming destination of the
// component called kind and name. Replacing one is refused on every stage;
// deleting one, too, if protect is set.
//
// A protected resource is refused by Pulumi itself. For the others there is
// a hook: the new one of a replacement is created before the old one is
// deleted, whatever the provider prefers, and the hook refuses to create what
// the stage already has. Delete hooks would say it more plainly, but
// `pulumi destroy`, which does not run the program, fails on resources that
// have any.
func irreplaceable(ctx *pulumi.Context, kind, name string, protect bool) (pulumi.ResourceOption, error) {
	hook, err := ctx.RegisterResourceHook("irreplaceable:"+kind+":"+name, func(created *pulumi.ResourceHookArgs) error {
		there, err := patiently(func() (bool, error) { return exists(ctx, created.URN) })
		if err != nil {
			return fmt.Errorf("asking whether the stage has %s already: %w", created.Name, err)
		}
		if !there {
			return nil
		}
		return fmt.Errorf("%s is not replaced: %s. Undo the change that would replace it (`pulumi preview --diff` shows it), or follow "+
			"\"What cannot be replaced\" in docs/stages.md. What may be lost can be deleted first, by "+
			"`pulumi destroy --target '%s' --target-dependents`, and what is gone already is found missing by `pulumi refresh`: "+
			"the next `pulumi up` creates it again",
			created.Name, loss(string(created.Type)), created.URN)
	}, &pulumi.ResourceHookOptions{OnDryRun: true})
	if err != nil {
		return nil, err
	}
	return pulumi.Composite(
		pulumi.Protect(protect),
		pulumi.DeleteBeforeReplace(false),
		pulumi.ResourceHooks(&pulumi.ResourceHookBinding{BeforeCreate: []*pulumi.ResourceHook{hook}}),
	), nil
}

// patiently asks again for about a second while asking fails: an engine with
// a file backend cannot read its state at the moment it writes it (the file
// is replaced as one, but what describes it beside it is not).
func patiently(ask func() (bool, error)) (answer bool, err error) {
	for range 50 {
		if answer, err = ask(); err == nil {
			return answer, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false, err
}

// loss says what a replacement of a resource of the type would lose.
func loss(typ string) string {
	switch typ {
	case "aws:dynamodb/table:Table":
		return "what the table holds would be deleted with it"
	case "aws:kinesis/stream:Stream":
		return "records that nobody has read yet would be deleted with it"
	default:
		return "events written while no streaming destination is active are never captured"
	}
}

// exists tells whether the state of the stage has a resource with the urn.
// What is deleted already, or was found missing by `pulumi refresh`, is not
// in it.
func exists(ctx *pulumi.Context, urn pulumi.URN) (bool, error) {
	stack := ctx.Organization() + "/" + ctx.Project() + "/" + ctx.Stack()

	// An engine that previews a stage that was never updated dies of listing
	// its resources. Without outputs it may be one, so a preview says nothing
	// about a stage whose first update failed; the update itself does.
	if ctx.DryRun() {
		var state struct {
			Outputs map[string]any `pulumi:"outputs"`
		}
		if _, err := ctx.InvokePackageRaw("pulumi:pulumi:readStackOutputs", struct {
			Name string `pulumi:"name"`
		}{stack}, &state, ""); err != nil {
			return false, err
		}
		if len(state.Outputs) == 0 {
			return false, nil
		}
	}

	var resources struct {
		Outputs map[string]struct {
			Type string `pulumi:"type"`
		} `pulumi:"outputs"`
	}
	if _, err := ctx.InvokePackageRaw("pulumi:pulumi:readStackResourceOutputs", struct {
		StackName string `pulumi:"stackName"`
	}{stack}, &resources, ""); err != nil {
		return false, err
	}
	_, there := resources.Outputs[string(urn)]
	return there, nil
}
