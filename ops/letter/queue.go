package letter

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// A Queue holds dead letters.
type Queue struct {
	Client *sqs.Client
	URL    string
}

// maxReceive is the limit of ReceiveMessage.
const maxReceive = 10

// A Message is what a queue holds: a letter, or something else with the reason why it is none.
type Message struct {
	ID, Receipt string
	Letter      *Letter // nil if Err is set
	Err         error
}

// Receive takes up to ten messages, hidden from others for the given time, and waits a second for the first of them. No message means
// that there is none to be had, not that the queue is empty: others may hold some.
func (q *Queue) Receive(ctx context.Context, hidden time.Duration) ([]Message, error) {
	out, err := q.Client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: aws.String(q.URL), MaxNumberOfMessages: maxReceive,
		VisibilityTimeout: int32(hidden / time.Second),
		// Long polling asks all of SQS's servers; a short poll may find nothing although there is something.
		WaitTimeSeconds: 1,
	})
	if err != nil {
		return nil, fmt.Errorf("receive dead letters: %w", err)
	}
	messages := make([]Message, len(out.Messages))
	for i, m := range out.Messages {
		messages[i] = Message{ID: aws.ToString(m.MessageId), Receipt: aws.ToString(m.ReceiptHandle)}
		if messages[i].Letter, messages[i].Err = Parse(aws.ToString(m.Body)); messages[i].Err == nil {
			messages[i].Letter.MessageID = messages[i].ID
		}
	}
	return messages, nil
}

// Hold keeps a message hidden for a while from now on.
func (q *Queue) Hold(ctx context.Context, m *Message, hidden time.Duration) error {
	_, err := q.Client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: aws.String(q.URL), ReceiptHandle: aws.String(m.Receipt), VisibilityTimeout: int32(hidden / time.Second),
	})
	if err != nil {
		return fmt.Errorf("hold dead letter %s: %w", m.ID, err)
	}
	return nil
}

// Release makes messages visible to others again. It works through all of them, and returns the first error.
func (q *Queue) Release(ctx context.Context, messages []Message) (err error) {
	for i := range messages {
		if failure := q.Hold(ctx, &messages[i], 0); err == nil {
			err = failure
		}
	}
	return err
}

// Delete removes a message for good.
func (q *Queue) Delete(ctx context.Context, m *Message) error {
	_, err := q.Client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: aws.String(q.URL), ReceiptHandle: aws.String(m.Receipt)})
	if err != nil {
		return fmt.Errorf("delete dead letter %s: %w", m.ID, err)
	}
	return nil
}

// A Census is what a queue says of itself. Its counts are approximate.
type Census struct {
	Visible, Hidden int
	Retention       time.Duration
}

// Count asks the queue how many messages it holds.
func (q *Queue) Count(ctx context.Context) (Census, error) {
	out, err := q.Client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: aws.String(q.URL), AttributeNames: []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		types.QueueAttributeNameMessageRetentionPeriod,
	}})
	if err != nil {
		return Census{}, fmt.Errorf("count dead letters: %w", err)
	}
	number := func(name types.QueueAttributeName) int {
		n, _ := strconv.Atoi(out.Attributes[string(name)]) // 0 where the queue does not say
		return n
	}
	return Census{
		Visible:   number(types.QueueAttributeNameApproximateNumberOfMessages),
		Hidden:    number(types.QueueAttributeNameApproximateNumberOfMessagesNotVisible),
		Retention: time.Duration(number(types.QueueAttributeNameMessageRetentionPeriod)) * time.Second,
	}, nil
}
