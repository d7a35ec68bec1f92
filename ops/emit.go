package main

import (
	"context"
	"errors"
	"math"
	"sync/atomic"
	"time"

	"transactional-outbox/handlers/outbox"
	"transactional-outbox/ops/pace"
)

// An emitter sends events again, at its pace.
type emitter struct {
	events *outbox.Table
	pace   *pace.Pace
	now    func() time.Time
	dryRun bool

	sent atomic.Int64
}

// event sends one event again. found is false if the outbox does not have it; a dry run does not look.
func (e *emitter) event(ctx context.Context, orderID string, sequence int64) (found bool, err error) {
	if e.dryRun {
		e.sent.Add(1)
		return true, nil
	}
	if err := e.pace.Wait(ctx); err != nil {
		return false, err
	}
	err = e.events.Republish(ctx, orderID, sequence, e.now())
	if errors.Is(err, outbox.ErrNotFound) {
		return false, nil
	}
	if err == nil {
		e.sent.Add(1)
	}
	return err == nil, err
}

// span sends an order's events from..to again, in sequence. It ends at the first that the outbox does not have, because nothing behind
// that can be applied, and returns it; 0 if all are there.
func (e *emitter) span(ctx context.Context, orderID string, from, to int64) (missing int64, err error) {
	for sequence := from; sequence <= to; sequence++ {
		found, err := e.event(ctx, orderID, sequence)
		if err != nil {
			return 0, err
		}
		if !found {
			return sequence, nil
		}
	}
	return 0, nil
}

// walk reads an order's events from a sequence on. An item that is no event has a nil event and the reason why.
func walk(ctx context.Context, events *outbox.Table, orderID string, from int64, visit func(sequence int64, e *outbox.Event, problem error)) error {
	for from > 0 {
		next := int64(0)
		for e, err := range events.Events(ctx, orderID, from, math.MaxInt64) {
			if unreadable, ok := errors.AsType[*outbox.DecodeError](err); ok && unreadable.Sequence >= from {
				// The query ends at such an item; another begins behind it.
				visit(unreadable.Sequence, nil, unreadable.Err)
				next = unreadable.Sequence + 1
				break
			}
			if err != nil {
				return err
			}
			visit(e.Sequence, e, nil)
		}
		from = next
	}
	return nil
}

// sequences reads which events from a sequence on the outbox has of an order. An item that is no event counts: it is for the consumer
// to say so.
func sequences(ctx context.Context, events *outbox.Table, orderID string, from int64) (found []int64, err error) {
	err = walk(ctx, events, orderID, from, func(sequence int64, _ *outbox.Event, _ error) { found = append(found, sequence) })
	return found, err
}

// has says whether the outbox has an event.
func has(ctx context.Context, events *outbox.Table, orderID string, sequence int64) (bool, error) {
	for _, err := range events.Events(ctx, orderID, sequence, sequence) {
		if _, unreadable := errors.AsType[*outbox.DecodeError](err); unreadable {
			return true, nil
		}
		return err == nil, err
	}
	return false, nil
}
