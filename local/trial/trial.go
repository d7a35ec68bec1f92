// Package trial puts a desk through its paces: clients place orders, repeat requests and cancel orders, and the trial then proves from
// the tables alone that no event was lost, applied twice or applied out of order.
//
// On a hostile desk the clients behave as real ones do: they send a request again with the same Idempotency-Key when they get no
// answer, or one that asks for it; some hang up early, and some never come back. When all is quiet, the trial repairs as an operator
// would with reconcile: it sends again what has not been delivered, and releases orders that were parked for a missing event that is
// there again.
//
// The proof shares no code with the functions. It has two parts. The history follows the changes of the outbox and of the consumer's
// state: a state that moves from sequence n to n+1 has applied exactly the event n+1. It moves on by more only where it says that it
// has applied as many events at once, and any other move is a fault. The books are a look at all tables when everything is over: each
// order with its events and its state, and each request with its order.
//
// Memory grows with the number of orders, by about 300 bytes for each.
package trial

import (
	"context"
	"io"
	"time"

	"transactional-outbox/local/awsapi"
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
	// Tables is DynamoDB as its owner calls it.
	Tables awsapi.Service
	// OrdersTable, EventsTable and FulfilmentsTable are the tables that are looked at. They must be empty.
	OrdersTable, EventsTable, FulfilmentsTable string
	// Feed opens the changes of a table.
	Feed func(table string) (*dynamodb.Feed, error)
	// Queues is SQS as its owner calls it, and DeadLetters are the URLs of the queues that must be empty in the end.
	Queues      awsapi.Service
	DeadLetters []string
	// Hostile says that things go wrong on purpose: clients insist, some of them hang up, and what is left undelivered is repaired.
	Hostile bool
	// Excuses is how many events may by now have been kept from the consumer by lost records or early expiry. Repairs beyond that
	// number are a breach: the consumer has given something up that it had received. Nil means none.
	Excuses func() int64
	// Busy tells whether anything is on its way between the outbox and the consumer. Nil means never.
	Busy func() bool
	// Duplicates is how many duplicates the consumer says it has dropped so far.
	Duplicates func() int64
	// Seed makes the same requests in the same order. Their timing differs from run to run.
	Seed uint64
	// Patience is how long nothing may move, or on a hostile desk get better, before the trial gives up waiting. 0 means 30 seconds,
	// and half of that on a hostile desk, where waiting seldom helps.
	Patience time.Duration
	// Quiet is how long nothing moves on a hostile desk before it counts as quiet and is repaired. 0 means 3 seconds.
	Quiet time.Duration
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
	// Retried counts requests that were sent again for want of a good answer, Gone clients that hung up and never came back.
	Retried, Gone int64
	// Failure is one of the failed requests, for the person who has to find out why.
	Failure string
	Findings
	// Untold counts orders that no client was told of: their answers were lost, and they carried no idempotency key by which to
	// find out, or their client never came back.
	Untold int64
	// Breaches are the rules that the tables break.
	Breaches []Breach
	// Rounds counts repairs, Repaired orders of which events were sent again, and Letters dead letters redriven that way.
	Rounds, Repaired, Letters int64
	// DuplicatesDropped is what the consumer says it has dropped.
	DuplicatesDropped int64
	// Placing and Total are the times until the last answer and until the last effect; Proving is how long the last look at the
	// tables took.
	Placing, Total, Proving time.Duration
	// FirstHalf and SecondHalf are orders per second, effects included, in each half of the run.
	FirstHalf, SecondHalf float64
}

// Proven reports whether nothing was lost, doubled or reordered, no rule is broken, and every request was answered with success.
func (r Report) Proven() bool {
	return r.Failed == 0 && len(r.Breaches) == 0 && r.Lost == 0 && r.Doubled == 0 && r.OutOfOrder == 0
}

func (o *Options) setDefaults() {
	if o.Clients == 0 {
		o.Clients = 16
	}
	if o.Patience == 0 {
		o.Patience = 30 * time.Second
		if o.Hostile {
			o.Patience /= 2
		}
	}
	if o.Quiet == 0 {
		o.Quiet = 3 * time.Second
	}
	if o.Excuses == nil {
		o.Excuses = func() int64 { return 0 }
	}
	if o.Busy == nil {
		o.Busy = func() bool { return false }
	}
	if o.Duplicates == nil {
		o.Duplicates = func() int64 { return 0 }
	}
}

// Run places the orders, waits until the consumer has caught up or stopped making progress, repairs what is left if the desk is
// hostile, and reports. It returns an error only if the trial could not be held.
func Run(ctx context.Context, options Options) (*Report, error) {
	options.setDefaults()
	watching, stop := context.WithCancel(ctx)
	defer stop()
	begun := time.Now()
	names := newNames()
	history, err := watch(watching, names, begun, options)
	if err != nil {
		return nil, err
	}
	defer history.close()

	duplicates := options.Duplicates()
	demand := newDemand(names, options)
	load := newLoad(options, demand)
	progress := startProgress(options, begun, load, history)
	defer progress.stop()

	if err := load.run(ctx); err != nil {
		return nil, err
	}
	report := &Report{Seed: options.Seed, Placing: time.Since(begun)}
	operator := &operator{options: options, history: history, demand: demand, report: report}
	books, err := operator.settle(ctx)
	if err != nil {
		return nil, err
	}
	progress.stop()

	load.tell(report)
	report.Total = history.lastEffect().Sub(begun)
	report.Findings = history.findings()
	report.Untold = books.untold
	report.Breaches = books.breaches.list()
	report.DuplicatesDropped = options.Duplicates() - duplicates
	report.FirstHalf, report.SecondHalf = history.halves()
	return report, nil
}
