package replication_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"transactional-outbox/local/kinesis"
	"transactional-outbox/local/replication"
)

// endless yields n changes, as many at once as it is asked for, and then waits.
type endless struct {
	left   int
	sample []replication.Change
}

func (e *endless) Next(ctx context.Context, limit int) ([]replication.Change, error) {
	n := min(limit, e.left, len(e.sample))
	if n == 0 {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	e.left -= n
	return e.sample[:n], nil
}

// BenchmarkReplication measures changes from the source to the stream, one operation a change.
func BenchmarkReplication(b *testing.B) {
	engine := kinesis.New(&kinesis.Options{Region: "eu-central-1"})
	if _, err := engine.Call(b.Context(), nil, "CreateStream", []byte(`{"StreamName":"orders","ShardCount":4}`)); err != nil {
		b.Fatal(err)
	}
	source := &endless{left: b.N}
	for i := range 500 {
		c := change(i)
		c.EventID = "a3d6ae3c-92c2-4b6b-8bb0-ef4fcd8f2d0d"
		c.NewImage = fmt.Appendf(nil, `{"orderId":{"S":"o-%d"},"sequence":{"N":"1"},"type":{"S":"order.placed"},"data":{"S":"{\"orderId\":\"o\",\"status\":\"PLACED\"}"}}`, i)
		source.sample = append(source.sample, c)
	}
	b.ReportAllocs()
	d, err := replication.Enable(source, engine, streamARN, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer d.Disable()
	for d.Metrics().Replicated < int64(b.N) {
		<-time.After(time.Millisecond)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "changes/s")
}
