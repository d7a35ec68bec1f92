package sqs

import (
	"context"
	"strings"
	"sync"
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/iam"
)

// Engine holds queues in memory. It is safe for concurrent use.
type Engine struct {
	opts Options
	ops  awsapi.Operations

	// One lock guards everything: queues carry dead letters and tests here, and a message that moves to another queue is never in
	// neither.
	mu       sync.Mutex
	endpoint string
	queues   map[string]*queue
	created  uint64 // queues ever created
}

// New returns an engine without queues.
func New(opts *Options) *Engine {
	e := &Engine{ops: awsapi.Operations{}, queues: map[string]*queue{}}
	if opts != nil {
		e.opts = *opts
	}
	if e.opts.Account == "" {
		e.opts.Account = "000000000000"
	}
	if e.opts.Region == "" {
		e.opts.Region = "us-east-1"
	}
	if e.opts.Clock == nil {
		e.opts.Clock = time.Now
	}
	e.endpoint = e.opts.Endpoint
	if e.endpoint == "" {
		e.endpoint = "http://127.0.0.1:4566"
	}
	awsapi.Handle(e.ops, "ChangeMessageVisibility", e.changeMessageVisibility)
	awsapi.Handle(e.ops, "ChangeMessageVisibilityBatch", e.changeMessageVisibilityBatch)
	awsapi.Handle(e.ops, "CreateQueue", e.createQueue)
	awsapi.Handle(e.ops, "DeleteMessage", e.deleteMessage)
	awsapi.Handle(e.ops, "DeleteMessageBatch", e.deleteMessageBatch)
	awsapi.Handle(e.ops, "DeleteQueue", e.deleteQueue)
	awsapi.Handle(e.ops, "GetQueueAttributes", e.getQueueAttributes)
	awsapi.Handle(e.ops, "GetQueueUrl", e.getQueueUrl)
	awsapi.Handle(e.ops, "ListQueues", e.listQueues)
	awsapi.Handle(e.ops, "ListQueueTags", e.listQueueTags)
	awsapi.Handle(e.ops, "PurgeQueue", e.purgeQueue)
	awsapi.Handle(e.ops, "ReceiveMessage", e.receiveMessage)
	awsapi.Handle(e.ops, "SendMessage", e.SendMessage)
	awsapi.Handle(e.ops, "SendMessageBatch", e.sendMessageBatch)
	awsapi.Handle(e.ops, "SetQueueAttributes", e.setQueueAttributes)
	awsapi.Handle(e.ops, "TagQueue", e.tagQueue)
	awsapi.Handle(e.ops, "UntagQueue", e.untagQueue)
	return e
}

// SetEndpoint sets what queue URLs begin with, such as http://127.0.0.1:4566. Queues are found by any URL with their account and name.
func (e *Engine) SetEndpoint(endpoint string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.endpoint = strings.TrimSuffix(endpoint, "/")
}

// Call implements [awsapi.Service] for AmazonSQS.
func (e *Engine) Call(ctx context.Context, auth awsapi.Authorizer, operation string, request []byte) ([]byte, error) {
	return e.ops.Call(ctx, auth, operation, request)
}

// Stats returns how often each operation was called since the engine was made, refused calls included.
func (e *Engine) Stats() map[string]int64 { return e.ops.Stats() }

// url returns the URL of a queue; the lock must be held.
func (e *Engine) url(name string) string { return e.endpoint + "/" + e.opts.Account + "/" + name }

func (e *Engine) arn(name string) string {
	return "arn:aws:sqs:" + e.opts.Region + ":" + e.opts.Account + ":" + name
}

func (e *Engine) now() int64 { return e.opts.Clock().UnixMilli() }

// actions names the permission of operations that have none of their own name.
var actions = map[string]string{
	"SendMessageBatch":             "SendMessage",
	"DeleteMessageBatch":           "DeleteMessage",
	"ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}

func action(operation string) string {
	if name := actions[operation]; name != "" {
		operation = name
	}
	return "sqs:" + operation
}

// begin counts a call, checks the caller's permission and locks the engine. On success the caller unlocks it.
func (e *Engine) begin(auth awsapi.Authorizer, operation, queueURL string) (*queue, error) {
	e.ops.Count(operation)
	if queueURL == "" {
		return nil, missing("QueueUrl")
	}
	name, ok := e.queueName(queueURL)
	if !ok {
		return nil, noQueue()
	}
	if err := auth.Check(action(operation), e.arn(name)); err != nil {
		return nil, err
	}
	e.mu.Lock()
	q, err := e.find(operation, name)
	if err != nil {
		e.mu.Unlock()
		return nil, err
	}
	q.advance(e.now())
	return q, nil
}

// find looks a queue up and asks its policy.
func (e *Engine) find(operation, name string) (*queue, error) {
	q := e.queues[name]
	if q == nil {
		return nil, noQueue()
	}
	if q.policy != nil && q.policy.Evaluate(&iam.Request{Action: action(operation), Resource: q.arn, Context: secure}) == iam.ExplicitDeny {
		return nil, &awsapi.Error{Code: "AccessDeniedException", Status: 403, Message: "Access to the resource " + e.url(name) + " is denied."}
	}
	return q, nil
}

// secure is the context of every request: the desk's endpoint counts as TLS.
var secure = map[string][]string{"aws:SecureTransport": {"true"}}

// queueName takes the name out of a URL or an ARN of a queue of this account.
func (e *Engine) queueName(urlOrARN string) (string, bool) {
	if name, ok := strings.CutPrefix(urlOrARN, e.arn("")); ok {
		return name, name != ""
	}
	path, name := cutLast(urlOrARN, '/')
	_, account := cutLast(path, '/')
	return name, name != "" && account == e.opts.Account
}

func cutLast(s string, separator byte) (before, after string) {
	i := strings.LastIndexByte(s, separator)
	if i < 0 {
		return "", s
	}
	return s[:i], s[i+1:]
}
