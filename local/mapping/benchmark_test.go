package mapping_test

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"transactional-outbox/local/kinesis"
	"transactional-outbox/local/mapping"
)

// record is of the size and shape of an outbox event on the stream.
const record = `{"awsRegion":"eu-central-1","eventID":"a3d6ae3c-92c2-4b6b-8bb0-ef4fcd8f2d0d","eventName":"INSERT","userIdentity":null,"recordFormat":"application/json",` +
	`"tableName":"events","dynamodb":{"ApproximateCreationDateTime":1772600767891234,"Keys":{"orderId":{"S":"01JX0000000000000000000000"},"sequence":{"N":"1"}},` +
	`"NewImage":{"orderId":{"S":"01JX0000000000000000000000"},"sequence":{"N":"1"},"eventId":{"S":"01JX0000000000000000000001"},"type":{"S":"order.placed"},` +
	`"data":{"S":"{\"orderId\":\"01JX0000000000000000000000\",\"status\":\"PLACED\",\"description\":\"two books\"}"},"expiresAt":{"N":"1772600767"}},` +
	`"SizeBytes":300,"ApproximateCreationDateTimePrecision":"MICROSECOND"},"eventSource":"aws:dynamodb"}`

// BenchmarkMapping measures records from PutRecords to the function, one operation a record.
func BenchmarkMapping(b *testing.B) {
	const pattern = `{"data":{"eventName":["INSERT","MODIFY"]}}`
	for _, bm := range []struct {
		name   string
		config mapping.Config
	}{
		{"plain", mapping.Config{}},
		{"filter", mapping.Config{Filters: []string{pattern}}},
		{"filter, 10 lanes", mapping.Config{Filters: []string{pattern}, ParallelizationFactor: 10}},
		{"filter, large batches", mapping.Config{Filters: []string{pattern}, BatchSize: 1000}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			engine := kinesis.New(&kinesis.Options{Region: "eu-central-1"})
			if _, err := engine.Call(b.Context(), nil, "CreateStream", []byte(`{"StreamName":"orders","ShardCount":1}`)); err != nil {
				b.Fatal(err)
			}
			var calls, records atomic.Int64
			done := make(chan struct{})
			f := mapping.InvokerFunc(func(_ context.Context, event []byte) (*mapping.Response, error) {
				calls.Add(1)
				n := int64(bytes.Count(event, []byte(`"eventVersion"`)))
				if records.Add(n) == int64(b.N) {
					close(done)
				}
				return &mapping.Response{}, nil
			})
			m, err := mapping.New(mapping.NewKinesisSource(engine, nil, streamARN, nil), f, &mapping.Options{Config: bm.config})
			if err != nil {
				b.Fatal(err)
			}
			defer m.Close()
			b.SetBytes(int64(len(record)))
			for sent := 0; sent < b.N; {
				in := &kinesis.PutRecordsInput{StreamName: "orders"}
				for ; len(in.Records) < 100 && sent < b.N; sent++ {
					in.Records = append(in.Records, kinesis.PutRecordsEntry{Data: []byte(record), PartitionKey: fmt.Sprint(sent)})
				}
				if _, err := engine.PutRecords(b.Context(), nil, in); err != nil {
					b.Fatal(err)
				}
			}
			<-done
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric(float64(b.N)/float64(calls.Load()), "records/call")
		})
	}
}

// BenchmarkLatency measures the way of a single record from PutRecords to the function.
func BenchmarkLatency(b *testing.B) {
	engine := kinesis.New(&kinesis.Options{Region: "eu-central-1"})
	if _, err := engine.Call(b.Context(), nil, "CreateStream", []byte(`{"StreamName":"orders","ShardCount":1}`)); err != nil {
		b.Fatal(err)
	}
	called := make(chan struct{})
	f := mapping.InvokerFunc(func(context.Context, []byte) (*mapping.Response, error) {
		called <- struct{}{}
		return &mapping.Response{}, nil
	})
	m, err := mapping.New(mapping.NewKinesisSource(engine, nil, streamARN, nil), f, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	in := &kinesis.PutRecordsInput{StreamName: "orders", Records: []kinesis.PutRecordsEntry{{Data: []byte(record), PartitionKey: "k"}}}
	for b.Loop() {
		if _, err := engine.PutRecords(b.Context(), nil, in); err != nil {
			b.Fatal(err)
		}
		<-called
	}
}
