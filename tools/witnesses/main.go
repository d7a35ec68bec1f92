// Command witnesses runs a command beside the software that the desk's engines are held against: AWS's own DynamoDB Local,
// kinesis-mock, and ElasticMQ.
//
//	go run ./tools/witnesses go test ./local/conformance/...
//
// fetches them into build/witnesses (kinesis-mock through npm, the others through Maven), starts them on free ports of 127.0.0.1, runs
// the command with OUTBOX_DYNAMODB_WITNESS, OUTBOX_KINESIS_WITNESS and OUTBOX_SQS_WITNESS set to their URLs, and ends them with it.
// Without a command it prints the variables and stays until interrupted. It needs Java 17 with its compiler, Maven, and Node 20 with npm.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

func main() {
	folder := flag.String("folder", "build/witnesses", "`folder` that what is fetched is kept in")
	fetchOnly := flag.Bool("fetch", false, "only fetch")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, *folder, *fetchOnly, flag.Args())
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed) && failed.ExitCode() > 0:
		os.Exit(failed.ExitCode())
	case err != nil:
		fmt.Fprintln(os.Stderr, "witnesses:", err)
		os.Exit(1)
	}
}

// run fetches, starts, runs the command, and ends what was started.
func run(ctx context.Context, folder string, fetchOnly bool, command []string) error {
	software, err := fetch(ctx, folder)
	if err != nil || fetchOnly {
		return err
	}
	variables, end, err := software.startAll(ctx)
	if err != nil {
		return err
	}
	defer end()
	if len(command) == 0 {
		for _, variable := range variables {
			fmt.Println("export " + variable)
		}
		<-ctx.Done()
		return nil
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), variables...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	return cmd.Run()
}
