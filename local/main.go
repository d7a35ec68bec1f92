// Command local runs the Pulumi program of this project on one machine: the same tables, stream, functions and
// API, on engines inside this process. Nothing needs to be installed but Go, and nothing leaves 127.0.0.1.
//
//	go run ./local
//
// It prints the stage's outputs when an order would succeed, and from then on what happens to each order. The
// data is in memory and gone when it stops. With -orders it places orders by itself, proves that none was lost,
// doubled or reordered, and ends.
//
//	go run ./local provider
//
// serves the same cloud to the genuine Pulumi CLI instead; see package provider.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

func main() {
	// Collecting garbage takes a third of the desk's time at Go's usual pace, and memory is what a desk has plenty of.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(exitCode(run(ctx, os.Args[1:], os.Stdout), os.Stderr))
}

// exitCode reports an error to the person who started the desk: 0 for none, 1 for a failure, 2 for wrong usage.
func exitCode(err error, stderr *os.File) int {
	var usage *usageError
	switch {
	case err == nil, errors.Is(err, errHelp):
		return 0
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, usage.text)
		return 2
	default:
		fmt.Fprintf(stderr, "local: %v\n", err)
		return 1
	}
}
