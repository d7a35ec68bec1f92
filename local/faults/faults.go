// Package faults makes the desk go wrong on purpose, in the ways in which AWS does: stream records that are duplicated, reordered,
// late or lost; function processes that are killed; DynamoDB calls that are throttled, meet a conflict, fail or get no answer although they
// have taken effect; events that expire early; shards that split under load.
//
// A [Mix] says what goes wrong how often; [Parse] reads one from the command line. [New] makes an [Injector] of it, whose methods are
// the hooks of the engines: [Injector.Chaos] of the streaming destination, [Injector.Kill] of Lambda, [Injector.Tables] of the
// endpoint for functions, [Injector.Expire] of a table with a time to live.
//
// # What a seed reproduces
//
// Each kind of fault has a random source of its own, seeded with the seed and its name, so that changing one probability leaves the
// others alone. The n-th record on its way to a stream, the n-th invocation taken by a process, the n-th call that a function makes
// and the n-th event committed meet the same fate in every run with the same mix and seed. Which record, invocation or call is the
// n-th is up to the scheduler as soon as there is more than one client; with -clients 1 it nearly always is the same. How long a
// fault lasts is measured in real time and therefore never exactly repeated.
package faults

import (
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Mix is what goes wrong, and how often: probabilities from 0 to 1, and all zero for a calm desk.
type Mix struct {
	// Duplicate, Reorder and Lose are of each stream record: it is written twice, changes places with later ones, or never arrives.
	Duplicate, Reorder, Lose float64
	// Delay is the most that records are late.
	Delay time.Duration
	// Crash is of each invocation: its process is killed before it starts, in the middle of it, or when the work is done and the
	// answer is not out yet.
	Crash float64
	// Throttle is of each DynamoDB call of a function: it is refused for lack of throughput, or because of a conflicting transaction.
	Throttle float64
	// Fail is of each DynamoDB call of a function: DynamoDB fails, with HTTP status 500. Half of these calls have taken effect.
	Fail float64
	// Timeout is of each DynamoDB call of a function: it takes effect, and its answer is lost.
	Timeout float64
	// Expire is of each event: its time to live ends within two seconds.
	Expire float64
	// Reshard is how many times a shard is split while records arrive.
	Reshard int
}

// Counts is what has gone wrong so far.
type Counts struct {
	Duplicated, Reordered, Delayed, Lost       int64
	CrashedBefore, CrashedDuring, CrashedAfter int64
	Throttled, Conflicts, Failed, Unanswered   int64
	Expired, Splits                            int64
}

// Options configures [New]. A nil *Options and every zero field work.
type Options struct {
	// Logger receives what could not be made to go wrong. Nil discards it.
	Logger *slog.Logger
}

// Injector makes things go wrong. It is safe for concurrent use. Close it after everything that it disturbs.
type Injector struct {
	mix    Mix
	seed   uint64
	logger *slog.Logger

	crash, throttle, fail, timeout, expire *source

	duplicated, reordered, delayed, lost       atomic.Int64
	crashedBefore, crashedDuring, crashedAfter atomic.Int64
	throttled, conflicts, failed, unanswered   atomic.Int64
	expired, splits                            atomic.Int64

	stop    chan struct{}
	once    sync.Once
	running sync.WaitGroup
}

// New returns an injector of a mix.
func New(mix Mix, seed uint64, opts *Options) *Injector {
	i := &Injector{
		mix: mix, seed: seed, stop: make(chan struct{}), logger: slog.New(slog.DiscardHandler),
		crash: newSource(seed, "crash"), throttle: newSource(seed, "throttle"), fail: newSource(seed, "fail"),
		timeout: newSource(seed, "timeout"), expire: newSource(seed, "expire"),
	}
	if opts != nil && opts.Logger != nil {
		i.logger = opts.Logger
	}
	return i
}

// Counts returns what has gone wrong so far.
func (i *Injector) Counts() Counts {
	return Counts{
		Duplicated: i.duplicated.Load(), Reordered: i.reordered.Load(), Delayed: i.delayed.Load(), Lost: i.lost.Load(),
		CrashedBefore: i.crashedBefore.Load(), CrashedDuring: i.crashedDuring.Load(), CrashedAfter: i.crashedAfter.Load(),
		Throttled: i.throttled.Load(), Conflicts: i.conflicts.Load(), Failed: i.failed.Load(), Unanswered: i.unanswered.Load(),
		Expired: i.expired.Load(), Splits: i.splits.Load(),
	}
}

// Close ends what the injector has under way and returns when nothing runs any more. It may be called more than once.
func (i *Injector) Close() error {
	i.once.Do(func() { close(i.stop) })
	i.running.Wait()
	return nil
}

// source is the chance of one kind of fault.
type source struct {
	mu     sync.Mutex
	random *rand.Rand
}

func newSource(seed uint64, kind string) *source {
	return &source{random: rand.New(rand.NewPCG(seed, hash(kind)))}
}

// hit decides once, and if it says yes, lets detail draw the rest of the fault from the same source. Every decision takes two
// numbers, whatever its outcome, so that the n-th one does not depend on those before it.
func (s *source) hit(probability float64) (yes bool, detail float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lot, detail := s.random.Float64(), s.random.Float64()
	return lot < probability, detail
}

// hash is FNV-1a: stable between runs, unlike package maphash.
func hash(text string) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range []byte(text) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}
