package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var benchOrders = flag.Int("orders", 20_000, "orders in the outbox that BenchmarkReconcile compares")

// fill writes orders of one event each, all delivered but every missing-th.
func (b *bench) fill(orders, missing int) {
	b.must(b.destination.Disable())
	data := strings.Repeat("x", 300)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for i := next.Add(1); i <= int64(orders); i = next.Add(1) {
				id := fmt.Sprintf("01ORDER%019d", i)
				requests := []string{fmt.Sprintf(`{"TableName":"events","Item":{"orderId":{"S":"%s"},"sequence":{"N":"1"},"eventId":{"S":"01EVENT%019d"},"source":{"S":"/bench"},"type":{"S":"order.placed"},"time":{"S":"2026-11-24T12:00:00.000000Z"},"datacontenttype":{"S":"application/json"},"data":{"S":"%s"},"expiresAt":{"N":"4000000000"}}}`, id, i, data)}
				if missing == 0 || i%int64(missing) != 0 {
					requests = append(requests, fmt.Sprintf(`{"TableName":"fulfilments","Item":{"orderId":{"S":"%s"},"lastSequence":{"N":"1"},"status":{"S":"REQUESTED"},"lastEventId":{"S":"01EVENT%019d"},"updatedAt":{"S":"2026-11-24T12:00:00.000000Z"}}}`, id, i))
				}
				for _, request := range requests {
					if _, err := b.tables.Call(context.Background(), nil, "PutItem", []byte(request)); err != nil {
						b.t.Error(err)
						return
					}
				}
			}
		})
	}
	workers.Wait()
}

// BenchmarkReconcile compares an outbox of -orders orders, none of which is behind, through HTTP, with server and client on the same
// processors.
func BenchmarkReconcile(b *testing.B) {
	bench := newBench(b)
	bench.fill(*benchOrders, 0)
	bench.pass(time.Hour)
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b.ResetTimer()
	for b.Loop() {
		if code, out := bench.ops("reconcile", "-quiet"); code != exitDone {
			b.Fatalf("exit code %d: %s", code, out)
		}
	}
	b.StopTimer()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(*benchOrders)*float64(b.N)/b.Elapsed().Seconds(), "orders/s")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N)/float64(*benchOrders), "B/order")
}
