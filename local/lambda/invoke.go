package lambda

import (
	"container/list"
	"context"
	"fmt"
	"strings"
	"time"

	"transactional-outbox/local/awsapi"
)

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

// invocation is one request on its way to a process. Its pool's mutex guards what changes.
type invocation struct {
	id, trace, clientContext string
	payload                  []byte

	place     *list.Element // in the queue, while it waits
	start     time.Time     // when a process took it
	delivered bool          // the process has the payload, which is not used from then on
	notify    chan struct{} // if somebody waits for it: closed on delivery
	done      chan outcome  // receives once

	crashAfter bool // a fault: used by the connection only
}

// outcome ends an invocation.
type outcome struct {
	result *Result
	err    error
}

// Invoke runs a function, named by its name or ARN, and waits for the outcome. The owner calls: permissions are not asked.
//
// Errors are *awsapi.Error as of Lambda's Invoke: ResourceNotFoundException, TooManyRequestsException, RequestTooLargeException; the
// error of ctx, in which case a running invocation goes on without a receiver; or [ErrClosed]. What goes wrong in the function is a
// Result with FunctionError. The payload is not used after Invoke returns; an empty one is the same as {}.
func (s *Service) Invoke(ctx context.Context, name string, payload []byte, opts *InvokeOptions) (*Result, error) {
	p, err := s.pool(name)
	if err != nil {
		return nil, err
	}
	return p.invoke(ctx, payload, opts)
}

// InvokeAs is [Service.Invoke] for an AWS service as the caller: without a matching [Permission] it returns AccessDeniedException.
func (s *Service) InvokeAs(ctx context.Context, principal, sourceARN, function string, payload []byte, opts *InvokeOptions) (*Result, error) {
	p, err := s.pool(function)
	if err != nil {
		return nil, err
	}
	if err := p.permit(principal, sourceARN); err != nil {
		return nil, err
	}
	return p.invoke(ctx, payload, opts)
}

func (p *pool) invoke(ctx context.Context, payload []byte, opts *InvokeOptions) (*Result, error) {
	if len(payload) > MaxPayload {
		return nil, &awsapi.Error{Code: "RequestTooLargeException", Status: 413, Message: fmt.Sprintf(
			"%d byte payload is too large for the RequestResponse invocation type (limit %d bytes)", len(payload), MaxPayload)}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	inv := &invocation{id: p.service.opts.RequestID(), payload: payload, done: make(chan outcome, 1)}
	if opts != nil {
		if strings.ContainsAny(opts.TraceID, "\r\n") || strings.ContainsAny(opts.ClientContext, "\r\n") {
			return nil, invalid("InvokeOptions: TraceID and ClientContext are HTTP headers and cannot have more than one line")
		}
		inv.trace, inv.clientContext = opts.TraceID, opts.ClientContext
	}
	if inv.trace == "" {
		inv.trace = p.service.random.trace(p.service.opts.Clock())
	}
	if err := p.accept(inv); err != nil {
		return nil, err
	}
	select {
	case out := <-inv.done:
		return out.result, out.err
	case <-ctx.Done():
		p.abandon(inv)
		return nil, ctx.Err()
	}
}
