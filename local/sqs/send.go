package sqs

import (
	"context"
	"crypto/rand"
	"fmt"

	"transactional-outbox/local/awsapi"
)

// SendMessage sends one message; it is what event source mappings deliver dead letters with.
func (e *Engine) SendMessage(_ context.Context, auth awsapi.Authorizer, in *SendMessageInput) (*SendMessageOutput, error) {
	q, err := e.begin(auth, "SendMessage", in.QueueUrl)
	if err != nil {
		return nil, err
	}
	defer e.mu.Unlock()
	return e.send(q, in)
}

// send checks a message and puts it into a queue; the lock is held.
func (e *Engine) send(q *queue, in *SendMessageInput) (*SendMessageOutput, error) {
	if err := checkBody(in.MessageBody); err != nil {
		return nil, err
	}
	size, err := checkAttributes(in.MessageAttributes)
	if err != nil {
		return nil, err
	}
	if size += len(in.MessageBody); int64(size) > q.maxBytes {
		return nil, invalidParameter("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.maxBytes)
	}
	trace, err := traceHeader(in.MessageSystemAttributes)
	if err != nil {
		return nil, err
	}
	delay := q.delay
	if in.DelaySeconds != nil {
		if delay = int64(*in.DelaySeconds); delay < 0 || delay > 900 {
			return nil, invalidParameter("Value %d for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.", delay)
		}
	}
	now := e.now()
	m := &message{
		id: newUUID(), body: in.MessageBody, bodyMD5: md5Hex(in.MessageBody), attrs: in.MessageAttributes, trace: trace, sender: e.opts.Account, sent: now,
	}
	q.add(m, now+delay*1000, now)
	return &SendMessageOutput{
		MessageId: m.id, MD5OfMessageBody: m.bodyMD5,
		MD5OfMessageAttributes: attributesMD5(in.MessageAttributes), MD5OfMessageSystemAttributes: attributesMD5(in.MessageSystemAttributes),
	}, nil
}

// traceHeader takes AWSTraceHeader out of the system attributes; there is no other that may be sent.
func traceHeader(attrs map[string]MessageAttribute) (string, error) {
	for name, a := range attrs {
		if name != "AWSTraceHeader" {
			return "", invalidParameter("Message system attribute name '%s' is invalid.", name)
		}
		if a.DataType != "String" || a.StringValue == nil {
			return "", invalidParameter("The message system attribute 'AWSTraceHeader' must be a string.")
		}
		return *a.StringValue, nil
	}
	return "", nil
}

func (e *Engine) sendMessageBatch(_ context.Context, auth awsapi.Authorizer, in *batchInput[sendEntry]) (*batchOutput[sendResult], error) {
	q, err := e.begin(auth, "SendMessageBatch", in.QueueUrl)
	if err != nil {
		return nil, err
	}
	defer e.mu.Unlock()
	size := 0
	for i := range in.Entries {
		attributes, err := checkAttributes(in.Entries[i].MessageAttributes)
		if err == nil {
			size += attributes
		}
		size += len(in.Entries[i].MessageBody)
	}
	if size > maxMessageBytes {
		return nil, awsapi.Errorf("BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxMessageBytes, size)
	}
	return batch(in.Entries, "SendMessageBatchRequestEntry", func(entry *sendEntry) string { return entry.Id }, func(entry *sendEntry) (sendResult, error) {
		out, err := e.send(q, &SendMessageInput{MessageBody: entry.MessageBody, DelaySeconds: entry.DelaySeconds,
			MessageAttributes: entry.MessageAttributes, MessageSystemAttributes: entry.MessageSystemAttributes})
		if err != nil {
			return sendResult{}, err
		}
		return sendResult{entry.Id, *out}, nil
	})
}

// newUUID returns a random UUID, version 4.
func newUUID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[0:4], id[4:6], id[6:8], id[8:10], id[10:])
}
