//go:build unix

package dynamodb_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"transactional-outbox/local/dynamodb"
)

const createOrders = `{"TableName":"orders","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"orderId","AttributeType":"S"}],"KeySchema":[{"AttributeName":"orderId","KeyType":"HASH"}]}`

const createEvents = `{"TableName":"events","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"orderId","AttributeType":"S"},{"AttributeName":"sequence","AttributeType":"N"}],"KeySchema":[{"AttributeName":"orderId","KeyType":"HASH"},{"AttributeName":"sequence","KeyType":"RANGE"}]}`

// placeOrder is the transaction that places an order: both the order and its first event, each only if absent.
func placeOrder(n int64) []byte {
	id := fmt.Sprintf("01JD%022d", n)
	return fmt.Appendf(nil, `{"TransactItems":[`+
		`{"Put":{"TableName":"orders","ConditionExpression":"attribute_not_exists(orderId)","ReturnValuesOnConditionCheckFailure":"ALL_OLD","Item":{"orderId":{"S":"%[1]s"},"status":{"S":"PLACED"},"version":{"N":"1"},"description":{"S":"two green chairs"},"requestHash":{"S":"5f70bf18a086007016e948b04aed3b82"},"createdAt":{"S":"2026-11-24T11:49:14.000001Z"},"updatedAt":{"S":"2026-11-24T11:49:14.000001Z"}}}},`+
		`{"Put":{"TableName":"events","ConditionExpression":"attribute_not_exists(orderId)","Item":{"orderId":{"S":"%[1]s"},"sequence":{"N":"1"},"eventId":{"S":"%[1]s"},"source":{"S":"/transactional-outbox/local/orders"},"type":{"S":"order.placed"},"time":{"S":"2026-11-24T11:49:14.000001Z"},"datacontenttype":{"S":"application/json"},"dataschema":{"S":"/schemas/order.placed/1"},"data":{"S":"{\"orderId\":\"%[1]s\",\"status\":\"PLACED\",\"version\":1,\"description\":\"two green chairs\"}"},"expiresAt":{"N":"1798718400"}}}}],`+
		`"ClientRequestToken":"%036[2]d"}`, id, n)
}

func newBench(b *testing.B) *dynamodb.Engine {
	e := dynamodb.New(&dynamodb.Options{ExpireEvery: -1})
	b.Cleanup(func() { e.Close() })
	must(b, e, "CreateTable", createOrders)
	must(b, e, "CreateTable", createEvents)
	return e
}

func must(t testing.TB, e *dynamodb.Engine, operation, request string) string {
	t.Helper()
	response, err := e.Call(context.Background(), nil, operation, []byte(request))
	if err != nil {
		t.Fatalf("%s: %v", operation, err)
	}
	return string(response)
}

func fill(b *testing.B, e *dynamodb.Engine, orders int64) {
	for n := range orders {
		if _, err := e.Call(context.Background(), nil, "TransactWriteItems", placeOrder(n)); err != nil {
			b.Fatal(err)
		}
	}
}

// cpu is the processor time that the process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// report adds the rate, and the processor time per operation, garbage collection included: unlike the rate it does not depend on what
// else the machine is doing.
func report(b *testing.B, unit string, start time.Duration) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), unit+"/s")
	b.ReportMetric(float64(cpu()-start)/float64(b.N)/1e3, "cpu-µs/op")
}

// BenchmarkTransaction places orders in tables that hold some already: two conditional puts through JSON.
func BenchmarkTransaction(b *testing.B) {
	for _, size := range []int64{1_000, 1_000_000} {
		e := newBench(b)
		fill(b, e, size)
		var next atomic.Int64
		next.Store(size)
		b.Run(fmt.Sprintf("items=%d", size), func(b *testing.B) {
			b.ReportAllocs()
			start := cpu()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := e.Call(context.Background(), nil, "TransactWriteItems", placeOrder(next.Add(1))); err != nil {
						b.Error(err)
						return
					}
				}
			})
			report(b, "transactions", start)
		})
	}
}

// BenchmarkUpdate moves an order on under a condition, as the consumer does.
func BenchmarkUpdate(b *testing.B) {
	for _, size := range []int64{1_000, 1_000_000} {
		e := newBench(b)
		fill(b, e, size)
		var next atomic.Int64
		b.Run(fmt.Sprintf("items=%d", size), func(b *testing.B) {
			b.ReportAllocs()
			start := cpu()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					n := next.Add(1)
					request := fmt.Appendf(nil, `{"TableName":"orders","Key":{"orderId":{"S":"01JD%022d"}},"UpdateExpression":"SET #s = :s, version = version + :one, lastEventId = :e","ConditionExpression":"version = :v AND attribute_not_exists(parked)","ExpressionAttributeNames":{"#s":"status"},"ExpressionAttributeValues":{":s":{"S":"CANCELLED"},":one":{"N":"1"},":e":{"S":"01JDABCDEFGH"},":v":{"N":"%d"}}}`, n%size, 1+n/size)
					// An item's next round may overtake this one on the other processor: then its condition fails, which costs the same.
					e.Call(context.Background(), nil, "UpdateItem", request)
				}
			})
			report(b, "updates", start)
		})
	}
}

// BenchmarkMemory reports the heap that an order with its event takes.
func BenchmarkMemory(b *testing.B) {
	const orders = 100_000
	var before, after runtime.MemStats
	for range b.N {
		e := newBench(b)
		runtime.GC()
		runtime.ReadMemStats(&before)
		fill(b, e, orders)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/orders, "B/order")
		runtime.KeepAlive(e)
	}
}
