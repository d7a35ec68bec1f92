package stack_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"transactional-outbox/stack"
)

func TestBuildHandlersRunsTheGoTools(t *testing.T) {
	for architecture, goarch := range map[stack.Architecture]string{stack.ARM64: "arm64", stack.X8664: "amd64"} {
		t.Run(string(architecture), func(t *testing.T) {
			r := &recorder{}
			var built map[string]pulumi.Archive
			err := program(r, "test", nil, func(ctx *pulumi.Context) (err error) {
				built, err = stack.BuildHandlers(ctx, ctx.RootDirectory(), architecture, "placeorder")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			folder := "build/" + string(architecture)
			if got, want := built["placeorder"].Path(), "/program/"+folder+"/placeorder.zip"; got != want {
				t.Errorf("archive %q, want %q", got, want)
			}
			var got []map[string]any
			for _, call := range r.calls {
				arguments := call.Mappable()
				delete(arguments, "addPreviousOutputInEnv") // the SDK's default
				got = append(got, arguments)
			}
			want := []map[string]any{
				{
					"command": `go build -trimpath -buildvcs=false -ldflags="-s -w" -tags lambda.norpc -o ` +
						folder + "/placeorder/bootstrap ./handlers/placeorder",
					"environment": map[string]any{"GOOS": "linux", "GOARCH": goarch, "CGO_ENABLED": "0"},
					"dir":         "/program",
					"logging":     "none",
				},
				{
					"command": "go tool build-lambda-zip -o " + folder + "/placeorder.zip " + folder + "/placeorder/bootstrap",
					"dir":     "/program",
					"logging": "none",
				},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
		})
	}
}

// shell runs a command in folder, in place of pulumi-command, and fails as it
// does. The environment is added to that of the test.
func shell(folder string, environment ...string) func(resource.PropertyMap) error {
	return func(arguments resource.PropertyMap) error {
		text := arguments["command"].StringValue()
		command := exec.Command("/bin/sh", "-c", text)
		command.Dir = folder
		command.Env = append(os.Environ(), environment...)
		if own, given := arguments["environment"]; given {
			for name, value := range own.ObjectValue() {
				command.Env = append(command.Env, string(name)+"="+value.StringValue())
			}
		}
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: running %q:\n%s", err, text, output)
		}
		return nil
	}
}

func TestBuildHandlersReportsEveryHandlerThatDoesNotCompile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("runs the commands with /bin/sh")
	}
	folder := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                   "module broken\n\ngo 1.26\n",
		"handlers/first/main.go":   "package main\n\nfunc main() { undefinedName() }\n",
		"handlers/second/main.go":  "package main\n\nfunc main() {\n",
		"handlers/library/main.go": "package library\n",
	} {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := &recorder{run: shell(folder)}
	var got error
	err := program(r, "test", nil, func(ctx *pulumi.Context) error {
		_, got = stack.BuildHandlers(ctx, ctx.RootDirectory(), stack.ARM64, "first", "second", "missing")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`build handler "first"`, "undefined: undefinedName", `build handler "second"`, "main.go:4",
		`build handler "missing"`, "directory not found",
	} {
		if !strings.Contains(got.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, got)
		}
	}
	for _, call := range r.calls {
		if strings.Contains(call["command"].StringValue(), "build-lambda-zip") {
			t.Error("a handler that does not compile was zipped")
		}
	}
}

func TestBuildIsDoneBeforeAnythingIsDeclared(t *testing.T) {
	r := &recorder{run: func(resource.PropertyMap) error { return errors.New("go: not found") }}
	err := program(r, "outbox", configuration(t, "outbox", nil), stack.Deploy)
	if err == nil || strings.Count(err.Error(), "build handler") != 5 {
		t.Errorf("error %v, want one that names five handlers", err)
	}
	if len(r.resources) > 0 {
		t.Errorf("%d resources were declared", len(r.resources))
	}
}

func TestMissingGoIsSaidOnce(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	r := &recorder{}
	err := program(r, "outbox", configuration(t, "outbox", nil), stack.Deploy)
	if err == nil {
		t.Fatal("no error")
	}
	if text := err.Error(); strings.Count(text, "no go command on PATH") != 1 || !strings.Contains(text, "https://go.dev/dl") {
		t.Errorf("error %q, want one that says what is missing and where it is", text)
	}
	if strings.Contains(err.Error(), "goroutine ") {
		t.Errorf("a stack trace in %v", err)
	}
	if len(r.resources)+len(r.calls) > 0 {
		t.Errorf("%d resources were declared, %d commands run", len(r.resources), len(r.calls))
	}
}

// Lambda starts only what is executable, and a zip that differs without
// reason is deployed without reason.
func TestZipIsExecutableAndTheSameEveryTime(t *testing.T) {
	folder := t.TempDir()
	binary := filepath.Join(folder, "bootstrap")
	if err := os.WriteFile(binary, []byte("\x7fELF"), 0o600); err != nil {
		t.Fatal(err)
	}
	var archives [][]byte
	for _, changed := range []time.Time{time.Unix(1, 0), time.Unix(1_700_000_000, 0)} {
		if err := os.Chtimes(binary, changed, changed); err != nil {
			t.Fatal(err)
		}
		archive := filepath.Join(folder, "code.zip")
		command := exec.Command("go", "tool", "build-lambda-zip", "-o", archive, binary)
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		content, err := os.ReadFile(archive)
		if err != nil {
			t.Fatal(err)
		}
		archives = append(archives, content)
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("two zips of one binary differ")
	}
	reader, err := zip.NewReader(bytes.NewReader(archives[0]), int64(len(archives[0])))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range reader.File {
		names = append(names, file.Name)
		const unix = 3
		if host := file.CreatorVersion >> 8; host != unix {
			t.Errorf("%s: host %d, and modes count only of host %d", file.Name, host, unix)
		}
		if mode := file.Mode(); !mode.IsRegular() || mode.Perm()&0o755 != 0o755 {
			t.Errorf("%s: mode %v", file.Name, mode)
		}
	}
	if !slices.Equal(names, []string{"bootstrap"}) {
		t.Errorf("the zip holds %v, want bootstrap", names)
	}
}
