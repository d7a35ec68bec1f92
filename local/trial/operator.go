package trial

import (
	"context"
	"errors"
	"fmt"
	"time"

	"transactional-outbox/local/awsapi"
)

// operator does what an operator would do when the load is over.
type operator struct {
	options Options
	history *history
	demand  *demand
	report  *Report

	sent int64 // events sent again that nothing but a repair would have delivered
}

// settle waits until all is quiet and returns the books. On a hostile desk it repairs until there is nothing left to repair, or
// nothing has got better for as long as patience lasts.
func (o *operator) settle(ctx context.Context) (*books, error) {
	if o.options.Hostile {
		pause(ctx, o.options.Quiet/2) // what clients that hung up have asked for may still be at work
	}
	better, best := time.Now(), int64(-1)
	for {
		if err := o.rest(ctx); err != nil {
			return nil, err
		}
		before := o.history.findings()
		begun := time.Now()
		b, err := look(ctx, o.options, o.history, o.demand)
		if err != nil {
			return nil, err
		}
		o.report.Proving = time.Since(begun)
		wrong := int64(len(b.behind)) + b.breaches.total()
		moved := o.history.findings() != before
		if !o.options.Hostile || wrong == 0 && !moved {
			return b, o.close(ctx, b)
		}
		if best < 0 || wrong < best {
			best, better = wrong, time.Now()
		}
		if time.Since(better) > o.options.Patience {
			return b, o.close(ctx, b)
		}
		sent, err := o.repair(ctx, b)
		if err != nil {
			return nil, err
		}
		if sent == 0 && !moved {
			// Only time can help: the auditor is about to put an event back, or a request is still under way.
			pause(ctx, o.options.Quiet/2)
		}
	}
}

// rest waits until every event has its effect, or nothing moves any more: not the tables, and not what is on its way either.
func (o *operator) rest(ctx context.Context) error {
	quiet := o.options.Patience
	if o.options.Hostile {
		quiet = o.options.Quiet
	}
	for begun := time.Now(); ; {
		if err := o.history.settle(ctx, quiet); err != nil {
			return err
		}
		if !o.options.Busy() || time.Since(begun) > o.options.Patience {
			return ctx.Err()
		}
		pause(ctx, 50*time.Millisecond)
	}
}

// repair sends again what has not been delivered, as reconcile does, and returns how many events that are.
func (o *operator) repair(ctx context.Context, b *books) (sent int, err error) {
	for _, l := range b.behind {
		if len(l.left) == 0 || l.left[0] != l.position+1 {
			continue // its next event is not in the outbox: the auditor has to put it back first
		}
		switch l.parked {
		case "":
			o.sent += int64(len(l.left))
		case "gap":
			if err := o.release(ctx, l.order); err != nil {
				return sent, err
			}
		default:
			continue // it is for people to see why
		}
		o.report.Repaired++
		for _, sequence := range l.left {
			if err := o.emit(ctx, l.order, sequence); err != nil {
				return sent, err
			}
			sent++
		}
	}
	if sent > 0 {
		o.report.Rounds++
	}
	return sent, nil
}

func orderKey(order string) map[string]any {
	return map[string]any{"orderId": map[string]string{"S": order}}
}

// release takes up an order again that was parked for want of an event.
func (o *operator) release(ctx context.Context, order string) error {
	return o.update(ctx, map[string]any{
		"TableName": o.options.FulfilmentsTable, "Key": orderKey(order), "UpdateExpression": "REMOVE parked",
		"ConditionExpression":       "parked.reason = :gap",
		"ExpressionAttributeValues": map[string]any{":gap": map[string]string{"S": "gap"}},
	})
}

// emit touches an event, so that DynamoDB writes it to the stream once more.
func (o *operator) emit(ctx context.Context, order string, sequence int) error {
	key := orderKey(order)
	key["sequence"] = map[string]string{"N": fmt.Sprint(sequence)}
	return o.update(ctx, map[string]any{
		"TableName": o.options.EventsTable, "Key": key, "UpdateExpression": "SET republishedAt = :now",
		"ConditionExpression":       "attribute_exists(orderId)",
		"ExpressionAttributeValues": map[string]any{":now": map[string]string{"S": time.Now().UTC().Format(time.RFC3339Nano)}},
	})
}

// update changes an item, unless it is not any more what it was.
func (o *operator) update(ctx context.Context, request map[string]any) error {
	_, err := call[struct{}](ctx, o.options.Tables, "UpdateItem", request)
	if known, ok := errors.AsType[*awsapi.Error](err); ok && known.Code == "ConditionalCheckFailedException" {
		return nil
	}
	return err
}

// close writes down what is wrong in the end.
func (o *operator) close(ctx context.Context, b *books) error {
	for _, l := range b.behind {
		rule, why := ruleDelivered, ""
		if l.parked != "" {
			rule, why = ruleParked, ": "+l.parked
		}
		b.breaches.add(rule, "%s at %d, %v left%s", l.order, l.position, l.left, why)
	}
	findings := o.history.findings()
	if n := findings.Rewritten; n > 0 {
		b.breaches.addN(n, ruleSame, "%d of them", n)
	}
	if n := findings.Unheeded; n > 0 {
		b.breaches.addN(n, ruleUnheeded, "%d of them", n)
	}
	excuses := o.options.Excuses()
	for _, queue := range o.options.DeadLetters {
		records, err := o.redrive(ctx, queue, len(b.behind) == 0)
		if err != nil {
			return err
		}
		excuses += records
		left, err := letters(ctx, o.options.Queues, queue)
		if err != nil {
			return err
		}
		if left > 0 {
			b.breaches.addN(left, ruleLetters, "%s", queue)
		}
	}
	// Each round may meet new losses, of the records that it has sent: they are among the excuses.
	if o.options.Hostile && o.sent > excuses {
		b.breaches.addN(o.sent-excuses, ruleExcused, "%d were sent again, at most %d were kept from the consumer", o.sent, excuses)
	}
	return nil
}

// redrive empties a dead-letter queue and returns how many records its letters were about. What they were about has been sent again
// and delivered, if delivered says so: otherwise they stay.
func (o *operator) redrive(ctx context.Context, queue string, delivered bool) (records int64, err error) {
	for delivered {
		out, err := call[struct {
			Messages []struct{ ReceiptHandle, Body string }
		}](ctx, o.options.Queues, "ReceiveMessage", map[string]any{"QueueUrl": queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 600})
		if err != nil || len(out.Messages) == 0 {
			return records, err
		}
		for _, message := range out.Messages {
			o.report.Letters++
			records += batchSize(message.Body)
			if _, err := call[struct{}](ctx, o.options.Queues, "DeleteMessage", map[string]any{"QueueUrl": queue, "ReceiptHandle": message.ReceiptHandle}); err != nil {
				return records, err
			}
		}
	}
	return records, nil
}
