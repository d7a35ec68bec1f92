// Package replication is DynamoDB's Kinesis streaming destination: it writes every change of a table to a Kinesis data stream.
//
// [Enable] starts a [Destination] on a [Source] of changes, such as the feed of a table of package dynamodb; [Destination.Disable] ends
// it. It begins with the first change after it was enabled; there is no backfill.
//
// Delivery is what AWS promises, which is little: every change arrives at least once, some more than once, and consumers must not rely
// on order. As long as the stream refuses records they are sent again, for ever, before anything newer is; only records of the same
// batch may overtake them. A change whose record would exceed [MaxRecordBytes] is skipped and only counted.
//
// Real deliveries are duplicated too seldom to keep consumers honest, so this one duplicates and splits on purpose; see
// [Options.Duplicate].
package replication

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb"
	"transactional-outbox/local/kinesis"
)

// MaxRecordBytes is the size of the largest record that is written; a larger one is skipped, as DynamoDB does.
const MaxRecordBytes = 1 << 20

// Change is one change of one item.
type Change = dynamodb.Change

// Source yields the changes of one table in commit order. [*dynamodb.Feed] is one.
type Source interface {
	// Next returns at least one and at most limit changes, and waits for the first. It is called by one goroutine at a time. An error
	// ends the replication, unless Next is called again; see [Options.Retryable].
	Next(ctx context.Context, limit int) ([]Change, error)
}

var _ Source = (*dynamodb.Feed)(nil)

// Writer is the part of Kinesis that replication writes through. [kinesis.API] is one.
type Writer interface {
	PutRecords(ctx context.Context, auth awsapi.Authorizer, in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error)
}

// Precision is the unit of ApproximateCreationDateTime.
type Precision string

// The precisions. A record says so only if its precision is Microsecond.
const (
	Millisecond Precision = "MILLISECOND"
	Microsecond Precision = "MICROSECOND"
)

// Options configures [Enable]. A nil *Options and every zero field work.
type Options struct {
	// Region is the awsRegion of the records. "" means the region of the stream's ARN.
	Region string
	// Precision is the precision of timestamps. "" means MILLISECOND, which is the API's default.
	Precision Precision
	// PartitionByHashKey, the name of a table's hash key, makes partition keys depend on that attribute alone, so that items with one
	// hash key share a shard. "" means that the whole key of the item counts, which spreads them: what AWS does is undocumented, and
	// this is what a consumer must cope with.
	PartitionByHashKey string

	// Duplicate is the probability that a record is written twice, and, one batch in twenty, that batches are split. 0 means 0.01;
	// negative means never.
	Duplicate float64
	// Seed seeds duplicates and splits. The same seed, changes and batches give the same writes.
	Seed uint64
	// Chaos, if set, sees each batch before it is written, duplicates included, and returns the batches to write in its place, in order:
	// it may delay (until ctx is done), duplicate, reorder and drop. Losing records for good is its right.
	Chaos func(ctx context.Context, batch []kinesis.PutRecordsEntry) [][]kinesis.PutRecordsEntry

	// Authorizer is checked by the stream on each write. Nil allows everything: DynamoDB writes with a service-linked role.
	Authorizer awsapi.Authorizer
	// Retryable tells which errors of the source are passing: it is then read again after a backoff. Nil means none.
	Retryable func(error) bool
	// Backoff returns how long to wait before attempt number n (1, 2, ...) after a failed write. Nil means DefaultBackoff.
	Backoff func(n int) time.Duration
	// Clock tells the time. Nil means time.Now.
	Clock func() time.Time
	// After is the timer behind Backoff. Nil means time.After.
	After func(time.Duration) <-chan time.Time
	// Logger receives failures. Nil discards them.
	Logger *slog.Logger
}

// DefaultBackoff doubles from 10 ms to 5 s, with up to a fifth taken off at random.
func DefaultBackoff(n int) time.Duration {
	d := min(10*time.Millisecond<<min(max(n-1, 0), 10), 5*time.Second)
	return d - rand.N(d/5+1)
}

func (o *Options) setDefaults(streamARN string) {
	if o.Region == "" {
		o.Region = arnRegion(streamARN)
	}
	if o.Precision == "" {
		o.Precision = Millisecond
	}
	if o.Duplicate == 0 {
		o.Duplicate = 0.01
	}
	if o.Retryable == nil {
		o.Retryable = func(error) bool { return false }
	}
	if o.Backoff == nil {
		o.Backoff = DefaultBackoff
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.After == nil {
		o.After = time.After
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

var errArguments = errors.New("replication: a source, a writer and a stream ARN are required")
