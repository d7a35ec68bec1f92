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

func replayCommand() *command {
	return &command{
		name: "replay", summary: "send events again, and rebuild what the consumer made of them", writes: true,
		about: `Sends again the events of one order (-order), of one type (-type) or of a time range (-since, -until); several of these narrow
the choice. This stage's consumer drops every event that it has had, so by itself a replay has no effect on it: it is for other
readers of the stream. With -rebuild the consumer forgets each order of which an event was chosen, state, position and mark, and all
events of the order are sent again from the first on. Until they have arrived the order looks unfulfilled. An order whose events are
not all in the outbox any more is named and left as it is.

Without -order the whole outbox is read, which on AWS costs accordingly. Interrupted, it may be repeated; with -checkpoint it goes on
where it stopped, and an order that was reset but not sent again is found by reconcile. Times are RFC 3339, or durations like 2h for
so long ago, which a checkpoint does not go with.`,
		flags: func(set *flag.FlagSet) func(context.Context, *session) error {
			r := &replay{}
			set.StringVar(&r.order, "order", "", "`id` of the order whose events are sent again")
			set.StringVar(&r.kind, "type", "", "send only events of this `type`, like order.placed")
			since := set.String("since", "", "send only events from this `time` on")
			until := set.String("until", "", "send only events before this `time`")
			set.BoolVar(&r.rebuild, "rebuild", false, "have the consumer forget the orders first, and send all of their events")
			file := set.String("checkpoint", "", "`file` that says how far the work has come; it is removed at the end")
			return func(ctx context.Context, s *session) error {
				r.session = s
				var err error
				if r.since, err = moment("since", *since, s.now()); err != nil {
					return err
				}
				if r.until, err = moment("until", *until, s.now()); err != nil {
					return err
				}
				if r.order == "" && r.kind == "" && r.since == "" && r.until == "" {
					return usagef("replay: at least one of -order, -type, -since and -until says what to send")
				}
				if *file != "" && (isDuration(*since) || isDuration(*until)) {
					return usagef("replay: -checkpoint needs times that stay the same when the command is repeated")
				}
				return r.run(ctx, *file)
			}
		},
	}
}

// moment reads a time as the outbox writes it, empty if there is none.
func moment(name, text string, now time.Time) (string, error) {
	if text == "" {
		return "", nil
	}
	if isDuration(text) {
		d, err := time.ParseDuration(text)
		return outbox.FormatTime(now.Add(-d)), err
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return "", usagef("replay: -%s is %q, want a time like 2026-11-24T12:00:00Z or a duration like 2h", name, text)
	}
	return outbox.FormatTime(t), nil
}

func isDuration(text string) bool {
	d, err := time.ParseDuration(text)
	return err == nil && d >= 0
}

// A replay sends events again.
type replay struct {
	*session
	order, kind  string
	since, until string // as the outbox writes times, which sort as text; empty for no limit
	rebuild      bool

	orders, left atomic.Int64
}

// A replayLine is an order of which events were sent again, or that had to be left.
type replayLine struct {
	Kind    string  `json:"kind"`
	OrderID string  `json:"orderId"`
	Action  string  `json:"action"` // re-emitted, rebuilt, left, or what a dry run would do
	Why     string  `json:"why,omitzero"`
	Was     int64   `json:"was,omitzero"` // the consumer's position before it forgot the order
	Events  []int64 `json:"events,omitzero"`
}

func (l *replayLine) text() string {
	text := l.OrderID + "  " + l.Action
	if l.Why != "" {
		return text + ", " + l.Why
	}
	if l.Was > 0 {
		text += fmt.Sprintf(" (the consumer was at %d)", l.Was)
	}
	return fmt.Sprintf("%s: events %v", text, l.Events)
}

type replaySummary struct {
	Kind    string  `json:"kind"`
	Command string  `json:"command"`
	DryRun  bool    `json:"dryRun"`
	Rebuild bool    `json:"rebuild"`
	Orders  int64   `json:"orders"`
	Left    int64   `json:"left"`
	Sent    int64   `json:"sent"`
	Seconds float64 `json:"seconds"`
}

func (l *replaySummary) text() string {
	var b strings.Builder
	b.WriteString(count(l.Sent, "event"))
	b.WriteString(" of ")
	b.WriteString(count(l.Orders, "order"))
	switch {
	case l.DryRun:
		b.WriteString(" would be sent again")
	case l.Rebuild:
		b.WriteString(" sent again, which the consumer applies from the first on")
	default:
		b.WriteString(" sent again")
	}
	fmt.Fprintf(&b, " in %.1f s", l.Seconds)
	if l.Left > 0 {
		fmt.Fprintf(&b, "; %s left as they are", count(l.Left, "order"))
	}
	return b.String()
}

func (r *replay) run(ctx context.Context, checkpoint string) error {
	begun := time.Now()
	var err error
	if r.order != "" {
		err = r.one(ctx)
	} else {
		err = r.all(ctx, checkpoint)
	}
	if err != nil {
		return err
	}
	r.print(&replaySummary{
		Kind: "summary", Command: "replay", DryRun: r.dryRun, Rebuild: r.rebuild, Orders: r.orders.Load(), Left: r.left.Load(),
		Sent: r.emit.sent.Load(), Seconds: time.Since(begun).Seconds(),
	})
	if r.left.Load() > 0 {
		return errLeft
	}
	return nil
}

// chosen says whether an event is among those to be sent again.
func (r *replay) chosen(kind, at string) bool {
	return (r.kind == "" || kind == r.kind) && (r.since == "" || at >= r.since) && (r.until == "" || at < r.until)
}

func (r *replay) all(ctx context.Context, checkpoint string) error {
	begun := time.Now()
	table := &sweep.Sweep{Client: r.DynamoDB, Table: r.EventsTable, Attributes: []string{"type", "time"}, Sorted: true}
	if checkpoint != "" && !r.dryRun {
		of := fmt.Sprintf("replay %s type=%s since=%s until=%s rebuild=%t", r.EventsTable, r.kind, r.since, r.until, r.rebuild)
		var err error
		if table.Checkpoint, _, err = sweep.OpenCheckpoint(checkpoint, of); err != nil {
			return err
		}
	}
	end := r.watch(func() string {
		n := table.Rows()
		return fmt.Sprintf("replay: %d events read, %.0f/s, %d sent again", n, float64(n)/time.Since(begun).Seconds(), r.emit.sent.Load())
	})
	defer end()
	return table.Run(ctx, func() sweep.Visitor { return &selection{replay: r} })
}
