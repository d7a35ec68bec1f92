// Package audit makes sure that an event leaves the outbox only after its delivery is proven. It reads what time to live removes
// from the events table, compares it with the consumer's position, and puts back what the consumer has not reached. What is put
// back is written like any other event, so it goes through the same pipeline once more.
//
// The events of one order are put back in sequence: a consumer that sees a later one looks for the earlier ones in the outbox.
package audit

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"transactional-outbox/handlers/jsonscan"
	"transactional-outbox/handlers/metrics"
)

// DynamoDB is what an Auditor asks of the service; [dynamodb.Client] is one.
type DynamoDB interface {
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
}

// Options of an Auditor; every field may be left out.
type Options struct {
	Concurrency int                 // orders worked on at once; 16 by default
	Margin      time.Duration       // kept free before the deadline to tell what was done; 500 ms by default
	Log         *slog.Logger        // nothing is logged by default
	Count       *metrics.Log        // nothing is counted by default
	Now         func() time.Time    // time.Now by default
	Jitter      func(n int64) int64 // at least 0, less than n; math/rand/v2 by default
}

// An Auditor decides about expired events.
type Auditor struct {
	db         DynamoDB
	events     string
	stateTable string
	retention  time.Duration
	o          Options
}

// New returns an auditor of the events that expire from eventsTable and whose consumer keeps its position in stateTable. An event
// that is put back stays for retention.
func New(db DynamoDB, eventsTable, stateTable string, retention time.Duration, o *Options) *Auditor {
	a := &Auditor{db: db, events: eventsTable, stateTable: stateTable, retention: retention}
	if o != nil {
		a.o = *o
	}
	if a.o.Concurrency == 0 {
		a.o.Concurrency = 16
	}
	if a.o.Margin == 0 {
		a.o.Margin = 500 * time.Millisecond
	}
	if a.o.Log == nil {
		a.o.Log = slog.New(slog.DiscardHandler)
	}
	if a.o.Now == nil {
		a.o.Now = time.Now
	}
	if a.o.Jitter == nil {
		a.o.Jitter = rand.Int64N
	}
	return a
}

// An Outcome is what became of a batch: Records = Delivered + Resurrected + Present + Failed + Ignored.
type Outcome struct {
	Failures    []string // sequence numbers of the records to be sent again
	Records     int
	Delivered   int // the consumer has reached the event
	Resurrected int // the event was put back
	Present     int // the event is in the outbox again already
	Failed      int // records to be sent again, those that cannot be read included
	Ignored     int // records of anything but an event's expiry
}

// Invoke handles the event that Lambda invokes a function with for a batch of records of a DynamoDB stream, and answers with the
// records to be sent again. It fails, and with it the whole batch, only where the event is no such batch.
// https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
func (a *Auditor) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	batch, err := DecodeBatch(payload)
	if err != nil {
		return nil, err
	}
	defer a.o.Count.Flush()
	out := a.Audit(ctx, batch)
	a.o.Count.Add(metrics.EventsResurrected, out.Resurrected)
	a.o.Log.LogAttrs(ctx, slog.LevelInfo, "audit done", slog.Int("records", out.Records), slog.Int("delivered", out.Delivered),
		slog.Int("resurrected", out.Resurrected), slog.Int("present", out.Present), slog.Int("failed", out.Failed))
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
