package sqs

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"transactional-outbox/local/awsapi"
)

// maxInFlight is how many received messages a standard queue keeps.
const maxInFlight = 120000

func (e *Engine) receiveMessage(ctx context.Context, auth awsapi.Authorizer, in *receiveMessageInput) (*receiveMessageOutput, error) {
	q, err := e.begin(auth, "ReceiveMessage", in.QueueUrl)
	if err != nil {
		return nil, err
	}
	defer e.mu.Unlock()
	count, visibility, wait, err := in.limits(q)
	if err != nil {
		return nil, err
	}
	if q.inFlight() >= maxInFlight {
		return nil, &awsapi.Error{Code: "OverLimit", Status: 403, Message: "Too many messages in flight."}
	}

	deadline := time.NewTimer(time.Duration(wait) * time.Second)
	defer deadline.Stop()
	for expired := wait == 0; ; {
		now := e.now()
		q.advance(now)
		out := &receiveMessageOutput{}
		for len(out.Messages) < count && q.ready.Len() > 0 {
			m := q.ready.Front().Value.(*message)
			if e.bury(q, m, now) {
				continue
			}
			m.receives++
			if m.first == 0 {
				m.first = now
			}
			m.receipt = q.receiptFor(m)
			q.hide(m, now+visibility*1000)
			out.Messages = append(out.Messages, in.show(m))
		}
		if len(out.Messages) > 0 || expired {
			return out, nil
		}
		expired = e.await(ctx, q, deadline.C, now)
		if q.deleted {
			return nil, noQueue()
		}
		if ctx.Err() != nil {
			// Nobody waits for the answer any more: a message taken now would be hidden for nothing.
			return &receiveMessageOutput{}, nil
		}
	}
}

// await gives the lock up until the queue may have a message, or the time is over: then it returns true.
func (e *Engine) await(ctx context.Context, q *queue, deadline <-chan time.Time, now int64) (over bool) {
	if q.changed == nil {
		q.changed = make(chan struct{})
	}
	changed := q.changed
	var visible <-chan time.Time
	if len(q.waiting.list) > 0 {
		timer := time.NewTimer(time.Duration(q.waiting.list[0].visible-now) * time.Millisecond)
		defer timer.Stop()
		visible = timer.C
	}
	e.mu.Unlock()
	defer e.mu.Lock()
	select {
	case <-changed:
	case <-visible:
	case <-deadline:
		return true
	case <-ctx.Done():
	}
	return false
}

// bury moves a message that was received too often to the dead-letter queue.
func (e *Engine) bury(q *queue, m *message, now int64) bool {
	if q.redrive == nil || m.receives < q.redrive.max {
		return false
	}
	target := e.queues[q.redrive.target]
	if target == nil {
		// As on AWS: without its dead-letter queue the source keeps delivering.
		return false
	}
	q.remove(m)
	m.source, m.receipt = q.arn, ""
	target.add(m, now, now)
	return true
}

// limits returns the parameters, with the queue's own in place of those that are absent.
func (in *receiveMessageInput) limits(q *queue) (count int, visibility, wait int64, err error) {
	count, visibility, wait = 1, q.visibility, q.wait
	if in.MaxNumberOfMessages != nil {
		if count = *in.MaxNumberOfMessages; count < 1 || count > 10 {
			return 0, 0, 0, invalidParameter("Value %d for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", count)
		}
	}
	if in.VisibilityTimeout != nil {
		visibility = int64(*in.VisibilityTimeout)
		if err := checkVisibility(visibility); err != nil {
			return 0, 0, 0, err
		}
	}
	if in.WaitTimeSeconds != nil {
		if wait = int64(*in.WaitTimeSeconds); wait < 0 || wait > 20 {
			return 0, 0, 0, invalidParameter("Value %d for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.", wait)
		}
	}
	for _, name := range slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames) {
		if !slices.Contains(systemAttributes, name) {
			return 0, 0, 0, unknownAttribute(name)
		}
	}
	return count, visibility, wait, nil
}

// systemAttributes are the names that may be asked for. Those of FIFO queues are accepted and never there.
var systemAttributes = []string{
	"All", "ApproximateFirstReceiveTimestamp", "ApproximateReceiveCount", "AWSTraceHeader", "DeadLetterQueueSourceArn",
	"MessageDeduplicationId", "MessageGroupId", "SenderId", "SentTimestamp", "SequenceNumber",
}

// show returns a message with the attributes that were asked for.
func (in *receiveMessageInput) show(m *message) receivedMessage {
	shown := receivedMessage{MessageId: m.id, ReceiptHandle: m.receipt, MD5OfBody: m.bodyMD5, Body: m.body}
	wanted := slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames)
	for name, value := range map[string]string{
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.first, 10),
		"ApproximateReceiveCount":          strconv.Itoa(m.receives),
		"AWSTraceHeader":                   m.trace,
		"DeadLetterQueueSourceArn":         m.source,
		"SenderId":                         m.sender,
		"SentTimestamp":                    strconv.FormatInt(m.sent, 10),
	} {
		if value != "" && (slices.Contains(wanted, "All") || slices.Contains(wanted, name)) {
			if shown.Attributes == nil {
				shown.Attributes = map[string]string{}
			}
			shown.Attributes[name] = value
		}
	}
	for name, a := range m.attrs {
		if slices.ContainsFunc(in.MessageAttributeNames, func(wanted string) bool { return attributeWanted(wanted, name) }) {
			if shown.MessageAttributes == nil {
				shown.MessageAttributes = map[string]MessageAttribute{}
			}
			shown.MessageAttributes[name] = a
		}
	}
	shown.MD5OfMessageAttributes = attributesMD5(shown.MessageAttributes)
	return shown
}

// attributeWanted matches All, .*, prefix.* and plain names.
func attributeWanted(wanted, name string) bool {
	if prefix, ok := strings.CutSuffix(wanted, ".*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return wanted == "All" || wanted == name
}
