package mapping

import (
	"context"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/sqs"
)

// Invoker invokes the function of a mapping and waits for its answer. Implementations are safe for concurrent use.
type Invoker interface {
	// Invoke calls the function once. The event is valid only until Invoke returns. An error means that the function was not run, such
	// as a throttle; it does not count against MaximumRetryAttempts. A failure of the function itself is in the Response.
	Invoke(ctx context.Context, event []byte) (*Response, error)
}

// InvokerFunc is an [Invoker] made of a function.
type InvokerFunc func(ctx context.Context, event []byte) (*Response, error)

// Invoke calls f.
func (f InvokerFunc) Invoke(ctx context.Context, event []byte) (*Response, error) {
	return f(ctx, event)
}

// Response is what an invocation brought.
type Response struct {
	// RequestID is the request id of the invocation.
	RequestID string
	// Payload is the JSON that the function returned.
	Payload []byte
	// FunctionError is "" if the function returned, else "Unhandled".
	FunctionError string
}

// Queue sends messages. [*sqs.Engine] is one.
type Queue interface {
	// SendMessage sends one message. The QueueUrl of the request is the ARN of the queue.
	SendMessage(ctx context.Context, auth awsapi.Authorizer, in *sqs.SendMessageInput) (*sqs.SendMessageOutput, error)
}

var _ Queue = (*sqs.Engine)(nil)
