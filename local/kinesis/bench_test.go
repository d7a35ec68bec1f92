package kinesis_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"transactional-outbox/local/kinesis"
)

// fill puts n records into a stream of one shard.
func fill(b *testing.B, n int) engine {
	e := newEngine(b, nil).create("1")
	in := batchOf(500)
	for range n / 500 {
		if _, err := e.PutRecords(b.Context(), nil, in); err != nil {
			b.Fatal(err)
		}
	}
	return e
}

func batchOf(n int) *kinesis.PutRecordsInput {
	in := &kinesis.PutRecordsInput{StreamName: "s"}
	data := []byte(strings.Repeat("x", 700)) // about an order's event
	for i := range n {
		in.Records = append(in.Records, kinesis.PutRecordsEntry{PartitionKey: strconv.Itoa(i), Data: data})
	}
	return in
}

var sizes = []int{1000, 100_000, 1_000_000}

// BenchmarkPutRecords writes batches of 100 to streams of different size: the figure must not depend on it.
func BenchmarkPutRecords(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("stream=%d", size), func(b *testing.B) {
			e, in := fill(b, size), batchOf(100)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.PutRecords(b.Context(), nil, in); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*100)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkGetRecords reads 100 records at the end of streams of different size.
func BenchmarkGetRecords(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("stream=%d", size), func(b *testing.B) {
			e := fill(b, size)
			it := e.iterator(kinesis.GetShardIteratorInput{ShardIteratorType: "LATEST"})
			if _, err := e.PutRecords(b.Context(), nil, batchOf(100)); err != nil {
				b.Fatal(err)
			}
			in := &kinesis.GetRecordsInput{ShardIterator: it}
			b.ReportAllocs()
			for b.Loop() {
				out, err := e.GetRecords(b.Context(), nil, in)
				if err != nil || len(out.Records) != 100 {
					b.Fatal(len(out.Records), err)
				}
			}
			b.ReportMetric(float64(b.N*100)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkCall goes through JSON, as remote callers do.
func BenchmarkCall(b *testing.B) {
	e := newEngine(b, nil).create("1")
	request := []byte(`{"StreamName":"s","Records":[` + strings.TrimSuffix(strings.Repeat(`{"PartitionKey":"k","Data":"`+strings.Repeat("eHh4", 233)+`"},`, 100), ",") + `]}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Call(b.Context(), nil, "PutRecords", request); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*100)/b.Elapsed().Seconds(), "records/s")
}
