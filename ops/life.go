package main

import (
	"context"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/audit"
	"transactional-outbox/handlers/outbox"
	"transactional-outbox/handlers/projection"
	"transactional-outbox/ops/letter"
)

// order takes what the orders table says; an empty item is no order.
func (l *life) order(item map[string]types.AttributeValue) {
	if len(item) == 0 {
		return
	}
	text := func(name string) string {
		if v, ok := item[name].(*types.AttributeValueMemberS); ok {
			return v.Value
		}
		return ""
	}
	o := &lifeOrder{Status: text("status"), CreatedAt: text("createdAt"), UpdatedAt: text("updatedAt")}
	if v, ok := item["version"].(*types.AttributeValueMemberN); ok {
		o.Version, _ = strconv.ParseInt(v.Value, 10, 64) // 0 if it is none
	}
	l.Order = o
}

func (l *life) event(sequence int64, e *outbox.Event, problem error, delivered bool) {
	if e == nil {
		l.Events = append(l.Events, lifeEvent{Sequence: sequence, Problem: problem.Error(), Delivered: delivered})
		return
	}
	l.Events = append(l.Events, lifeEvent{
		Sequence: e.Sequence, EventID: e.ID, Type: e.Type, Time: e.Time, ExpiresAt: e.ExpiresAt, RepublishedAt: e.RepublishedAt,
		TraceParent: e.TraceParent, Delivered: delivered,
	})
	l.at(e.Time, "event %d committed: %s, %s", e.Sequence, e.Type, e.ID)
	l.at(e.RepublishedAt, "event %d sent again", e.Sequence)
	l.at(e.ExpiresAt, "event %d may leave the outbox", e.Sequence)
}

// consumer enters what the consumer's state tells, if there is one.
func (l *life) consumer(state *projection.State) {
	if l.Consumer == nil {
		return
	}
	if p := state.Parked; p != nil {
		l.Consumer.Parked = string(p.Reason)
		l.at(p.At, "parked at event %d: %s: %s", p.Sequence, p.Reason, p.Detail)
		return
	}
	l.at(state.UpdatedAt, "consumer reached event %d: %s", state.LastSequence, state.Status)
}

// maxLetters bounds how many dead letters are looked through.
const maxLetters = 100

// dead looks for the order in the dead letters, and gives them back.
func (t *trace) dead(ctx context.Context, l *life) error {
	for _, queue := range []*letter.Queue{t.deadLetters(), t.auditLetters()} {
		if queue == nil {
			continue
		}
		if census, err := queue.Count(ctx); err != nil || census.Visible == 0 {
			if err != nil {
				return err
			}
			continue
		}
		if err := t.lookThrough(ctx, queue, l); err != nil {
			return err
		}
	}
	return nil
}

func (t *trace) lookThrough(ctx context.Context, queue *letter.Queue, l *life) (err error) {
	var held []letter.Message
	defer func() {
		if failure := queue.Release(context.WithoutCancel(ctx), held); err == nil {
			err = failure
		}
	}()
	for len(held) < maxLetters {
		messages, err := queue.Receive(ctx, time.Minute)
		if err != nil || len(messages) == 0 {
			return err
		}
		held = append(held, messages...)
		for i := range messages {
			if messages[i].Err != nil {
				continue
			}
			d := messages[i].Letter
			about, err := t.about(ctx, d)
			if err != nil {
				return err
			}
			if about {
				l.Letters = append(l.Letters, d.MessageID)
				l.at(d.Timestamp, "given up after %d invocations: %s, dead letter %s", d.Invocations, d.Condition, d.MessageID)
			}
		}
	}
	return nil
}

// about says whether a letter is about the order, as far as the stream still has its records.
func (t *trace) about(ctx context.Context, d *letter.Letter) (found bool, err error) {
	if d.Source == letter.DynamoDB {
		_, err = letter.FromDynamoDB(ctx, t.Streams, d, func(r *audit.Removal) error {
			found = found || r.OrderID == t.orderID
			return nil
		})
		return found, err
	}
	_, err = letter.FromKinesis(ctx, t.Kinesis, d, func(r letter.Record) error {
		found = found || r.OrderID == t.orderID
		return nil
	})
	return found, err
}
