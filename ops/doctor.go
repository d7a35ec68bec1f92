package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"transactional-outbox/ops/health"
	"transactional-outbox/ops/position"
)

func doctorCommand() *command {
	return &command{
		name: "doctor", summary: "find out whether all is well, and what to do if not",
		about: `Checks what lies between the outbox and its consumer: the events table, its streaming destination, the stream, the event source
mappings and whether retentions fit together; whether the consumer keeps up, by sampling the stream; whether orders are parked and
dead letters waiting. Each finding names its fix. Counting the parked orders reads the consumer's whole table: -skip-parked leaves it out.
Exit code 0 means healthy, 1 that there are findings, 2 that something could not be checked and nothing else was found. The desk does
not serve every API that this asks; what it lacks is skipped.`,
		flags: func(set *flag.FlagSet) func(context.Context, *session) error {
			quick := set.Bool("skip-parked", false, "do not count the parked orders")
			grace := set.Duration("grace", time.Minute, "an event may take this long to be delivered")
			return func(ctx context.Context, s *session) error {
				if *grace <= 0 {
					return usagef("doctor: -grace must be more than 0")
				}
				return s.examine(ctx, *quick, *grace)
			}
		},
	}
}

// A diagnosis is everything the doctor found.
type diagnosis struct {
	Kind     string           `json:"kind"`
	Stage    string           `json:"stage"`
	Healthy  bool             `json:"healthy"`
	Findings []health.Finding `json:"findings"`
}

func (d *diagnosis) text() string {
	var b strings.Builder
	for _, f := range d.Findings {
		fmt.Fprintf(&b, "%-8s %-24s %s\n", f.State, f.Check, f.Text)
		if f.Fix != "" {
			fmt.Fprintf(&b, "%-8s %-24s → %s\n", "", "", f.Fix)
		}
	}
	b.WriteString(d.conclusion())
	return b.String()
}

func (d *diagnosis) conclusion() string {
	switch n := d.count(health.Unwell); {
	case n > 0:
		return count(n, "finding")
	case !d.Healthy:
		return "nothing was found, but not everything could be checked"
	}
	return "healthy"
}

func (d *diagnosis) count(state health.State) (n int64) {
	for _, f := range d.Findings {
		if f.State == state {
			n++
		}
	}
	return n
}

var errUnchecked = errors.New("not everything could be checked")

func (s *session) examine(ctx context.Context, quick bool, grace time.Duration) error {
	end := s.watch(func() string { return "doctor: examining" })
	findings := health.Examine(ctx, s.Stage, health.Options{
		Quick: quick, Grace: grace, Now: s.now, Random: rand.Int64N,
		CountParked: func(ctx context.Context) (int64, error) {
			var n atomic.Int64
			err := s.eachParked(ctx, "", func(context.Context, string, position.Position) error {
				n.Add(1)
				return nil
			})
			return n.Load(), err
		},
	})
	end()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	d := &diagnosis{Kind: "doctor", Stage: s.Stage.Stage, Findings: findings}
	unwell, unknown := d.count(health.Unwell), d.count(health.Unknown)
	d.Healthy = unwell+unknown == 0
	s.print(d)
	switch {
	case unwell > 0:
		return errLeft
	case unknown > 0:
		return errUnchecked
	}
	return nil
}
