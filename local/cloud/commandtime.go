package cloud

import (
	"slices"
	"sync"
	"time"
)

// busyTime adds up the time during which at least one of several overlapping activities was under way.
type busyTime struct {
	mu    sync.Mutex
	spans []span
}

type span struct{ from, to time.Time }

func (b *busyTime) note(from, to time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spans = append(b.spans, span{from, to})
}

// total merges the spans that overlap.
func (b *busyTime) total() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	slices.SortFunc(b.spans, func(a, b span) int { return a.from.Compare(b.from) })
	var total time.Duration
	var until time.Time
	for _, s := range b.spans {
		if s.from.Before(until) {
			s.from = until
		}
		if s.to.After(s.from) {
			total += s.to.Sub(s.from)
			until = s.to
		}
	}
	return total
}

// CommandTime is how long commands of the program, such as compilers, were at work.
func (c *Cloud) CommandTime() time.Duration { return c.commandTime.total() }
