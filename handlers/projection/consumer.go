package projection

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"transactional-outbox/handlers/change"
	"transactional-outbox/handlers/jsonscan"
	"transactional-outbox/handlers/metrics"
	"transactional-outbox/handlers/outbox"
)

// DynamoDB is what a Consumer asks of the service; [dynamodb.Client] is one.
type DynamoDB interface {
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
}

// Options of a Consumer; every field may be left out.
type Options struct {
	Concurrency int              // orders worked on at once; 16 by default
	Margin      time.Duration    // kept free before the deadline to tell what was done; 500 ms by default
	Log         *slog.Logger     // nothing is logged by default
	Count       *metrics.Log     // nothing is counted by default
	Now         func() time.Time // time.Now by default
}

// A Consumer applies events to the states in a table.
type Consumer struct {
	db          DynamoDB
	eventsTable string // as records name it
	stateTable  string
	events      *outbox.Table
	rule        *Rule
	o           Options
}

// New returns a consumer of the events in eventsTable, a name or an ARN, that keeps its states in stateTable.
func New(db DynamoDB, eventsTable, stateTable string, rule *Rule, o *Options) *Consumer {
	c := &Consumer{
		db: db, stateTable: stateTable, rule: rule,
		eventsTable: eventsTable[strings.LastIndexByte(eventsTable, '/')+1:],
		events:      &outbox.Table{DynamoDB: db, Name: eventsTable},
	}
	if o != nil {
		c.o = *o
	}
	if c.o.Concurrency == 0 {
		c.o.Concurrency = 16
	}
	if c.o.Margin == 0 {
		c.o.Margin = 500 * time.Millisecond
	}
	if c.o.Log == nil {
		c.o.Log = slog.New(slog.DiscardHandler)
	}
	if c.o.Now == nil {
		c.o.Now = time.Now
	}
	return c
}

// An Outcome is what became of a batch: Records = Applied - GapsFilled + Duplicates + Parked + Failed + Ignored.
type Outcome struct {
	Failures   []string // sequence numbers of the records to be sent again
	Records    int
	Applied    int // events that had their effect, those read from the outbox included
	Duplicates int // records of events that had had their effect before
	GapsFilled int // events read from the outbox because their records had not come
	Parked     int // records left because their order is parked
	Failed     int // records to be sent again
	Ignored    int // removals, and records of other tables
}

// Invoke handles the event that Lambda invokes a function with for a batch of records of a Kinesis stream, and answers with
// the records to be sent again. It fails, and with it the whole batch, only where the event is no such batch.
// https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
func (c *Consumer) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	batch, err := change.DecodeBatch(payload)
	if err != nil {
		return nil, err
	}
	defer c.o.Count.Flush()
	out := c.Consume(ctx, batch)
	c.o.Count.Add(metrics.EventsApplied, out.Applied)
	c.o.Count.Add(metrics.DuplicatesDropped, out.Duplicates)
	c.o.Count.Add(metrics.GapsFilled, out.GapsFilled)
	c.o.Log.LogAttrs(ctx, slog.LevelInfo, "batch done", slog.Int("records", out.Records), slog.Int("applied", out.Applied),
		slog.Int("duplicates", out.Duplicates), slog.Int("gapsFilled", out.GapsFilled), slog.Int("parked", out.Parked), slog.Int("failed", out.Failed))
	response := append(make([]byte, 0, 32), `{"batchItemFailures":[`...)
	for i, number := range out.Failures {
		if i > 0 {
			response = append(response, ',')
		}
		response = append(response, `{"itemIdentifier":`...)
		response = append(jsonscan.AppendString(response, number), '}')
	}
	return append(response, ']', '}'), nil
}

// Consume applies the events of a batch: orders at the same time, one order's events in sequence.
//
// It does not recover panics. A crash takes the process with it, so the event source mapping sends the batch again in
// halves until the record that crashes is alone, and keeps that one's whereabouts in the dead-letter queue; a recovered
// panic would have to be taken for a failure nobody knows anything about.
func (c *Consumer) Consume(ctx context.Context, batch []change.Delivery) Outcome {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-c.o.Margin))
		defer cancel()
	}
	var total tally
	steps := c.read(ctx, batch, &total)
	works := group(steps)
	tallies := make([]tally, len(works))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(c.o.Concurrency, len(works)) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(works); i = int(next.Add(1)) - 1 {
				c.work(ctx, works[i], &tallies[i])
			}
		})
	}
	workers.Wait()
	for i := range tallies {
		total.add(&tallies[i])
	}
	out := total.Outcome
	out.Records, out.Failed = len(batch), len(total.failed)
	for _, i := range total.failed {
		out.Failures = append(out.Failures, batch[i].SequenceNumber)
	}
	return out
}

// A tally is what became of a part of a batch.
type tally struct {
	Outcome
	failed []int // indices of records
}

func (t *tally) add(other *tally) {
	t.Applied += other.Applied
	t.Duplicates += other.Duplicates
	t.GapsFilled += other.GapsFilled
	t.Parked += other.Parked
	t.failed = append(t.failed, other.failed...)
}

// work applies the steps of one order. Where one fails, so do all after it, whatever came first in the stream: a record that
// is not sent again would otherwise be lost together with the failed one.
func (c *Consumer) work(ctx context.Context, steps []step, t *tally) {
	p := progress{Consumer: c, orderID: steps[0].orderID, tally: t}
	for len(steps) > 0 {
		done, err := p.advance(ctx, steps)
		if err == nil {
			steps = steps[done:]
			continue
		}
		c.o.Log.LogAttrs(ctx, slog.LevelWarn, "event failed", slog.String("orderId", p.orderID),
			slog.Int64("sequence", steps[0].sequence), slog.String("error", err.Error()), traceID(steps[0].event))
		for _, s := range steps {
			t.failed = append(t.failed, s.record)
		}
		return
	}
}
