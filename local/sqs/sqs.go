// Package sqs is Amazon SQS in memory: standard queues over the JSON protocol.
//
// Start one with [New] and serve it through awsapi under AmazonSQS. Queues begin empty and are gone with the engine; nothing runs in
// the background: visibility timeouts, delays and retention are worked out from the clock when a queue is used.
//
// A message is delivered at least once; within its visibility timeout it is not delivered again. Messages come in roughly the order
// they were sent.
//
// Queue policies are enforced beside the caller's own. The desk's endpoint on 127.0.0.1 counts as secure transport
// (aws:SecureTransport is true), so a policy that denies everything without TLS denies nothing here.
//
// Differences from AWS: attributes and purges take effect at once, counts are exact, encryption is recorded and not done. FIFO queues,
// permissions by AddPermission and message move tasks are refused by name.
package sqs

import (
	"context"
	"time"

	"transactional-outbox/local/awsapi"
)

var _ awsapi.Service = (*Engine)(nil)

// Options configures [New]. A nil *Options and every zero field work.
type Options struct {
	// Account is the account id in ARNs and URLs. "" means 000000000000.
	Account string
	// Region is the region in ARNs. "" means us-east-1.
	Region string
	// Endpoint is what queue URLs begin with. "" means http://127.0.0.1:4566. [Engine.SetEndpoint] changes it, for a server that
	// learns its port late.
	Endpoint string
	// Clock tells the time. Nil means time.Now.
	Clock func() time.Time
}

// Engine holds queues in memory. It is safe for concurrent use.
type Engine struct{ opts Options }

// New returns an engine without queues.
func New(opts *Options) *Engine { return &Engine{} }

// SetEndpoint sets what queue URLs begin with, such as http://127.0.0.1:4566. Queues are found by any URL with their account and name.
func (e *Engine) SetEndpoint(endpoint string) {}

// Call implements [awsapi.Service] for AmazonSQS.
func (e *Engine) Call(ctx context.Context, auth awsapi.Authorizer, operation string, request []byte) ([]byte, error) {
	return nil, awsapi.UnknownOperation(operation)
}

// SendMessage sends one message; it is what event source mappings deliver dead letters with.
func (e *Engine) SendMessage(ctx context.Context, auth awsapi.Authorizer, in *SendMessageInput) (*SendMessageOutput, error) {
	return nil, awsapi.UnknownOperation("SendMessage")
}

// Stats returns how often each operation was called since the engine was made, refused calls included.
func (e *Engine) Stats() map[string]int64 { return nil }
