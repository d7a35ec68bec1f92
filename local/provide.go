package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"transactional-outbox/local/cloud"
	"transactional-outbox/local/provider"
	"transactional-outbox/local/view"
)

// provide serves an empty cloud to the genuine Pulumi engine until ctx is done: `go run ./local provider`.
func provide(ctx context.Context, args []string, stdout io.Writer) error {
	set := flag.NewFlagSet("local provider", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	region := set.String("region", "eu-west-1", "`region` of the desk; it must be the aws:region of the stages that use it")
	listen := set.String("listen", "127.0.0.1:8080", "`address` of the first HTTP API; further ones get any free port")
	awsListen := set.String("aws-listen", "127.0.0.1:4566", "`address` of the endpoint for the AWS CLI and SDKs; port 0 means any free port")
	port := set.Int("port", 0, "`port` of the provider on 127.0.0.1; 0 means any free one")
	ready := set.String("ready", "", "`file` that gets the variable that attaches the Pulumi CLI, NAME=VALUE, when the desk is ready")
	verbose := set.Bool("v", false, "show every line of every log")
	switch err := set.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(stdout, "Usage: go run ./local provider [flags]\n\nServes the local cloud to the Pulumi CLI. Flags, with their defaults:\n\n")
		set.SetOutput(stdout)
		set.PrintDefaults()
		return errHelp
	case err != nil:
		return &usageError{err.Error() + "; go run ./local provider -h shows every flag"}
	case set.NArg() > 0:
		return &usageError{fmt.Sprintf("unexpected argument %q; go run ./local provider -h shows every flag", set.Arg(0))}
	}

	root, err := findRoot()
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "transactional-outbox-")
	if err != nil {
		return fmt.Errorf("folder for unpacked code: %w", err)
	}
	defer os.RemoveAll(folder)
	v := view.New(stdout, view.Options{Color: isTerminal(stdout), Verbose: *verbose})
	desk, err := cloud.New(cloud.Options{
		Region: *region, Root: root, Folder: folder, APIListen: *listen, AWSListen: *awsListen,
		Log: v.Log, OnStreamRecord: v.Streamed, Logger: slog.New(v.Handler()),
	})
	if err != nil {
		return explain(err, flags{awsListen: *awsListen})
	}
	server, err := provider.Serve(desk, *port)
	if err != nil {
		return errors.Join(err, desk.Close())
	}
	fmt.Fprintf(stdout, "The desk waits for the Pulumi CLI. In another terminal:\n\n  export %s\n\nAWS endpoint: %s\n\n", server.Environment(), desk.Endpoint())
	if *ready != "" {
		if err := os.WriteFile(*ready, []byte(server.Environment()+"\n"), 0o644); err != nil {
			return errors.Join(err, server.Close(ctx), desk.Close())
		}
	}
	<-ctx.Done()
	fmt.Fprintln(stdout, "\nStopping.")
	closing, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(server.Close(closing), desk.Close())
}
