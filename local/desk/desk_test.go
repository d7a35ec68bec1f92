package desk_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"transactional-outbox/local/desk"
	"transactional-outbox/stack"
)

// root is the folder of the project.
func root(t *testing.T) string {
	t.Helper()
	folder, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestStartSaysWhatIsWrongWithTheProgram(t *testing.T) {
	for name, c := range map[string]struct {
		program pulumi.RunFunc
		want    []string
	}{
		"a resource type that the desk does not know": {
			func(ctx *pulumi.Context) error {
				return ctx.RegisterResource("aws:s3/bucket:Bucket", "files", nil, &pulumi.CustomResourceState{})
			},
			[]string{`aws:s3/bucket:Bucket "files": resource type is not supported on the desk`},
		},
		"a handler that is not there": {
			func(ctx *pulumi.Context) error {
				_, err := stack.BuildHandlers(ctx, ctx.RootDirectory(), stack.ARM64, "nosuchhandler")
				return err
			},
			[]string{`build handler "nosuchhandler"`, "./handlers/nosuchhandler", "exit status 1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			d, err := desk.Start(t.Context(), desk.Options{Root: root(t), Stage: "local", Program: c.program})
			if err == nil {
				d.Close()
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if n := leftovers(t); n != 0 {
				t.Errorf("%d temporary folders left behind", n)
			}
		})
	}
}

// leftovers counts the desk's folders among the temporary files of this test.
func leftovers(t *testing.T) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(os.TempDir(), "transactional-outbox-*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

func TestStartLeavesNothingBehindWhenItEnds(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	d, err := desk.Start(t.Context(), desk.Options{Root: root(t), Stage: "local", Program: stack.Deploy})
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Output("stage"); got != "local" {
		t.Errorf("stage %q, want local", got)
	}
	if d.Output("nonsense") != "" {
		t.Error("an output that the program does not export is not empty")
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	if n := leftovers(t); n != 0 {
		t.Errorf("%d temporary folders left behind", n)
	}
}
