// Package pace keeps work from going faster than it should.
package pace

import (
	"context"
	"sync"
	"time"
)

// slack is how far ahead of time a turn may be taken: sleeping for less than a timer can tell would slow the work down.
const slack = 2 * time.Millisecond

// A Pace hands out turns at a steady rate to any number of goroutines. The zero value, and nil, do not limit anything.
type Pace struct {
	interval time.Duration

	mu   sync.Mutex
	next time.Time
}

// New returns a pace of perSecond turns; 0 or less means no limit.
func New(perSecond float64) *Pace {
	if perSecond <= 0 {
		return &Pace{}
	}
	return &Pace{interval: time.Duration(float64(time.Second) / perSecond)}
}

// Wait returns when it is the caller's turn, or with the error of ctx if that ends first.
func (p *Pace) Wait(ctx context.Context) error {
	if p == nil || p.interval == 0 {
		return ctx.Err()
	}
	p.mu.Lock()
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	pause := p.next.Sub(now)
	p.next = p.next.Add(p.interval)
	p.mu.Unlock()
	if pause < slack {
		return ctx.Err()
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
