package stack

import (
	"errors"
	"fmt"
	"os/exec"
	"path"
	"path/filepath"
	"sync"

	"github.com/pulumi/pulumi-command/sdk/go/command/local"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// BuildHandlers compiles handlers/<name> for each name and returns, by name,
// the zip to deploy: build/<architecture>/<name>.zip under root, the folder of
// the project. The archives are named by absolute paths, so that a provider
// with another working directory finds them; Pulumi compares their contents.
//
// It runs in previews and updates alike, before anything is declared, and
// leaves it to Go's build cache to do only what is new: a preview that shows
// a change of code is right, and a handler that does not compile fails before
// any resource exists. Every handler that does not compile is in the error.
func BuildHandlers(
	ctx *pulumi.Context, root string, architecture Architecture, names ...string,
) (map[string]pulumi.Archive, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return nil, errors.New("the handlers are compiled with Go, and there is no go command on PATH: " +
			"install the version that go.mod names, from https://go.dev/dl")
	}
	archives := make(map[string]pulumi.Archive, len(names))
	failed := make([]error, len(names))
	var wait sync.WaitGroup
	for i, name := range names {
		h := handler{root: root, name: name, architecture: architecture}
		archives[name] = pulumi.NewFileArchive(filepath.Join(root, h.archive()))
		if i == 0 {
			// Alone: builds that run at once each compile what they have in
			// common: from a cold cache two at once took twice the CPU of one.
			failed[i] = h.compile(ctx)
		}
		wait.Go(func() {
			if i > 0 {
				failed[i] = h.compile(ctx)
			}
			if failed[i] == nil {
				failed[i] = h.pack(ctx)
			}
		})
	}
	wait.Wait()
	if err := errors.Join(failed...); err != nil {
		return nil, err
	}
	return archives, nil
}

// handler is one handler to build.
type handler struct {
	root         string // of the project; empty means the working directory of the engine
	name         string
	architecture Architecture
}

func (h handler) binary() string {
	return path.Join("build", string(h.architecture), h.name, "bootstrap")
}

func (h handler) archive() string {
	return path.Join("build", string(h.architecture), h.name+".zip")
}

// compile builds the binary. -trimpath and -buildvcs=false keep the machine
// and the commit out of it: two folders, one of them with a cold build cache,
// gave the same bytes. -ldflags=-buildid= would add nothing to that and cost a
// link on every preview, because the build ID is how the go command knows
// that a binary is current (0.2 s against 0.6 s for one handler).
func (h handler) compile(ctx *pulumi.Context) error {
	err := h.run(ctx,
		`go build -trimpath -buildvcs=false -ldflags="-s -w" -tags lambda.norpc -o `+h.binary()+" ./handlers/"+h.name,
		map[string]string{"GOOS": "linux", "GOARCH": h.architecture.goarch(), "CGO_ENABLED": "0"})
	if err != nil {
		return fmt.Errorf("build handler %q: %w", h.name, err)
	}
	return nil
}

// pack zips the binary with the tool of aws-lambda-go, which marks it as
// executable and writes no times: the archives Pulumi makes have no modes. It
// is a run of its own, because GOOS and GOARCH would build the tool for Lambda.
func (h handler) pack(ctx *pulumi.Context) error {
	if err := h.run(ctx, "go tool build-lambda-zip -o "+h.archive()+" "+h.binary(), nil); err != nil {
		return fmt.Errorf("zip handler %q: %w", h.name, err)
	}
	return nil
}

// run executes command in the project's root.
func (h handler) run(ctx *pulumi.Context, command string, environment map[string]string) error {
	// What a failed command printed is in its error; the tools' remarks on
	// success would be shown with every preview.
	quiet := local.LoggingNone
	args := &local.RunArgs{Command: command, Environment: environment, Logging: &quiet}
	if h.root != "" {
		args.Dir = &h.root
	}
	_, err := local.Run(ctx, args)
	return err
}
