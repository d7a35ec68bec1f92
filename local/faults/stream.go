package faults

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/kinesis"
)

// held is how long a record that waits for the next batch waits for it at most.
const held = 100 * time.Millisecond

// splitOneIn is how seldom a batch is written in two parts.
const splitOneIn = 20

// Entry is a record on its way to a stream.
type Entry = kinesis.PutRecordsEntry

// Stream is the stream that records are on their way to. [*kinesis.Engine] is one.
type Stream interface {
	awsapi.Service
	kinesis.API
}

// Chaos returns the Chaos hook of package replication for the destination that writes to a stream, named by its ARN. It is nil if
// nothing goes wrong with streams.
func (i *Injector) Chaos(to Stream, arn string) func(context.Context, []Entry) [][]Entry {
	m := i.mix
	if m.Duplicate == 0 && m.Reorder == 0 && m.Lose == 0 && m.Delay == 0 && m.Reshard == 0 {
		return nil
	}
	random := func(kind string) *rand.Rand { return newSource(i.seed, kind).random }
	s := &stream{
		Injector: i, to: to, arn: arn,
		duplicate: random("duplicate"), reorder: random("reorder"), delay: random("delay"), lose: random("lose"), split: random("split"),
	}
	s.splitter = newSplitter(i, to, arn)
	return s.disturb
}

// stream disturbs the records of one destination. All but what mu guards belongs to the goroutine of the destination.
type stream struct {
	*Injector
	to                                     Stream
	arn                                    string
	duplicate, reorder, delay, lose, split *rand.Rand
	splitter                               *splitter

	mu      sync.Mutex
	waiting []Entry // for the next batch
}

func (s *stream) disturb(ctx context.Context, batch []Entry) [][]Entry {
	s.splitter.passed(ctx, len(batch))
	if s.mix.Delay > 0 {
		s.delayed.Add(int64(len(batch)))
		if !s.pause(ctx, time.Duration(s.delay.Float64()*float64(s.mix.Delay))) {
			return nil
		}
	}
	batch = s.mixUp(s.take(), s.thin(batch))
	if len(batch) > 1 && s.split.IntN(splitOneIn) == 0 {
		at := 1 + s.split.IntN(len(batch)-1)
		return [][]Entry{batch[:at], batch[at:]}
	}
	return [][]Entry{batch}
}

// thin loses some records and doubles some of the others.
func (s *stream) thin(batch []Entry) []Entry {
	out := make([]Entry, 0, len(batch)+len(batch)/8)
	for _, entry := range batch {
		lose, twice := s.lose.Float64() < s.mix.Lose, s.duplicate.Float64() < s.mix.Duplicate
		switch {
		case lose:
			s.lost.Add(1)
			continue
		case twice:
			s.duplicated.Add(1)
			out = append(out, entry)
		}
		out = append(out, entry)
	}
	return out
}

// mixUp moves some records to later places: in the batch, or in the one after it. Those that have waited for this one, in early, get
// a place of their own.
func (s *stream) mixUp(early, batch []Entry) []Entry {
	if s.mix.Reorder == 0 {
		return batch
	}
	var late []Entry
	out := make([]Entry, 0, len(batch)+len(early))
	var moved []Entry
	for _, entry := range batch {
		switch lot := s.reorder.Float64(); {
		case lot >= s.mix.Reorder:
			out = append(out, entry)
			continue
		case lot < s.mix.Reorder/4:
			late = append(late, entry)
		default:
			moved = append(moved, entry)
		}
		s.reordered.Add(1)
	}
	for _, entry := range append(moved, early...) {
		out = slices.Insert(out, s.reorder.IntN(len(out)+1), entry)
	}
	if len(late) > 0 {
		s.mu.Lock()
		s.waiting = append(s.waiting, late...)
		s.mu.Unlock()
		s.running.Go(s.flush)
	}
	return out
}

// take returns the records that wait for the next batch.
func (s *stream) take() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.waiting
	s.waiting = nil
	return out
}

// flush writes the records that wait for a batch that does not come.
func (s *stream) flush() {
	ctx := context.Background()
	if !s.pause(ctx, held+s.mix.Delay) {
		return // they are lost like everything that is under way when the desk stops
	}
	for late := range slices.Chunk(s.take(), 500) {
		if _, err := s.to.PutRecords(ctx, nil, &kinesis.PutRecordsInput{StreamARN: s.arn, Records: late}); err != nil {
			s.logger.Warn("records lost", "records", len(late), "error", err)
			s.lost.Add(int64(len(late)))
		}
	}
}

// pause waits, and reports whether there is anything to go on with.
func (i *Injector) pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-i.stop:
	}
	return false
}
