package main

import (
	"context"
	"flag"
	"fmt"
	"sync/atomic"
	"time"

	"transactional-outbox/handlers/projection"
	"transactional-outbox/ops/position"
	"transactional-outbox/ops/sweep"
)

func parkedCommand() *command {
	return &command{
		name: "parked", summary: "list the orders that are parked, and why",
		about: `An order is parked when its next event can never be applied as things are: it cannot be read (decode), it breaks a rule
(rule), or it is neither applied nor in the outbox (gap). Every other order flows on. Once the cause is gone, unpark lets the order
continue. Reads the whole table of the consumer, which on AWS costs accordingly.`,
		flags: func(set *flag.FlagSet) func(context.Context, *session) error {
			reason := set.String("reason", "", "list only orders parked for this `reason`: decode, rule or gap")
			return func(ctx context.Context, s *session) error {
				if err := checkReason("parked", *reason); err != nil {
					return err
				}
				var n atomic.Int64
				err := s.eachParked(ctx, *reason, func(_ context.Context, orderID string, at position.Position) error {
					n.Add(1)
					s.print(newParkedLine(orderID, at, s.now()))
					return nil
				})
				if err != nil {
					return err
				}
				s.print(&parkedSummary{Kind: "summary", Command: "parked", Parked: n.Load()})
				return nil
			}
		},
	}
}

func checkReason(command, reason string) error {
	switch projection.Reason(reason) {
	case "", projection.ReasonDecode, projection.ReasonRule, projection.ReasonGap:
		return nil
	}
	return usagef("%s: -reason is %q, want decode, rule or gap", command, reason)
}

// A parkedLine is a parked order.
type parkedLine struct {
	Kind     string    `json:"kind"`
	OrderID  string    `json:"orderId"`
	Reason   string    `json:"reason"`
	Detail   string    `json:"detail"`
	Position int64     `json:"position"`
	Sequence int64     `json:"sequence"` // of the event that cannot be applied
	EventID  string    `json:"eventId,omitzero"`
	At       time.Time `json:"at"`
	Seconds  float64   `json:"ageSeconds"`
}

func newParkedLine(orderID string, at position.Position, now time.Time) *parkedLine {
	p := at.Parked
	return &parkedLine{
		Kind: "parked", OrderID: orderID, Reason: string(p.Reason), Detail: p.Detail, Position: at.Last, Sequence: p.Sequence,
		EventID: p.EventID, At: p.At, Seconds: now.Sub(p.At).Seconds(),
	}
}

func (l *parkedLine) text() string {
	event := fmt.Sprintf("event %d", l.Sequence)
	if l.EventID != "" {
		event += " (" + l.EventID + ")"
	}
	return fmt.Sprintf("%s  parked %s ago: %s at %s: %s", l.OrderID, ago(time.Duration(l.Seconds*float64(time.Second))), l.Reason, event, l.Detail)
}

type parkedSummary struct {
	Kind    string `json:"kind"`
	Command string `json:"command"`
	Parked  int64  `json:"parked"`
}

func (l *parkedSummary) text() string { return count(l.Parked, "order") + " parked" }

// eachParked finds the orders that are parked for a reason, empty for any, and calls found for each, from several goroutines.
func (s *session) eachParked(ctx context.Context, reason string, found func(ctx context.Context, orderID string, at position.Position) error) error {
	begun := time.Now()
	table := &sweep.Sweep{
		Client: s.DynamoDB, Table: s.FulfilmentsTable, Attributes: []string{"lastSequence", "parked"}, Filter: "attribute_exists(parked)",
	}
	end := s.watch(func() string {
		n := table.Rows()
		return fmt.Sprintf("looking for parked orders: %d read, %.0f/s", n, float64(n)/time.Since(begun).Seconds())
	})
	defer end()
	return table.Run(ctx, func() sweep.Visitor {
		return rowFunc(func(ctx context.Context, row *sweep.Row) error {
			at := position.From(row)
			if at.Parked == nil || reason != "" && string(at.Parked.Reason) != reason {
				return nil
			}
			return found(ctx, row.Text("orderId"), at)
		})
	})
}

// rowFunc is a visitor that deals with each row at once.
type rowFunc func(context.Context, *sweep.Row) error

func (f rowFunc) Row(ctx context.Context, row *sweep.Row) error { return f(ctx, row) }

func (f rowFunc) Flush(context.Context, bool) error { return nil }
