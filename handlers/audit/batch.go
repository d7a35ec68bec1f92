package audit

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
)

// maxBatchGet is the limit of BatchGetItem.
const maxBatchGet = 100

// Audit decides about the records of a batch. Each may be audited any number of times.
//
// An order that is parked has not reached its next event, so what it waits for is put back like anything else undelivered.
func (a *Auditor) Audit(ctx context.Context, batch []Removal) Outcome {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-a.o.Margin))
		defer cancel()
	}
	t := &tally{batch: batch, failed: make([]bool, len(batch))}
	works := byOrder(batch, a.expired(ctx, t))
	for group := range slices.Chunk(works, maxBatchGet) {
		a.group(ctx, t, group)
	}
	return t.outcome()
}

// A tally is what has become of a batch so far. Orders are worked on at the same time, but no two of them share a record.
type tally struct {
	batch                                    []Removal
	failed                                   []bool
	ignored, delivered, resurrected, present atomic.Int64
}

func (t *tally) fail(records []int) {
	for _, i := range records {
		t.failed[i] = true
	}
}

func (t *tally) outcome() Outcome {
	out := Outcome{
		Records: len(t.batch), Ignored: int(t.ignored.Load()), Delivered: int(t.delivered.Load()),
		Resurrected: int(t.resurrected.Load()), Present: int(t.present.Load()),
	}
	for i := range t.batch {
		if t.failed[i] {
			out.Failures = append(out.Failures, t.batch[i].SequenceNumber)
		}
	}
	out.Failed = len(out.Failures)
	return out
}

// expired returns the indices of the records to decide about.
//
// One that cannot be read is reported as failed: once its retries are used up the event source mapping writes its whereabouts to
// the dead-letter queue, where it can be looked up as long as the stream keeps it.
func (a *Auditor) expired(ctx context.Context, t *tally) []int {
	var indices []int
	for i := range t.batch {
		switch r := &t.batch[i]; {
		case r.Err != nil:
			t.failed[i] = true
			a.o.Log.LogAttrs(ctx, slog.LevelError, "record unreadable", slog.String("sequenceNumber", r.SequenceNumber),
				slog.String("error", r.Err.Error()))
		case !r.Expired:
			t.ignored.Add(1)
		default:
			indices = append(indices, i)
		}
	}
	return indices
}

// byOrder sorts records by order and sequence and splits them by order.
func byOrder(batch []Removal, records []int) [][]int {
	slices.SortStableFunc(records, func(x, y int) int {
		return cmp.Or(cmp.Compare(batch[x].OrderID, batch[y].OrderID), cmp.Compare(batch[x].Sequence, batch[y].Sequence))
	})
	var works [][]int
	for start := 0; start < len(records); {
		end := start + 1
		for end < len(records) && batch[records[end]].OrderID == batch[records[start]].OrderID {
			end++
		}
		works = append(works, records[start:end])
		start = end
	}
	return works
}

// group audits as many orders as one read of their positions covers.
func (a *Auditor) group(ctx context.Context, t *tally, works [][]int) {
	ids := make([]string, len(works))
	for i, work := range works {
		ids[i] = t.batch[work[0]].OrderID
	}
	positions, err := a.Positions(ctx, ids)
	if err != nil {
		a.o.Log.LogAttrs(ctx, slog.LevelWarn, "positions unknown", slog.Int("orders", len(ids)), slog.String("error", err.Error()))
		for _, work := range works {
			t.fail(work)
		}
		return
	}
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(a.o.Concurrency, len(works)) {
		workers.Go(func() {
			for w := int(next.Add(1)) - 1; w < len(works); w = int(next.Add(1)) - 1 {
				a.order(ctx, t, works[w], positions[ids[w]])
			}
		})
	}
	workers.Wait()
}

// order puts back what of one order lies beyond the consumer's position. Where one event fails the later ones wait, so that none
// of them appears in the outbox before it.
func (a *Auditor) order(ctx context.Context, t *tally, records []int, position int64) {
	for k, i := range records {
		r := &t.batch[i]
		if r.Sequence <= position {
			t.delivered.Add(1)
			continue
		}
		restored, err := a.Restore(ctx, r)
		switch {
		case err != nil:
			a.o.Log.LogAttrs(ctx, slog.LevelWarn, "event not put back", slog.String("orderId", r.OrderID),
				slog.Int64("sequence", r.Sequence), slog.String("error", err.Error()))
			t.fail(records[k:])
			return
		case restored:
			t.resurrected.Add(1)
		default:
			t.present.Add(1)
		}
	}
}
