package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"sync/atomic"

	"transactional-outbox/handlers/projection"
	"transactional-outbox/ops/position"
)

func unparkCommand() *command {
	return &command{
		name: "unpark", summary: "let parked orders continue", writes: true,
		about: `Removes the mark from one parked order (-order), or from all that are parked for one reason (-all -reason), and sends their
events again from the consumer's position on. An order is left alone if it has changed since it was looked at, or if its next event
is not in the outbox, because it would only be parked again. An order whose cause still holds is parked again as well.

Interrupted, it may be repeated: what is done is no longer parked. An order that was unparked but whose events were not sent again
is found by reconcile.`,
		flags: func(set *flag.FlagSet) func(context.Context, *session) error {
			order := set.String("order", "", "`id` of the order to unpark")
			all := set.Bool("all", false, "unpark every order that is parked for -reason")
			reason := set.String("reason", "", "with -all: decode, rule or gap")
			return func(ctx context.Context, s *session) error {
				if (*order == "") == !*all {
					return usagef("unpark: exactly one of -order and -all says what to unpark")
				}
				if *all == (*reason == "") {
					return usagef("unpark: -reason goes with -all, and -all needs it")
				}
				if err := checkReason("unpark", *reason); err != nil {
					return err
				}
				u := &unpark{session: s}
				if err := u.run(ctx, *order, *reason); err != nil {
					return err
				}
				s.print(&unparkSummary{
					Kind: "summary", Command: "unpark", DryRun: s.dryRun, Unparked: u.done.Load(), Left: u.left.Load(), Sent: s.emit.sent.Load(),
				})
				if u.left.Load() > 0 {
					return errLeft
				}
				return nil
			}
		},
	}
}

type unpark struct {
	*session
	done, left atomic.Int64
}

// An unparkLine is what became of a parked order.
type unparkLine struct {
	Kind     string  `json:"kind"`
	OrderID  string  `json:"orderId"`
	Reason   string  `json:"reason"`
	Sequence int64   `json:"sequence"` // of the event that could not be applied
	Action   string  `json:"action"`   // unparked, would be unparked, left
	Why      string  `json:"why,omitzero"`
	Events   []int64 `json:"events,omitzero"` // sent again
}

func (l *unparkLine) text() string {
	text := fmt.Sprintf("%s  %s at event %d: %s", l.OrderID, l.Reason, l.Sequence, l.Action)
	if l.Why != "" {
		return text + ", " + l.Why
	}
	return fmt.Sprintf("%s, events %v sent again", text, l.Events)
}

type unparkSummary struct {
	Kind     string `json:"kind"`
	Command  string `json:"command"`
	DryRun   bool   `json:"dryRun"`
	Unparked int64  `json:"unparked"`
	Left     int64  `json:"left"`
	Sent     int64  `json:"sent"`
}

func (l *unparkSummary) text() string {
	verb := "unparked"
	if l.DryRun {
		verb = "would be unparked"
	}
	return fmt.Sprintf("%s %s, %s sent again, %d left parked", count(l.Unparked, "order"), verb, count(l.Sent, "event"), l.Left)
}

func (u *unpark) run(ctx context.Context, orderID, reason string) error {
	if orderID == "" {
		return u.eachParked(ctx, reason, u.order)
	}
	at, err := u.positions.Of(ctx, orderID)
	if err != nil {
		return err
	}
	if at.Parked == nil {
		return fmt.Errorf("order %s is not parked", orderID)
	}
	return u.order(ctx, orderID, at)
}

// order unparks one order. The mark goes first: an event that finds it is dropped.
func (u *unpark) order(ctx context.Context, orderID string, at position.Position) error {
	l := &unparkLine{Kind: "order", OrderID: orderID, Reason: string(at.Parked.Reason), Sequence: at.Parked.Sequence, Action: "left"}
	events, err := sequences(ctx, u.events, orderID, at.Last+1)
	if err != nil {
		return err
	}
	if len(events) == 0 || events[0] != at.Last+1 {
		l.Why = fmt.Sprintf("because event %d is not in the outbox", at.Last+1)
		return u.leave(l)
	}
	if l.Events = events; u.dryRun {
		l.Action = "would be unparked"
	} else {
		err := u.positions.Unpark(ctx, orderID, &projection.Parked{Reason: at.Parked.Reason, Sequence: at.Parked.Sequence})
		if errors.Is(err, position.ErrMoved) {
			l.Events, l.Why = nil, "because it has moved on meanwhile"
			return u.leave(l)
		}
		if err != nil {
			return err
		}
		l.Action = "unparked"
	}
	for _, sequence := range events {
		if _, err := u.emit.event(ctx, orderID, sequence); err != nil {
			return err
		}
	}
	u.done.Add(1)
	u.print(l)
	return nil
}

func (u *unpark) leave(l *unparkLine) error {
	u.left.Add(1)
	u.print(l)
	return nil
}
