package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"sync/atomic"
	"time"

	"transactional-outbox/ops/letter"
)

// hidden is how long a dead letter that is being worked on is kept from others.
const hidden = 10 * time.Minute

func redriveCommand() *command {
	return &command{
		name: "redrive", summary: "send the events of dead letters again, then delete the letters", writes: true,
		about: `A dead letter says which records of the stream exhausted their retries, not what was in them. Redrive fetches them from the stream,
sends each event that the consumer has not reached again, and deletes the letter once that is done for every order in it. Letters of
the auditor are about events that expired: what the consumer has not reached is put back.

A letter whose records the stream no longer keeps, or that cannot be read, is named and kept: reconcile finds what it was about, and
-discard then deletes it. Interrupted, it may be repeated at any time: a letter is deleted last, and one that was taken but not
finished appears again within 10 minutes at most. Letters are hidden from others while it runs, a dry run included.`,
		flags: func(set *flag.FlagSet) func(context.Context, *session) error {
			discard := set.Bool("discard", false, "delete also the letters from which nothing can be sent again; run reconcile -repair first")
			return func(ctx context.Context, s *session) error {
				r := &redrive{session: s, discard: *discard, seen: map[string]bool{}}
				return r.run(ctx)
			}
		},
	}
}

// A redrive works through the dead letters.
type redrive struct {
	*session
	discard bool
	seen    map[string]bool // message ids
	letters atomic.Int64    // that were taken; the line of progress reads it meanwhile

	deleted, kept, records, delivered, lost, restored int64
}

// A letterLine is what became of a dead letter.
type letterLine struct {
	Kind      string      `json:"kind"`
	Letter    string      `json:"letter"`
	Source    string      `json:"source,omitzero"`
	Shard     string      `json:"shardId,omitzero"`
	Start     string      `json:"startSequenceNumber,omitzero"`
	End       string      `json:"endSequenceNumber,omitzero"`
	Condition string      `json:"condition,omitzero"`
	Arrived   time.Time   `json:"firstArrival,omitzero"`
	Records   int64       `json:"records"` // that the stream still has
	Orders    []orderLine `json:"orders,omitzero"`
	Unknown   int64       `json:"unreadable,omitzero"` // records of which it cannot be told what they are about
	Gone      bool        `json:"gone,omitzero"`       // the stream does not have all of the records any more
	Action    string      `json:"action"`              // deleted, would be deleted, kept, discarded
	Why       string      `json:"why,omitzero"`
}

// An orderLine is what became of the events of one order in a letter.
type orderLine struct {
	OrderID   string  `json:"orderId"`
	Sent      []int64 `json:"sent,omitzero"`      // again
	Restored  []int64 `json:"restored,omitzero"`  // put back into the outbox, which sends them
	Delivered []int64 `json:"delivered,omitzero"` // the consumer had reached them
	Lost      []int64 `json:"lost,omitzero"`      // the outbox does not have them, and the consumer has not reached them
	Parked    string  `json:"parked,omitzero"`    // why the order is parked
}

func (l *letterLine) text() string {
	text := "letter " + l.Letter
	if l.Shard != "" {
		text += fmt.Sprintf("  %s %s, %s of %s, %s", l.Source, l.Condition, count(l.Records, "record"), count(int64(len(l.Orders)), "order"), l.Shard)
	}
	text += ": " + l.Action
	if l.Why != "" {
		text += ", " + l.Why
	}
	for _, o := range l.Orders {
		text += "\n  " + o.text()
	}
	return text
}

func (o *orderLine) text() string {
	text := o.OrderID
	for _, part := range []struct {
		what   string
		events []int64
	}{{"sent again", o.Sent}, {"put back", o.Restored}, {"delivered already", o.Delivered}, {"not in the outbox", o.Lost}} {
		if len(part.events) > 0 {
			text += fmt.Sprintf("  %s %v", part.what, part.events)
		}
	}
	if o.Parked != "" {
		text += "  parked (" + o.Parked + "): unpark it"
	}
	return text
}

type redriveSummary struct {
	Kind      string `json:"kind"`
	Command   string `json:"command"`
	DryRun    bool   `json:"dryRun"`
	Letters   int64  `json:"letters"`
	Deleted   int64  `json:"deleted"`
	Kept      int64  `json:"kept"`
	Records   int64  `json:"records"`
	Sent      int64  `json:"sent"`
	Restored  int64  `json:"restored"`
	Delivered int64  `json:"delivered"`
	Lost      int64  `json:"lost"`
}

func (s *redriveSummary) text() string {
	if s.Letters == 0 {
		return "no dead letters"
	}
	verbs := [...]string{"sent again", "put back", "deleted"}
	if s.DryRun {
		verbs = [...]string{"would be sent again", "would be put back", "would be deleted"}
	}
	return fmt.Sprintf("%s: %s %s, %d %s, %d delivered already; %d letters %s, %d kept",
		count(s.Letters, "dead letter"), count(s.Sent, "event"), verbs[0], s.Restored, verbs[1], s.Delivered, s.Deleted, verbs[2], s.Kept)
}

func (r *redrive) run(ctx context.Context) error {
	end := r.watch(func() string {
		return fmt.Sprintf("redrive: %s, %s sent again", count(r.letters.Load(), "dead letter"), count(r.emit.sent.Load(), "event"))
	})
	err := r.drain(ctx, r.deadLetters())
	if queue := r.auditLetters(); err == nil && queue != nil {
		err = r.drain(ctx, queue)
	}
	end()
	if err != nil {
		return err
	}
	r.print(&redriveSummary{
		Kind: "summary", Command: "redrive", DryRun: r.dryRun, Letters: r.letters.Load(), Deleted: r.deleted, Kept: r.kept, Records: r.records,
		Sent: r.emit.sent.Load(), Restored: r.restored, Delivered: r.delivered, Lost: r.lost,
	})
	if r.kept > 0 {
		return errLeft
	}
	return nil
}

// drain works through a queue until it has nothing more to give. Letters that are kept stay hidden until the end, so that each is seen
// once, and are then given back.
func (r *redrive) drain(ctx context.Context, queue *letter.Queue) (err error) {
	var held []letter.Message
	defer func() {
		// Also after an interruption: others should not have to wait.
		err = errors.Join(err, queue.Release(context.WithoutCancel(ctx), held))
	}()
	for {
		messages, err := queue.Receive(ctx, hidden)
		if err != nil || len(messages) == 0 {
			return err
		}
		for i := range messages {
			m := &messages[i]
			if r.seen[m.ID] {
				// SQS may deliver a message twice, hidden or not.
				held = append(held, *m)
				continue
			}
			r.seen[m.ID] = true
			keep, err := r.settle(ctx, queue, m)
			if keep || err != nil {
				held = append(held, *m)
			}
			if err != nil {
				return errors.Join(err, queue.Release(context.WithoutCancel(ctx), messages[i+1:]))
			}
		}
	}
}
