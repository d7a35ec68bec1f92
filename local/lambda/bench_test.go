package lambda_test

import (
	"sync"
	"testing"
	"time"

	"transactional-outbox/local/lambda"
)

// BenchmarkInvoke measures the whole way of an invocation: through the Runtime API to a trivial function and back.
func BenchmarkInvoke(b *testing.B) {
	for _, bench := range []struct {
		name    string
		clients int
		log     bool
		payload string
	}{
		{"clients=1", 1, false, `{"do":"echo"}`},
		{"clients=1/logged", 1, true, `{"do":"echo"}`},
		{"clients=8", 8, false, `{"do":"echo"}`},
	} {
		b.Run(bench.name, func(b *testing.B) {
			f := function(b)
			f.Concurrency = bench.clients
			f.Environment = map[string]string{"GOMAXPROCS": "1"}
			if bench.log {
				f.Log = func(lambda.LogLine) {}
			}
			s := start(b, f, nil)
			invoke(b, s, bench.payload)
			payload := []byte(bench.payload)
			b.ReportAllocs()
			b.ResetTimer()
			var clients sync.WaitGroup
			for c := range bench.clients {
				clients.Go(func() {
					for range b.N/bench.clients + min(1, max(0, b.N%bench.clients-c)) {
						if _, err := s.Invoke(b.Context(), "hello", payload, nil); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			clients.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "invocations/s")
		})
	}
}

// BenchmarkStart measures how long a process takes from its start to asking for its first invocation.
func BenchmarkStart(b *testing.B) {
	f := function(b)
	s := start(b, f, nil)
	var init time.Duration
	for b.Loop() {
		r := invoke(b, s, `{"do":"echo"}`)
		init += r.InitDuration
		if err := s.Update(f); err != nil { // the next invocation needs a new process
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(init.Milliseconds())/float64(b.N), "init-ms/op")
}
