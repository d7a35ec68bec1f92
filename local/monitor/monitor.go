// Package monitor runs a Pulumi program without a Pulumi engine: every resource the program registers is
// created at once on the provider it is given. There is no state, no preview and no update; a run starts from
// nothing, in milliseconds. `pulumi up` against the same resources is the business of package provider.
package monitor

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Provider creates resources and answers functions, as a Pulumi resource provider does.
type Provider interface {
	// Create creates a resource of the type with the token typ ("aws:dynamodb/table:Table") and the logical
	// name, and returns its identifier and all its outputs, inputs included.
	Create(ctx context.Context, typ, name string, inputs resource.PropertyMap) (id string, outputs resource.PropertyMap, err error)
	// Invoke answers a function ("command:local:run").
	Invoke(ctx context.Context, token string, arguments resource.PropertyMap) (resource.PropertyMap, error)
}

// Options say what the program runs as.
type Options struct {
	// Project and Stage name the Pulumi project and stack.
	Project, Stage string
	// Config holds the stage's configuration by full key ("aws:region").
	Config map[string]string
	// Root is the absolute path of the folder with Pulumi.yaml.
	Root string
}

// Run runs the program and returns its exports. The first resource that fails ends the run, and its error, with
// the name of the resource, is what Run returns.
func Run(ctx context.Context, program pulumi.RunFunc, provider Provider, options Options) (map[string]any, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	run := &run{ctx: ctx, cancel: cancel, provider: provider, project: options.Project, stage: options.Stage, seen: map[resource.URN]bool{}}

	exports := make(chan map[string]any, 1)
	body := func(pctx *pulumi.Context) error {
		if err := program(pctx); err != nil {
			return err
		}
		pulumi.Map(pctx.GetCurrentExportMap()).ToMapOutput().ApplyT(func(values map[string]any) bool {
			exports <- values
			return true
		})
		return nil
	}
	err := pulumi.RunErr(body, pulumi.WithMocks(options.Project, options.Stage, run), func(info *pulumi.RunInfo) {
		info.Config = options.Config
		info.RootDirectory = options.Root
	})
	if run.failure != nil {
		return nil, run.failure
	}
	if err != nil {
		return nil, unwrapOne(err)
	}
	select {
	case values := <-exports:
		return values, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// unwrapOne takes the only error out of the list in which the SDK wraps even a single one.
func unwrapOne(err error) error {
	var list interface{ WrappedErrors() []error }
	if errors.As(err, &list) {
		if all := list.WrappedErrors(); len(all) == 1 {
			return all[0]
		}
	}
	return err
}

// run answers the SDK's resource monitor during one run of the program.
type run struct {
	ctx            context.Context
	cancel         context.CancelFunc
	provider       Provider
	project, stage string

	mu      sync.Mutex
	seen    map[resource.URN]bool
	failure error
}

var _ pulumi.MockResourceMonitor = (*run)(nil)

// NewResource creates what the program registers. Components exist in the program only.
func (r *run) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.ReadRPC != nil {
		return "", nil, r.fail(fmt.Errorf("%s %q: reading existing resources is not supported on the desk", args.TypeToken, args.Name))
	}
	if err := r.claim(args); err != nil {
		return "", nil, r.fail(err)
	}
	if !args.Custom {
		return "", args.Inputs, nil
	}
	if err := r.ctx.Err(); err != nil {
		return "", nil, err
	}
	id, outputs, err := r.provider.Create(r.ctx, args.TypeToken, args.Name, args.Inputs)
	if err != nil {
		return "", nil, r.fail(fmt.Errorf("%s %q: %w", args.TypeToken, args.Name, err))
	}
	return id, outputs, nil
}

// Call answers a function the program calls. What to make of its error is up to the program.
func (r *run) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	return r.provider.Invoke(r.ctx, args.Token, args.Args)
}

// claim refuses a second resource with the URN of a first, as the Pulumi engine does and the SDK's monitor does not.
func (r *run) claim(args pulumi.MockResourceArgs) error {
	var parent resource.URN
	if args.RegisterRPC != nil {
		parent = resource.URN(args.RegisterRPC.GetParent())
	}
	urn := urnOf(r.project, r.stage, parent, args.TypeToken, args.Name)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[urn] {
		return fmt.Errorf("duplicate resource URN %q: give the resource another name", urn)
	}
	r.seen[urn] = true
	return nil
}

// fail keeps the first failure and stops the run.
func (r *run) fail(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failure == nil {
		r.failure = err
		r.cancel()
	}
	return err
}
