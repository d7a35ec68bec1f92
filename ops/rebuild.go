package main

import (
	"context"
	"errors"
	"fmt"
	"math"

	"transactional-outbox/handlers/outbox"
	"transactional-outbox/ops/position"
	"transactional-outbox/ops/sweep"
)

// maxResets is how often an order that the consumer keeps moving is tried.
const maxResets = 16

// A selection is one segment of a replay. It collects the chosen events of one order at a time.
type selection struct {
	*replay
	orderID string
	events  []int64
}

func (s *selection) Row(ctx context.Context, row *sweep.Row) error {
	if id := row.Text("orderId"); id != s.orderID {
		if err := s.close(ctx); err != nil {
			return err
		}
		s.orderID = id
	}
	if s.chosen(row.Text("type"), row.Text("time")) {
		s.events = append(s.events, row.Number("sequence"))
	}
	return nil
}

func (s *selection) Flush(ctx context.Context, last bool) error {
	if !last {
		return nil
	}
	return s.close(ctx)
}

func (s *selection) close(ctx context.Context) error {
	if len(s.events) == 0 {
		return nil
	}
	err := s.replay.send(ctx, s.orderID, s.events)
	s.events = nil
	return err
}

// one replays the order that was asked for.
func (r *replay) one(ctx context.Context) error {
	if r.kind == "" && r.since == "" && r.until == "" {
		events, err := sequences(ctx, r.events, r.order, 1)
		if err == nil && len(events) == 0 {
			err = fmt.Errorf("the outbox has no events of order %s", r.order)
		}
		if err != nil {
			return err
		}
		return r.send(ctx, r.order, events)
	}
	var events []int64
	for e, err := range r.events.Events(ctx, r.order, 1, math.MaxInt64) {
		if err != nil {
			return err
		}
		if r.chosen(e.Type, outbox.FormatTime(e.Time)) {
			events = append(events, e.Sequence)
		}
	}
	if len(events) == 0 {
		return nil
	}
	return r.send(ctx, r.order, events)
}

// send sends the chosen events of an order again, or has it rebuilt.
func (r *replay) send(ctx context.Context, orderID string, events []int64) error {
	l := &replayLine{Kind: "order", OrderID: orderID, Action: "re-emitted", Events: events}
	if r.rebuild {
		if done, err := r.reset(ctx, l); err != nil || !done {
			return err
		}
	} else if r.dryRun {
		l.Action = "would be re-emitted"
	}
	for _, sequence := range l.Events {
		if _, err := r.emit.event(ctx, orderID, sequence); err != nil {
			return err
		}
	}
	r.orders.Add(1)
	r.print(l)
	return nil
}

// reset makes the consumer forget an order, if all of its events can be sent again: they become the line's. An order that cannot be
// rebuilt is named and left.
func (r *replay) reset(ctx context.Context, l *replayLine) (done bool, err error) {
	all, err := sequences(ctx, r.events, l.OrderID, 1)
	if err != nil {
		return false, err
	}
	for round := 0; ; round++ {
		at, err := r.positions.Of(ctx, l.OrderID)
		if err != nil {
			return false, err
		}
		switch {
		case !complete(all):
			return false, r.leave(l, fmt.Sprintf("because the outbox has only events %v", all))
		case at.Last > int64(len(all)):
			return false, r.leave(l, fmt.Sprintf("because the consumer has had event %d, and the outbox ends at %d", at.Last, len(all)))
		}
		l.Was, l.Events = at.Last, all
		if r.dryRun {
			l.Action = "would be rebuilt"
			return true, nil
		}
		l.Action = "rebuilt"
		err = r.positions.Reset(ctx, l.OrderID, at.Last)
		if !errors.Is(err, position.ErrMoved) {
			return err == nil, err
		}
		if round == maxResets {
			return false, r.leave(l, "because the consumer keeps moving it")
		}
		// It may have moved to an event that is newer than those that were read.
		if all, err = sequences(ctx, r.events, l.OrderID, 1); err != nil {
			return false, err
		}
	}
}

func (r *replay) leave(l *replayLine, why string) error {
	l.Action, l.Why, l.Events = "left", why, nil
	r.left.Add(1)
	r.print(l)
	return nil
}

// complete says whether events are 1, 2, 3 and so on.
func complete(events []int64) bool {
	for i, sequence := range events {
		if sequence != int64(i)+1 {
			return false
		}
	}
	return len(events) > 0
}
