package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"transactional-outbox/handlers/outbox"
	"transactional-outbox/ops/sweep"
)

func reconcileCommand() *command {
	return &command{
		name: "reconcile", summary: "find orders whose consumer is behind the outbox, and repair them", writes: true,
		about: `Reads the whole outbox and compares it with the consumer's positions. An order is behind if an event older than the grace
period has not had its effect. With -repair those events are sent again. An order that is parked because an event was missing
(reason gap) which is in the outbox again is unparked as well; any other parked order is only counted: see parked and unpark.

Repairs are idempotent, and an interrupted run may simply be repeated; with -checkpoint it goes on where it stopped. Memory does
not grow with the table. On AWS this reads every item of the outbox and costs accordingly.
Exit code 0 means that no order was behind; run it with -repair until then.`,
		flags: func(set *flag.FlagSet) func(context.Context, *session) error {
			repair := set.Bool("repair", false, "send again what is missing")
			grace := set.Duration("grace", time.Minute, "leave alone what is younger: it may still be on its way")
			segments := set.Int("segments", sweep.DefaultSegments, "`number` of parts of the table that are read at the same time")
			file := set.String("checkpoint", "", "`file` that says how far the work has come; it is removed at the end")
			return func(ctx context.Context, s *session) error {
				if *grace < 0 || *segments < 1 {
					return usagef("reconcile: -grace must not be negative and -segments at least 1")
				}
				r := &reconcile{session: s, repair: *repair, cutoff: outbox.FormatTime(s.now().Add(-*grace))}
				return r.run(ctx, *segments, *file)
			}
		},
	}
}

// A reconcile compares the outbox with the consumer.
type reconcile struct {
	*session
	repair bool
	cutoff string // events up to this time must have been delivered

	orders, behind, parked, repaired, lost, unparked atomic.Int64
}

// A behindLine is an order whose consumer is behind.
type behindLine struct {
	Kind     string `json:"kind"`
	OrderID  string `json:"orderId"`
	Position int64  `json:"position"` // of the consumer
	Sequence int64  `json:"sequence"` // which it should have reached
	Newest   int64  `json:"newest"`   // which the outbox has reached
	Parked   string `json:"parked,omitzero"`
	Action   string `json:"action"`           // found, re-emitted, unparked, lost
	Missing  int64  `json:"missing,omitzero"` // an event that the outbox does not have
}

func (l *behindLine) text() string {
	text := fmt.Sprintf("%s  consumer at %d, outbox at %d", l.OrderID, l.Position, l.Sequence)
	if l.Parked != "" {
		text += ", parked (" + l.Parked + ")"
	}
	if l.Missing > 0 {
		text += fmt.Sprintf(", event %d is not in the outbox", l.Missing)
	}
	return text + ": " + l.Action
}

type reconcileSummary struct {
	Kind     string  `json:"kind"`
	Command  string  `json:"command"`
	DryRun   bool    `json:"dryRun"`
	Events   int64   `json:"events"`
	Orders   int64   `json:"orders"`
	Behind   int64   `json:"behind"`
	Parked   int64   `json:"parked"`   // for a reason that still holds
	Repaired int64   `json:"repaired"` // orders of which events were sent again
	Unparked int64   `json:"unparked"`
	Lost     int64   `json:"lost"` // orders of which the outbox does not have the next event
	Sent     int64   `json:"sent"` // events
	Seconds  float64 `json:"seconds"`
}

func (r *reconcileSummary) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of %s compared in %.1f s: %d behind, %d parked", count(r.Events, "event"), count(r.Orders, "order"), r.Seconds, r.Behind, r.Parked)
	switch {
	case r.DryRun:
		fmt.Fprintf(&b, "; %s of %s would be sent again", count(r.Sent, "event"), count(r.Repaired, "order"))
	case r.Repaired > 0:
		fmt.Fprintf(&b, "; %s of %s sent again", count(r.Sent, "event"), count(r.Repaired, "order"))
	case r.Behind > r.Lost:
		b.WriteString("; -repair sends again what is missing")
	}
	if r.Lost > 0 {
		fmt.Fprintf(&b, "; %d cannot be repaired, because the outbox does not have their next event", r.Lost)
	}
	return b.String()
}

func (r *reconcile) run(ctx context.Context, segments int, checkpoint string) error {
	begun := time.Now()
	table := &sweep.Sweep{Client: r.DynamoDB, Table: r.EventsTable, Attributes: []string{"time"}, Sorted: true, Segments: segments}
	if checkpoint != "" && !r.dryRun {
		var err error
		if table.Checkpoint, _, err = sweep.OpenCheckpoint(checkpoint, fmt.Sprintf("reconcile %s repair=%t", r.EventsTable, r.repair)); err != nil {
			return err
		}
	}
	end := r.watch(func() string {
		n := table.Rows()
		return fmt.Sprintf("reconcile: %d events read, %.0f/s, %d orders behind", n, float64(n)/time.Since(begun).Seconds(), r.behind.Load())
	})
	err := table.Run(ctx, func() sweep.Visitor { return newComparison(r) })
	end()
	if err != nil {
		return err
	}
	r.print(&reconcileSummary{
		Kind: "summary", Command: "reconcile", DryRun: r.dryRun, Events: table.Rows(), Orders: r.orders.Load(), Behind: r.behind.Load(),
		Parked: r.parked.Load(), Repaired: r.repaired.Load(), Unparked: r.unparked.Load(), Lost: r.lost.Load(), Sent: r.emit.sent.Load(),
		Seconds: time.Since(begun).Seconds(),
	})
	if r.behind.Load() > 0 {
		return errLeft
	}
	return nil
}
