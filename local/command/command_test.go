package command_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"transactional-outbox/local/command"
)

func TestRunReturnsWhatTheCommandPrints(t *testing.T) {
	result, err := command.Run(t.Context(), command.Args{Command: "cat; echo problem >&2", Stdin: "hello\n"})
	if err != nil {
		t.Fatal(err)
	}
	if result.Stdout != "hello" || result.Stderr != "problem" {
		t.Errorf("got %+v, want stdout hello and stderr problem", result)
	}
}

func TestRunBuildsForTheHost(t *testing.T) {
	result, err := command.Run(t.Context(), command.Args{
		Command:     "echo $GOOS $GOARCH $CGO_ENABLED",
		Environment: map[string]string{"GOOS": "plan9", "GOARCH": "mips", "CGO_ENABLED": "0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := runtime.GOOS + " " + runtime.GOARCH + " 0"; result.Stdout != want {
		t.Errorf("got %q, want %q", result.Stdout, want)
	}
}

func TestRunUsesDirAndInterpreter(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "note"), []byte("here"), 0o644); err != nil {
		t.Fatal(err)
	}
	result, err := command.Run(t.Context(), command.Args{Command: "note", Dir: dir, Interpreter: []string{"cat"}})
	if err != nil {
		t.Fatal(err)
	}
	if result.Stdout != "here" {
		t.Errorf("got %q, want the content of note", result.Stdout)
	}
}

func TestRunSaysWhyACommandFailed(t *testing.T) {
	for name, c := range map[string]struct {
		args command.Args
		want []string
	}{
		"exit status":            {command.Args{Command: "echo ./main.go:3: undefined >&2; exit 2"}, []string{"exit status 2", "./main.go:3: undefined"}},
		"interpreter is missing": {command.Args{Command: "x", Interpreter: []string{"no-such-interpreter"}}, []string{"no-such-interpreter is not installed"}},
		"folder is missing":      {command.Args{Command: "true", Dir: "/no/such/folder"}, []string{"/no/such/folder"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := command.Run(t.Context(), c.args)
			var failure *command.Error
			if !errors.As(err, &failure) {
				t.Fatalf("got %v, want a *command.Error", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := command.Run(ctx, command.Args{Command: "sleep 60"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestPackagingIsNotRepeatedForTheSameBinary(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// A stand-in for the go command: it packages by copying, and counts how often it does.
	write("go", "#!/bin/sh\necho run >> runs\ncp \"$5\" \"$4\"\n")
	write("bootstrap", "version 1")
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	args := command.Args{Command: "go tool build-lambda-zip -o code.zip bootstrap", Dir: dir}
	runs := func() int {
		t.Helper()
		if _, err := command.Run(t.Context(), args); err != nil {
			t.Fatal(err)
		}
		counted, err := os.ReadFile(filepath.Join(dir, "runs"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(counted), "run")
	}
	for _, step := range []struct {
		name   string
		change func()
		want   int
	}{
		{"first", func() {}, 1},
		{"nothing changed", func() {}, 1},
		{"another binary", func() { write("bootstrap", "version 2") }, 2},
		{"nothing changed again", func() {}, 2},
		{"zip damaged", func() { write("code.zip", "garbage") }, 3},
		{"zip gone", func() { os.Remove(filepath.Join(dir, "code.zip")) }, 4},
	} {
		step.change()
		if got := runs(); got != step.want {
			t.Errorf("%s: packaged %d times, want %d", step.name, got, step.want)
		}
	}
}

func TestPackagingInSeveralProcessesNeverShowsAHalfWrittenZip(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// It writes in two steps with a pause in between, as long as it takes another to look.
	write("go", "#!/bin/sh\nprintf half > \"$4\"\ncat \"$5\" > /dev/null\nprintf whole > \"$4\"\n")
	write("bootstrap", strings.Repeat("x", 1<<20))
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	args := command.Args{Command: "go tool build-lambda-zip -o out/code.zip bootstrap", Dir: dir}
	var packers sync.WaitGroup
	for range 8 {
		packers.Go(func() {
			if _, err := command.Run(t.Context(), args); err != nil {
				t.Error(err)
				return
			}
			zip, err := os.ReadFile(filepath.Join(dir, "out", "code.zip"))
			if err != nil || string(zip) != "whole" {
				t.Errorf("zip %q, error %v; want it whole", zip, err)
			}
		})
	}
	packers.Wait()
	left, err := filepath.Glob(filepath.Join(dir, "out", ".packaging-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, error %v", left, err)
	}
}

func TestATagIsAddedToABuildOnly(t *testing.T) {
	for given, want := range map[string]string{
		`go build -ldflags="-s" -tags lambda.norpc -o a ./a`: `go build -ldflags="-s" -tags profile,lambda.norpc -o a ./a`,
		"go tool build-lambda-zip -o a.zip a":                "go tool build-lambda-zip -o a.zip a",
		"echo -tags a":                                       "echo -tags a",
	} {
		if got := command.Tagged(command.Args{Command: given}, "profile").Command; got != want {
			t.Errorf("%s became %s, want %s", given, got, want)
		}
	}
}
