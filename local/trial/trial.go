// Package trial puts a desk through its paces: it places orders, repeats some requests, cancels some orders, and
// then proves from the tables alone that no event was lost, applied twice or applied out of order.
//
// The proof shares no code with the functions. It follows the changes of two tables: what the outbox table has
// committed, and how the consumer's state moved. A state that moves from sequence n to n+1 has applied exactly
// the event n+1; any other move is a fault.
package trial

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"transactional-outbox/local/dynamodb"
)

// Options configures [Run].
type Options struct {
	// Orders is how many orders are placed.
	Orders int
	// Clients is how many requests are under way at once. 0 means 16.
	Clients int
	// APIURL is where orders are placed.
	APIURL string
	// EventsTable and FulfilmentsTable are the tables that are watched.
	EventsTable, FulfilmentsTable string
	// Feed opens the changes of a table.
	Feed func(table string) (*dynamodb.Feed, error)
	// Duplicates is how many duplicates the consumer says it has dropped so far.
	Duplicates func() int64
	// Seed makes the same requests in the same order. Their timing differs from run to run.
	Seed uint64
	// Patience is how long the consumer may make no progress before the trial gives up waiting. 0 means 30 seconds.
	Patience time.Duration
	// Progress receives a line now and then; on a terminal it is overwritten in place. Nil means none.
	Progress io.Writer
	// Terminal says that Progress is a terminal.
	Terminal bool
}

// Report is the outcome of a trial.
type Report struct {
	Seed uint64
	// Requests counts what was sent; Placed and Cancelled count orders, Replayed the repeated requests that were
	// answered with the first answer, Failed the requests that got no 2xx answer.
	Requests, Placed, Cancelled, Replayed, Failed int64
	// Failure is one of the failed requests, for the person who has to find out why.
	Failure string
	// Unanswered counts orders whose request succeeded although no event of theirs was committed.
	Unanswered int64
	Findings
	// DuplicatesDropped is what the consumer says it has dropped.
	DuplicatesDropped int64
	// Placing and Total are the times until the last answer and until the last effect.
	Placing, Total time.Duration
	// FirstHalf and SecondHalf are orders per second, effects included, in each half of the run.
	FirstHalf, SecondHalf float64
}

// Proven reports whether nothing was lost, doubled or reordered, and every request was answered with success.
func (r Report) Proven() bool {
	return r.Failed == 0 && r.Unanswered == 0 && r.Lost == 0 && r.Doubled == 0 && r.OutOfOrder == 0
}

// Run places the orders, waits until the consumer has caught up or stopped making progress, and reports. It
// returns an error only if the trial could not be held.
func Run(ctx context.Context, options Options) (*Report, error) {
	if options.Clients == 0 {
		options.Clients = 16
	}
	if options.Patience == 0 {
		options.Patience = 30 * time.Second
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	checker, err := watch(watching, options)
	if err != nil {
		return nil, err
	}
	defer checker.close()

	begun := time.Now()
	duplicates := options.Duplicates()
	load := newLoad(options)
	progress := startProgress(options, begun, load, checker)
	defer progress.stop()

	if err := load.run(ctx); err != nil {
		return nil, err
	}
	placing := time.Since(begun)
	if err := checker.settle(ctx, options.Patience); err != nil {
		return nil, err
	}
	progress.stop()

	report := load.report()
	report.Seed = options.Seed
	report.Placing, report.Total = placing, checker.lastEffect().Sub(begun)
	report.Findings = checker.findings()
	report.Unanswered = checker.without(load.placedIDs())
	report.DuplicatesDropped = options.Duplicates() - duplicates
	report.FirstHalf, report.SecondHalf = checker.halves(begun)
	return &report, nil
}

// progress shows how far a trial has come.
type progress struct {
	options Options
	done    chan struct{}
	ended   chan struct{}
	stopped atomic.Bool
}

func startProgress(options Options, begun time.Time, load *load, checker *checker) *progress {
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
				committed, delivered := checker.counts()
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
