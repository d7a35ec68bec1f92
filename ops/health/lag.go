package health

import (
	"context"
	"fmt"
	"time"

	"transactional-outbox/ops/position"
	"transactional-outbox/ops/shards"
)

// probes are the ages at which the stream is looked into, oldest last. What arrived then must have been delivered.
var probeAges = []time.Duration{
	time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour, 12 * time.Hour,
	24 * time.Hour, 3 * 24 * time.Hour, 7 * 24 * time.Hour,
}

// perProbe is how many records of one shard are looked at per age. A shard can be read five times a second by everybody together, so
// few large looks are better than many.
const perProbe = 100

// lag samples the stream: how old is the oldest event that arrived and that the consumer has not reached? What exactly is missing is
// reconcile's business; this tells a consumer that is behind from one that is not, in a few seconds, however large the outbox is.
func (e *examination) lag(ctx context.Context) {
	const check = "consumer"
	stream := &shards.Stream{Client: e.Kinesis, Name: e.StreamName}
	ids, err := stream.IDs(ctx)
	if err != nil {
		e.failed(check, err)
		return
	}
	s := sampling{examination: e, stream: stream, at: map[string]position.Position{}}
	for _, id := range e.choose(ids) {
		if err := s.shard(ctx, id); err != nil {
			e.failed(check, err)
			return
		}
	}
	if s.behind > 0 {
		e.add(check, Unwell, fmt.Sprintf("%d of %d sampled events have not been delivered, the oldest since %s", s.behind, s.events, s.oldest.Round(time.Second)),
			"go run ./ops reconcile -repair; if they stay, look at the consumer's log and its mapping")
		return
	}
	e.add(check, Healthy, fmt.Sprintf("%d sampled events older than %s have all been delivered", s.events, e.o.Grace), "")
}

// choose takes some of the shards by chance.
func (e *examination) choose(ids []string) []string {
	for i := range min(len(ids), e.o.Samples) {
		j := i + int(e.o.Random(int64(len(ids)-i)))
		ids[i], ids[j] = ids[j], ids[i]
	}
	return ids[:min(len(ids), e.o.Samples)]
}

type sampling struct {
	*examination
	stream *shards.Stream
	at     map[string]position.Position

	counted map[string]bool // sequence numbers of the shard that are part of the sample already

	events, behind int
	oldest         time.Duration
}

// shard looks into a shard at every age that it can have, and at the moment the grace period began.
func (s *sampling) shard(ctx context.Context, id string) error {
	now := s.o.Now()
	s.counted = map[string]bool{}
	for _, age := range append([]time.Duration{s.o.Grace}, probeAges...) {
		if age < s.o.Grace || s.streamRetention > 0 && age > s.streamRetention {
			continue
		}
		records, err := s.stream.Sample(ctx, id, now.Add(-age), perProbe)
		if err != nil {
			return err
		}
		if err := s.judge(ctx, records, now); err != nil {
			return err
		}
	}
	return nil
}

func (s *sampling) judge(ctx context.Context, records []shards.Record, now time.Time) error {
	var ids []string
	seen := map[string]bool{}
	for _, r := range records {
		if !seen[r.OrderID] && len(ids) < position.MaxBatch {
			seen[r.OrderID] = true
			ids = append(ids, r.OrderID)
		}
	}
	if err := s.positions().Read(ctx, ids, s.at); err != nil {
		return err
	}
	for _, r := range records {
		age := now.Sub(r.Arrived)
		if age < s.o.Grace || !seen[r.OrderID] || s.counted[r.SequenceNumber] {
			continue
		}
		s.counted[r.SequenceNumber] = true
		s.events++
		// Parked orders are a finding of their own.
		if at := s.at[r.OrderID]; at.Last < r.Sequence && at.Parked == nil {
			s.behind++
			s.oldest = max(s.oldest, age)
		}
	}
	return nil
}

// parked counts the orders that wait for an operator.
func (e *examination) parked(ctx context.Context) {
	const check = "parked orders"
	if e.o.Quick || e.o.CountParked == nil {
		e.add(check, Skipped, "not counted: that reads the consumer's whole table", "")
		return
	}
	n, err := e.o.CountParked(ctx)
	switch {
	case err != nil:
		e.failed(check, err)
	case n > 0:
		e.add(check, Unwell, fmt.Sprintf("%d", n), "go run ./ops parked, and once the cause is gone go run ./ops unpark")
	default:
		e.add(check, Healthy, "none", "")
	}
}
