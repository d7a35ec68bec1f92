// Command ops is what an operator of the outbox works with.
//
//	go run ./ops doctor -stage prod
//
// finds out whether all is well and says what to do if not; the other commands do it. Every command has -h. All of them work against
// a deployed stage (-stage) or the desk (-outputs), and all that write anything have -dry-run.
//
// Recovery is one mechanism: an event is sent again by touching it in the outbox, so that it takes the very road it took at first. A
// consumer that has had it drops it. So every command may be interrupted and repeated at any time.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// Exit codes of every command.
const (
	exitDone    = 0 // nothing is left to do
	exitLeft    = 1 // something is left to do, and was named
	exitFailure = 2 // the command could not do its work, or was used wrongly
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := exec(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// exec runs the program and returns its exit code. Nothing is read from in: every question is a flag.
func exec(ctx context.Context, args []string, _ io.Reader, out, errs io.Writer) int {
	p := &program{now: time.Now, getenv: os.Getenv, out: out, errs: errs}
	return p.exec(ctx, args)
}

// A program is one run of the command line.
type program struct {
	now       func() time.Time
	getenv    func(string) string
	out, errs io.Writer
}

func commands() []*command {
	return []*command{redriveCommand(), replayCommand(), reconcileCommand(), parkedCommand(), unparkCommand(), traceCommand(), doctorCommand()}
}

func (p *program) exec(ctx context.Context, args []string) int {
	err := p.dispatch(ctx, args)
	var usage *usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitDone
	case errors.Is(err, errLeft):
		return exitLeft
	case errors.As(err, &usage):
		fmt.Fprintln(p.errs, usage.text)
	case ctx.Err() != nil:
		fmt.Fprintln(p.errs, "ops: interrupted: run the same command again to go on")
	default:
		fmt.Fprintf(p.errs, "ops: %v\n", err)
	}
	return exitFailure
}

func (p *program) dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return &usageError{usage()}
	}
	name := args[0]
	if name == "-h" || name == "-help" || name == "--help" || name == "help" {
		fmt.Fprintln(p.out, usage())
		return nil
	}
	for _, c := range commands() {
		if c.name == name {
			return p.run(ctx, c, args[1:])
		}
	}
	return &usageError{fmt.Sprintf("ops: there is no command %q\n\n%s", name, usage())}
}

func usage() string {
	var b strings.Builder
	b.WriteString("Usage: go run ./ops <command> (-stage NAME | -outputs FILE) [flags]\n\nCommands:\n\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-10s %s\n", c.name, c.summary)
	}
	b.WriteString("\ngo run ./ops <command> -h shows what a command does, and its flags.")
	return b.String()
}
