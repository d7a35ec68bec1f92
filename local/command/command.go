// Package command is the desk's counterpart of pulumi-command's local.Run: it runs a command of the Pulumi
// program on this machine and returns what it printed.
//
// Three things differ from the provider, and only these. A cross compilation (GOOS and GOARCH in the command's
// environment) becomes a build for the host, because the desk runs the very binaries it builds. And packaging
// a binary that has not changed since it was last packaged is not repeated, because a desk should be up in a
// second. And a build can be given another tag.
package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// Args are the inputs of command:local:run that the desk supports.
type Args struct {
	// Command is the command line, given to the interpreter as its last argument.
	Command string `json:"command"`
	// Dir is the working directory; empty means the desk's own.
	Dir string `json:"dir"`
	// Environment is added to the environment of the desk.
	Environment map[string]string `json:"environment"`
	// Interpreter runs the command; empty means the shell of the platform, as in pulumi-command.
	Interpreter []string `json:"interpreter"`
	// Stdin is given to the command as its standard input.
	Stdin string `json:"stdin"`
	// Logging says which output pulumi-command would log; the desk logs none, whatever it says.
	Logging string `json:"logging"`
	// AddPreviousOutputInEnv has no meaning for a function that keeps no state; pulumi-command's SDK always sends it.
	AddPreviousOutputInEnv bool `json:"addPreviousOutputInEnv"`
}

// Result is what a command printed.
type Result struct {
	Stdout, Stderr string
}

// Error says that a command failed, and what it printed. Its text is made for the person who runs the desk.
type Error struct {
	Command string
	Output  string
	Err     error
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s: %v", e.Command, e.Err)
	if e.Output != "" {
		text += "\n" + e.Output
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// Tagged returns args with one more build tag, if they are a build with tags.
func Tagged(args Args, tag string) Args {
	if build, tags, ok := strings.Cut(args.Command, " -tags "); ok && strings.HasPrefix(build, "go build ") {
		args.Command = build + " -tags " + tag + "," + tags
	}
	return args
}

// Run runs the command and waits for it. A command that cannot start or fails is an *Error.
func Run(ctx context.Context, args Args) (*Result, error) {
	if packaging, ok := packagingOf(args); ok {
		return packaging.run(ctx, args)
	}
	return run(ctx, args)
}

// run runs any command through its interpreter.
func run(ctx context.Context, args Args) (*Result, error) {
	if len(args.Interpreter) == 0 {
		args.Interpreter = shell()
	}
	return runWords(ctx, args, append(args.Interpreter[1:len(args.Interpreter):len(args.Interpreter)], args.Command)...)
}

// runWords runs the first word of the interpreter with words as its arguments.
func runWords(ctx context.Context, args Args, words ...string) (*Result, error) {
	program := args.Interpreter[0]
	cmd := exec.CommandContext(ctx, program, words...)
	cmd.Dir = args.Dir
	cmd.Env = append(os.Environ(), hostEnvironment(args.Environment)...)
	cmd.Stdin = strings.NewReader(args.Stdin)
	cmd.WaitDelay = 5 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		} else if errors.Is(err, exec.ErrNotFound) {
			err = fmt.Errorf("%s is not installed or not on PATH", program)
		}
		output := strings.TrimSpace(stdout.String() + stderr.String())
		return nil, &Error{Command: args.Command, Output: output, Err: err}
	}
	return &Result{
		Stdout: strings.TrimSuffix(stdout.String(), "\n"),
		Stderr: strings.TrimSuffix(stderr.String(), "\n"),
	}, nil
}

func shell() []string {
	if runtime.GOOS == "windows" {
		return []string{"cmd", "/C"}
	}
	return []string{"/bin/sh", "-c"}
}

// hostEnvironment turns a cross compilation into a build for the host.
func hostEnvironment(environment map[string]string) []string {
	var list []string
	for name, value := range environment {
		switch name {
		case "GOOS":
			value = runtime.GOOS
		case "GOARCH":
			value = runtime.GOARCH
		}
		list = append(list, name+"="+value)
	}
	return list
}
