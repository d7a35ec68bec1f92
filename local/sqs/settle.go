package sqs

import (
	"context"

	"transactional-outbox/local/awsapi"
)

func (e *Engine) deleteMessage(_ context.Context, auth awsapi.Authorizer, in *deleteMessageInput) (*struct{}, error) {
	q, err := e.begin(auth, "DeleteMessage", in.QueueUrl)
	if err != nil {
		return nil, err
	}
	defer e.mu.Unlock()
	return nil, q.delete(in.ReceiptHandle)
}

func (e *Engine) deleteMessageBatch(_ context.Context, auth awsapi.Authorizer, in *batchInput[deleteEntry]) (*batchOutput[idResult], error) {
	q, err := e.begin(auth, "DeleteMessageBatch", in.QueueUrl)
	if err != nil {
		return nil, err
	}
	defer e.mu.Unlock()
	return batch(in.Entries, "DeleteMessageBatchRequestEntry", func(entry *deleteEntry) string { return entry.Id }, func(entry *deleteEntry) (idResult, error) {
		return idResult{entry.Id}, q.delete(entry.ReceiptHandle)
	})
}

// delete removes the message of a handle. An outdated handle is accepted and removes nothing: who holds the newer one decides.
func (q *queue) delete(handle string) error {
	m, err := q.settle(handle)
	if err != nil {
		return err
	}
	if m != nil {
		q.remove(m)
	}
	return nil
}

func (q *queue) settle(handle string) (*message, error) {
	if handle == "" {
		return nil, missing("ReceiptHandle")
	}
	m, ok := q.byReceipt(handle)
	if !ok {
		return nil, awsapi.Errorf("ReceiptHandleIsInvalid", "The input receipt handle \"%s\" is not a valid receipt handle.", handle)
	}
	return m, nil
}

func (e *Engine) changeMessageVisibility(_ context.Context, auth awsapi.Authorizer, in *changeVisibilityInput) (*struct{}, error) {
	q, err := e.begin(auth, "ChangeMessageVisibility", in.QueueUrl)
	if err != nil {
		return nil, err
	}
	defer e.mu.Unlock()
	return nil, e.change(q, in.ReceiptHandle, in.VisibilityTimeout)
}

func (e *Engine) changeMessageVisibilityBatch(_ context.Context, auth awsapi.Authorizer, in *batchInput[changeEntry]) (*batchOutput[idResult], error) {
	q, err := e.begin(auth, "ChangeMessageVisibilityBatch", in.QueueUrl)
	if err != nil {
		return nil, err
	}
	defer e.mu.Unlock()
	return batch(in.Entries, "ChangeMessageVisibilityBatchRequestEntry", func(entry *changeEntry) string { return entry.Id }, func(entry *changeEntry) (idResult, error) {
		return idResult{entry.Id}, e.change(q, entry.ReceiptHandle, entry.VisibilityTimeout)
	})
}

// change sets anew how long a message in flight stays invisible, from now on.
func (e *Engine) change(q *queue, handle string, timeout *int) error {
	if timeout == nil {
		return missing("VisibilityTimeout")
	}
	if err := checkVisibility(int64(*timeout)); err != nil {
		return err
	}
	m, err := q.settle(handle)
	if err != nil {
		return err
	}
	if m == nil || m.element != nil {
		return invalidParameter("Value %s for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.", handle)
	}
	now := e.now()
	q.waiting.remove(m)
	q.hide(m, now+int64(*timeout)*1000)
	q.advance(now)
	// A longer timeout moves the time at which sleeping readers should look again; a shorter one must wake them.
	q.wake()
	return nil
}

func checkVisibility(seconds int64) error {
	if seconds < 0 || seconds > 43200 {
		return invalidParameter("Value %d for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200.", seconds)
	}
	return nil
}
