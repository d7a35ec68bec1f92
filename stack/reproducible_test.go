package stack_test

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"transactional-outbox/stack"
)

// checkout copies what handlers are built from, as git knows it, to a new
// folder, and commits it there: a build that stamps the commit would show.
func checkout(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("runs the commands with /bin/sh")
	}
	list := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "go.mod", "go.sum", "handlers")
	list.Dir = root
	names, err := list.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	folder := t.TempDir()
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		content, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(folder, name), string(content))
	}
	git(t, folder, "init", "--quiet")
	commit(t, folder)
	return folder
}

func put(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func commit(t *testing.T, folder string) {
	t.Helper()
	git(t, folder, "add", ".")
	git(t, folder, "-c", "user.name=nobody", "-c", "user.email=nobody@localhost", "-c", "commit.gpgsign=false", "commit", "--quiet", "-m", "change")
}

func git(t *testing.T, folder string, arguments ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "git", arguments...)
	command.Dir = folder
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v\n%s", arguments[0], err, output)
	}
}

// zipOf builds a handler of the project in folder as a deployment does and
// returns its zip. The environment is the compiler's, not the packer's.
func zipOf(t *testing.T, folder, name string, environment ...string) []byte {
	t.Helper()
	compile, pack := shell(folder, environment...), shell(folder)
	r := &recorder{run: func(arguments resource.PropertyMap) error {
		if strings.HasPrefix(arguments["command"].StringValue(), "go build ") {
			return compile(arguments)
		}
		return pack(arguments)
	}}
	var failed error
	err := program(r, "test", nil, func(ctx *pulumi.Context) error {
		_, failed = stack.BuildHandlers(ctx, folder, stack.ARM64, name)
		return nil
	})
	if err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	content, err := os.ReadFile(filepath.Join(folder, "build", "arm64", name+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// One handler is enough: all are built by the same two commands.
func TestTwoFoldersWithColdCachesGiveTheSameZip(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the standard library twice")
	}
	t.Parallel()
	first := zipOf(t, checkout(t), "getorder", "GOCACHE="+t.TempDir())
	second := zipOf(t, checkout(t), "getorder", "GOCACHE="+t.TempDir())
	if !bytes.Equal(first, second) {
		t.Errorf("two builds of one source differ: %d and %d bytes", len(first), len(second))
	}
	reader, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	if err != nil {
		t.Fatal(err)
	}
	const unix = 3
	if n := len(reader.File); n != 1 {
		t.Fatalf("%d files in the zip, want bootstrap alone", n)
	}
	if file := reader.File[0]; file.Name != "bootstrap" || file.CreatorVersion>>8 != unix || !file.Mode().IsRegular() || file.Mode().Perm()&0o755 != 0o755 {
		t.Errorf("%s of host %d with mode %v: Lambda would not start it", file.Name, file.CreatorVersion>>8, file.Mode())
	}
}

// A function is updated when its own code changes, and only then.
func TestOnlyItsOwnCodeChangesAZip(t *testing.T) {
	t.Parallel()
	folder := checkout(t)
	before := zipOf(t, folder, "getorder")
	source := func(name string) string {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	for _, c := range []struct {
		situation, file, content string
		changes                  bool
	}{
		{"a document", "handlers/getorder/README.md", "# Reading orders\n", false},
		{"a test", "handlers/getorder/main_test.go", "package main\n", false},
		{"another handler", "handlers/placeorder/main.go", source("handlers/placeorder/main.go") + "\nfunc init() { println(1) }\n", false},
		{"the handler itself", "handlers/getorder/main.go", source("handlers/getorder/main.go") + "\nfunc init() { println(1) }\n", true},
	} {
		put(t, filepath.Join(folder, c.file), c.content)
		commit(t, folder)
		if changed := !bytes.Equal(before, zipOf(t, folder, "getorder")); changed != c.changes {
			t.Errorf("after a commit of %s the zip has changed: %v, want %v", c.situation, changed, c.changes)
		}
	}
}
