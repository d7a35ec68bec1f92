package main

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/audit"
	"transactional-outbox/handlers/outbox"
	"transactional-outbox/ops/letter"
	"transactional-outbox/ops/position"
)

// settle deals with one dead letter and says whether it is kept. It is deleted only after everything in it has been sent again.
func (r *redrive) settle(ctx context.Context, queue *letter.Queue, m *letter.Message) (keep bool, err error) {
	r.letters.Add(1)
	l := &letterLine{Kind: "letter", Letter: m.ID}
	if m.Err != nil {
		l.Why = m.Err.Error()
	} else {
		d := m.Letter
		l.Source, l.Shard, l.Start, l.End, l.Condition, l.Arrived = string(d.Source), d.ShardID, d.Start, d.End, d.Condition, d.FirstArrival
		// It may have waited for its turn behind long ones.
		if err := queue.Hold(ctx, m, hidden); err != nil {
			return true, err
		}
		if d.Source == letter.DynamoDB {
			err = r.expired(ctx, d, l)
		} else {
			err = r.undelivered(ctx, d, l)
		}
		if err != nil {
			return true, err
		}
	}
	l.judge()
	keep = l.Why != "" && !r.discard
	switch {
	case keep:
		l.Action = "kept"
		r.kept++
	case r.dryRun:
		l.Action = "would be deleted"
		r.deleted++
		keep = true
	default:
		if err := queue.Delete(ctx, m); err != nil {
			return true, err
		}
		if l.Action = "deleted"; l.Why != "" {
			l.Action = "discarded"
		}
		r.deleted++
	}
	r.records += l.Records
	r.print(l)
	return keep, nil
}

// judge says why a letter is not done with, if it is not.
func (l *letterLine) judge() {
	switch {
	case l.Why != "":
	case l.Gone:
		l.Why = "because the stream no longer has all of its records: run reconcile -repair, then redrive -discard"
	case l.Unknown > 0:
		l.Why = "because " + count(l.Unknown, "record") + " cannot be attributed to any order"
	case slices.ContainsFunc(l.Orders, func(o orderLine) bool { return len(o.Lost) > 0 }):
		l.Why = "because the outbox does not have all of its events"
	}
}

// undelivered sends the events of a letter of the consumer again, those that it has reached excepted.
func (r *redrive) undelivered(ctx context.Context, d *letter.Letter, l *letterLine) error {
	events := map[string][]int64{}
	var ids []string // in the order of the stream
	gone, err := letter.FromKinesis(ctx, r.Kinesis, d, func(record letter.Record) error {
		l.Records++
		if record.Err != nil {
			l.Unknown++
			return nil
		}
		if events[record.OrderID] == nil {
			ids = append(ids, record.OrderID)
		}
		events[record.OrderID] = append(events[record.OrderID], record.Sequence)
		return nil
	})
	if err != nil {
		return err
	}
	l.Gone = gone
	at := make(map[string]position.Position, position.MaxBatch)
	for some := range slices.Chunk(ids, position.MaxBatch) {
		if err := r.positions.Read(ctx, some, at); err != nil {
			return err
		}
		for _, id := range some {
			o, err := r.again(ctx, id, events[id], at[id])
			if err != nil {
				return err
			}
			l.Orders = append(l.Orders, o)
		}
	}
	return nil
}

// again sends an order's events again, in sequence and each once.
func (r *redrive) again(ctx context.Context, orderID string, events []int64, at position.Position) (orderLine, error) {
	o := orderLine{OrderID: orderID}
	if at.Parked != nil {
		o.Parked = string(at.Parked.Reason)
	}
	slices.Sort(events)
	for _, sequence := range slices.Compact(events) {
		if sequence <= at.Last {
			o.Delivered = append(o.Delivered, sequence)
			r.delivered++
			continue
		}
		found, err := r.emit.event(ctx, orderID, sequence)
		if err != nil {
			return o, err
		}
		if found {
			o.Sent = append(o.Sent, sequence)
			continue
		}
		o.Lost = append(o.Lost, sequence)
		r.lost++
	}
	return o, nil
}

// expired puts back the events of a letter of the auditor that the consumer has not reached, each for as long as it was first kept.
func (r *redrive) expired(ctx context.Context, d *letter.Letter, l *letterLine) error {
	gone, err := letter.FromDynamoDB(ctx, r.Streams, d, func(removal *audit.Removal) error {
		l.Records++
		if removal.Err != nil {
			l.Unknown++
			return nil
		}
		at, err := r.session.positions.Of(ctx, removal.OrderID)
		if err != nil {
			return err
		}
		o := orderLine{OrderID: removal.OrderID}
		if at.Parked != nil {
			o.Parked = string(at.Parked.Reason)
		}
		switch {
		case at.Last >= removal.Sequence:
			o.Delivered = []int64{removal.Sequence}
			r.delivered++
		case r.dryRun:
			o.Restored = []int64{removal.Sequence}
			r.restored++
		default:
			if err := r.emit.pace.Wait(ctx); err != nil {
				return err
			}
			auditor := audit.New(r.DynamoDB, r.EventsTable, r.FulfilmentsTable, retention(removal.Item), &audit.Options{Now: r.now})
			if _, err := auditor.Restore(ctx, removal); err != nil {
				return err
			}
			o.Restored = []int64{removal.Sequence}
			r.restored++
		}
		l.Orders = append(l.Orders, o)
		return nil
	})
	l.Gone = gone
	return err
}

// leastRetention is how long an event is kept whose own retention cannot be told.
const leastRetention = 24 * time.Hour

// retention is how long an event was to be kept when it was written.
func retention(item map[string]types.AttributeValue) time.Duration {
	e, err := outbox.FromItem(item)
	if err != nil || e.ExpiresAt.IsZero() || e.Time.IsZero() {
		return leastRetention
	}
	return max(e.ExpiresAt.Sub(e.Time), leastRetention)
}
