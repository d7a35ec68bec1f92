package trial

import (
	"fmt"
	"sync/atomic"
	"time"
)

// progress shows how far a trial has come.
type progress struct {
	options Options
	done    chan struct{}
	ended   chan struct{}
	stopped atomic.Bool
}

func startProgress(options Options, begun time.Time, load *load, history *history) *progress {
	p := &progress{options: options, done: make(chan struct{}), ended: make(chan struct{})}
	if options.Progress == nil {
		close(p.ended)
		return p
	}
	interval, end := 5*time.Second, "\n"
	if options.Terminal {
		interval, end = 200*time.Millisecond, "\r"
	}
	go func() {
		defer close(p.ended)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				placed := load.placed.Load()
				committed, delivered := history.counts()
				rate := float64(placed) / time.Since(begun).Seconds()
				fmt.Fprintf(options.Progress, "placed %d of %d, events committed %d, delivered %d, %.0f orders/s   %s",
					placed, options.Orders, committed, delivered, rate, end)
			case <-p.done:
				return
			}
		}
	}()
	return p
}

// stop ends the progress line. It may be called more than once.
func (p *progress) stop() {
	if p.stopped.Swap(true) {
		return
	}
	close(p.done)
	<-p.ended
	if p.options.Progress != nil && p.options.Terminal {
		fmt.Fprint(p.options.Progress, "\x1b[2K\r")
	}
}
