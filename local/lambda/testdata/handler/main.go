// Command handler is the function that the tests of package lambda run: its event tells it what to do.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do    string `json:"do"`
	Text  string `json:"text,omitempty"`
	Bytes int    `json:"bytes,omitempty"`
	File  string `json:"file,omitempty"`
}

// seen is what the function finds around it.
type seen struct {
	Environment []string  `json:"environment"`
	Directory   string    `json:"directory"`
	RequestID   string    `json:"requestId"`
	ARN         string    `json:"arn"`
	Trace       string    `json:"trace"`
	TraceEnv    string    `json:"traceEnv"`
	Deadline    time.Time `json:"deadline"`
	ClientID    string    `json:"clientId"`
	PID         int       `json:"pid"`
}

func main() {
	switch os.Getenv("INIT") {
	case "exit":
		fmt.Fprintln(os.Stderr, "cannot start")
		os.Exit(3)
	case "hang":
		time.Sleep(time.Hour)
	case "error":
		reportInitError()
		os.Exit(1)
	case "hasty":
		answerUnread()
	}
	lambda.Start(handle)
}

func handle(ctx context.Context, raw json.RawMessage) (any, error) {
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, err
	}
	switch e.Do {
	case "echo":
		return raw, nil
	case "version":
		return os.Getenv("VERSION"), nil
	case "error":
		return nil, errors.New(e.Text)
	case "panic":
		panic(e.Text)
	case "exit":
		os.Exit(7)
	case "leave":
		os.Exit(0)
	case "hang":
		select {}
	case "wait": // until the file exists
		signalStart(e.File)
		for {
			if _, err := os.Stat(e.File); err == nil {
				return os.Getenv("VERSION"), nil
			}
			time.Sleep(time.Millisecond)
		}
	case "big":
		return strings.Repeat("x", e.Bytes-2), nil // and two quotes
	case "log":
		fmt.Println(e.Text)
		fmt.Fprintln(os.Stderr, e.Text)
		return nil, nil
	case "child":
		cmd := exec.Command("/bin/sleep", "1000")
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		return cmd.Process.Pid, nil
	case "raw":
		return exchange(ctx, e.Text)
	case "look":
		return look(ctx), nil
	}
	return nil, fmt.Errorf("cannot do %q", e.Do)
}

func signalStart(file string) {
	if err := os.WriteFile(fmt.Sprintf("%s.%d", file, os.Getpid()), nil, 0o600); err != nil {
		panic(err)
	}
}

func look(ctx context.Context) seen {
	s := seen{Environment: os.Environ(), PID: os.Getpid(), TraceEnv: os.Getenv("_X_AMZN_TRACE_ID")}
	s.Directory, _ = os.Getwd()
	lc, _ := lambdacontext.FromContext(ctx)
	s.RequestID, s.ARN, s.ClientID = lc.AwsRequestID, lc.InvokedFunctionArn, lc.ClientContext.Client.InstallationID
	s.Trace, _ = ctx.Value("x-amzn-trace-id").(string)
	s.Deadline, _ = ctx.Deadline()
	return s
}
