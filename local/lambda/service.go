// Package lambda runs functions as Lambda does: real `bootstrap` programs behind the Lambda Runtime API.
//
// Start one with [New], describe functions with [Service.Create], call them with [Service.Invoke], and end everything with
// [Service.Close]:
//
//	service := lambda.New(nil)
//	defer service.Close()
//	err := service.Create(lambda.Function{Name: "hello", ARN: arn, Executable: "/path/to/bootstrap"})
//	result, err := service.Invoke(ctx, "hello", []byte(`{}`), nil)
//
// Each process serves one invocation at a time and talks to a Runtime API of its own on 127.0.0.1. A function gets as many processes
// as its invocations need, up to [Function.Concurrency]; what exceeds that waits its turn. Idle processes are used again, the most
// recently used first, and ended after a while. A process sees Lambda's environment variables, the function's own and nothing else.
//
// Not covered: Lambda's own HTTP API, versions and aliases, asynchronous invocation, response streaming, extensions, layers, and the
// second attempt Lambda makes when a process does not initialise: here the invocation that waits is answered with the error at once.
// Memory and CPU limits are not enforced.
package lambda

import (
	"context"
	"errors"
	"time"
)

// MaxPayload is the size limit of requests and responses in bytes (6 MB; Lambda allows responses 100 bytes more).
const (
	MaxPayload  = 6 << 20
	maxResponse = MaxPayload + 100
)

// ErrClosed is returned for invocations that a closing Service did not finish.
var ErrClosed = errors.New("lambda: service closed")

// Options configures [New]. A nil *Options and every zero field work.
type Options struct {
	// Region is the AWS region that functions are told. "" means us-east-1.
	Region string
	// IdleTimeout is how long a process may be idle before it is ended. 0 means five minutes.
	IdleTimeout time.Duration
	// InitTimeout is how long a process may take to ask for its first invocation. 0 means ten seconds, as on Lambda.
	InitTimeout time.Duration
	// MaxWaiting limits the invocations that wait for a process, for each function; one more is throttled. 0 means 1,000, the usual
	// limit of an AWS account's concurrency.
	MaxWaiting int
	// Clock is the current time as functions see it in deadlines and logs. Nil means time.Now. Timeouts always run in real time.
	Clock func() time.Time
	// RequestID returns a new request id. Nil means random UUIDs.
	RequestID func() string
	// Fault, if set, is asked about every invocation when a process takes it, and tells what shall go wrong. It is the seam for fault
	// injection.
	Fault func(function, requestID string) Fault
}

// Moment is a point in the course of an invocation.
type Moment int

// The moments at which a [Fault] can kill the process.
const (
	// Never: nothing goes wrong.
	Never Moment = iota
	// Before: the process is killed before it sees the invocation.
	Before
	// During: the process is killed while it works on the invocation.
	During
	// After: the process is killed when it has done its work and answered; the answer is lost.
	After
)

// Fault tells how an invocation's process is killed. The invocation then fails as if the process had crashed.
type Fault struct {
	Kill Moment
	// Delay is how long after its start an invocation is killed; used with During. An invocation that is faster survives.
	Delay time.Duration
}

// InvokeOptions are the optional parts of an invocation.
type InvokeOptions struct {
	// TraceID is the X-Ray header (Root=…;Parent=…;Sampled=…) handed on. "" means a new, sampled trace.
	TraceID string
	// ClientContext is the client context as JSON. "" means none.
	ClientContext string
}

// Result is the outcome of an invocation that reached the function.
type Result struct {
	// Payload is what the function returned, or Lambda's description of the error. It belongs to the caller.
	Payload []byte
	// FunctionError is "" or "Unhandled". When it is set, Payload is a JSON object with errorType and errorMessage.
	FunctionError string
	// RequestID identifies the invocation.
	RequestID string
	// Duration is the time from handing the request to the process until it was done.
	Duration time.Duration
	// InitDuration is how long the process took to start, if this was its first invocation, and 0 otherwise.
	InitDuration time.Duration
	// MaxMemoryMB is the most memory the process has been seen using, 0 if not known.
	MaxMemoryMB int
}

// Stats counts what a function is doing and has done. Throttled invocations are not among the invocations.
type Stats struct {
	Starting, Idle, Running, Waiting               int
	Invocations, Errors, Throttles, Starts, Killed int64
}

var _ = context.Background
