package stack

import (
	"errors"
	"fmt"
	"path"
	"sync"

	"github.com/pulumi/pulumi-command/sdk/go/command/local"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// BuildHandlers compiles handlers/<name> for each name and returns, by name,
// the zip to deploy: build/<architecture>/<name>.zip under the program's root.
//
// It runs in previews and updates alike, before anything is declared, and
// leaves it to Go's build cache to do only what is new: a preview that shows
// a change of code is right, and a handler that does not compile fails before
// any resource exists. Every handler that does not compile is in the error.
func BuildHandlers(
	ctx *pulumi.Context, architecture Architecture, names ...string,
) (map[string]pulumi.Archive, error) {
	built := make([]pulumi.Archive, len(names))
	failed := make([]error, len(names))
	var wait sync.WaitGroup
	for i, name := range names {
		wait.Go(func() {
			built[i], failed[i] = buildHandler(ctx, architecture, name)
		})
	}
	wait.Wait()
	if err := errors.Join(failed...); err != nil {
		return nil, err
	}
	archives := make(map[string]pulumi.Archive, len(names))
	for i, name := range names {
		archives[name] = built[i]
	}
	return archives, nil
}

// buildHandler compiles one handler and zips it.
func buildHandler(ctx *pulumi.Context, architecture Architecture, name string) (pulumi.Archive, error) {
	directory := path.Join("build", string(architecture))
	binary := path.Join(directory, name, "bootstrap")
	archive := path.Join(directory, name+".zip")

	if err := run(ctx,
		"go build -trimpath -buildvcs=false -ldflags=\"-s -w\" -tags lambda.norpc -o "+binary+" ./handlers/"+name,
		map[string]string{"GOOS": "linux", "GOARCH": architecture.goarch(), "CGO_ENABLED": "0"},
	); err != nil {
		return nil, fmt.Errorf("build handler %q: %w", name, err)
	}
	// A run of its own: GOOS and GOARCH would build the tool for Lambda too.
	if err := run(ctx, "go tool build-lambda-zip -o "+archive+" "+binary, nil); err != nil {
		return nil, fmt.Errorf("zip handler %q: %w", name, err)
	}
	return pulumi.NewFileArchive(archive), nil
}

// run executes command in the program's root.
func run(ctx *pulumi.Context, command string, environment map[string]string) error {
	// What a failed command printed is in its error; the tools' remarks on
	// success would be shown with every preview.
	quiet := local.LoggingNone
	args := &local.RunArgs{Command: command, Environment: environment, Logging: &quiet}
	// Without a root, the command runs where the Pulumi engine does.
	if root := ctx.RootDirectory(); root != "" {
		args.Dir = &root
	}
	_, err := local.Run(ctx, args)
	return err
}
