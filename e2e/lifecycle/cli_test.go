package lifecycle_test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
)

// TestMain turns garbage collection off, up to a limit: this process and those that it starts, the CLI's and the compiler's, are
// short-lived, and a fifth of their work would be collecting garbage.
func TestMain(m *testing.M) {
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(2 << 30)
	os.Setenv("GOGC", "off")
	os.Setenv("GOMEMLIMIT", "1GiB")
	m.Run()
}

// findCLI finds the CLI and asks for its version, once for all tests. Without an error there may still be none: nil.
var findCLI = sync.OnceValues(func() (auto.PulumiCommand, error) {
	path := os.Getenv("PULUMI_CLI")
	if path == "" {
		found, err := exec.LookPath("pulumi")
		if err != nil {
			return nil, nil
		}
		path = found
	}
	return auto.NewPulumiCommand(&auto.PulumiCommandOptions{Root: filepath.Dir(filepath.Dir(path))})
})

// pulumiCommand is the CLI. The suite needs the genuine one; where there is none it says how to get it.
func pulumiCommand(t *testing.T) auto.PulumiCommand {
	t.Helper()
	cli, err := findCLI()
	if err != nil {
		t.Fatalf("the Pulumi CLI: %v", err)
	}
	if cli == nil {
		t.Skip("no pulumi on PATH and PULUMI_CLI is not set: tools/install-pulumi builds one")
	}
	return cli
}

// unasked is the CLI without the questions that the Automation API asks after every operation: the outputs, twice,
// and the history. Each is a process that takes as long to start as a small preview; stage.outputs asks when a
// test wants to know.
type unasked struct{ auto.PulumiCommand }

// Run answers those questions with nothing and leaves the rest to the CLI.
func (c unasked) Run(ctx context.Context, dir string, in io.Reader, out, errs []io.Writer, environment []string, args ...string) (string, string, int, error) {
	if len(args) > 1 && args[0] == "stack" {
		switch {
		case args[1] == "output":
			return "{}", "", 0, nil
		case args[1] == "history":
			return "[]", "", 0, nil
		}
	}
	return c.PulumiCommand.Run(ctx, dir, in, out, errs, environment, args...)
}
