package replication_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/kinesis"
	"transactional-outbox/local/replication"
)

const streamARN = "arn:aws:kinesis:eu-central-1:000000000000:stream/orders"

var errEnded = errors.New("table deleted")

// changes is a source that a test fills.
type changes struct {
	mu    sync.Mutex
	queue []replication.Change
	err   error // returned when the queue is empty
	wake  chan struct{}
}

func newChanges() *changes { return &changes{wake: make(chan struct{}, 1)} }

func (c *changes) add(more ...replication.Change) {
	c.mu.Lock()
	c.queue = append(c.queue, more...)
	c.mu.Unlock()
	c.signal()
}

func (c *changes) end(err error) {
	c.mu.Lock()
	c.err = err
	c.mu.Unlock()
	c.signal()
}

func (c *changes) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *changes) Next(ctx context.Context, limit int) ([]replication.Change, error) {
	for {
		c.mu.Lock()
		n := min(limit, len(c.queue))
		out := c.queue[:n:n]
		c.queue = c.queue[n:]
		err := c.err
		c.mu.Unlock()
		if n > 0 {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		select {
		case <-c.wake:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// writer is a stream that refuses what a test wants it to.
type writer struct {
	mu      sync.Mutex
	refuse  func(call int, in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error)
	calls   int
	batches []int
	written []kinesis.PutRecordsEntry
}

func (w *writer) PutRecords(_ context.Context, _ awsapi.Authorizer, in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	w.batches = append(w.batches, len(in.Records))
	out := &kinesis.PutRecordsOutput{Records: make([]kinesis.PutRecordsResult, len(in.Records))}
	if w.refuse != nil {
		refused, err := w.refuse(w.calls, in)
		if err != nil {
			return nil, err
		}
		if refused != nil {
			out = refused
		}
	}
	for i, r := range out.Records {
		if r.ErrorCode == "" {
			w.written = append(w.written, in.Records[i])
		}
	}
	return out, nil
}

// refusing answers with an error code for the records that it is true of.
func refusing(in *kinesis.PutRecordsInput, code string, is func(i int) bool) *kinesis.PutRecordsOutput {
	out := &kinesis.PutRecordsOutput{Records: make([]kinesis.PutRecordsResult, len(in.Records))}
	for i := range in.Records {
		if is(i) {
			out.FailedRecordCount++
			out.Records[i] = kinesis.PutRecordsResult{ErrorCode: code, ErrorMessage: "no"}
		}
	}
	return out
}

func change(n int) replication.Change {
	keys := fmt.Sprintf(`{"orderId":{"S":"o-%d"},"sequence":{"N":"%d"}}`, n%7, n)
	return replication.Change{Table: "events", EventID: fmt.Sprintf("id-%d", n), EventName: "INSERT", Time: time.Now(), Keys: []byte(keys), NewImage: []byte(keys), SizeBytes: 42}
}

// start enables a destination in virtual time and disables it at the end of the test.
func start(t *testing.T, source replication.Source, w replication.Writer, opts replication.Options) *replication.Destination {
	t.Helper()
	if opts.Backoff == nil {
		opts.Backoff = func(int) time.Duration { return time.Second }
	}
	d, err := replication.Enable(source, w, streamARN, &opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Disable() })
	return d
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
