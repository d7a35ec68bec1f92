package metrics_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/handlers/alloctest"
	"transactional-outbox/handlers/metrics"
)

func log() (*metrics.Log, *bytes.Buffer) {
	var out bytes.Buffer
	return metrics.New(&out, "fulfilment-1a2b3c4", func() time.Time { return time.UnixMilli(1780000000123) }), &out
}

func TestALineSaysWhatWasCounted(t *testing.T) {
	l, out := log()
	l.Add(metrics.EventsApplied, 2)
	l.Add(metrics.DuplicatesDropped, 1)
	l.Add(metrics.EventsApplied, 1)
	l.Add(metrics.GapsFilled, 0)
	l.Effect(1500 * time.Microsecond)
	l.Effect(-time.Second) // clocks differ; an effect is never before its cause
	l.Flush()
	want := `{"_aws":{"Timestamp":1780000000123,"CloudWatchMetrics":[{"Namespace":"TransactionalOutbox","Dimensions":[["FunctionName"]],"Metrics":[` +
		`{"Name":"EventsApplied","Unit":"Count"},{"Name":"CommitToEffect","Unit":"Milliseconds"},{"Name":"DuplicatesDropped","Unit":"Count"}]}]},` +
		`"FunctionName":"fulfilment-1a2b3c4","EventsApplied":3,"CommitToEffect":[1.5,0],"DuplicatesDropped":1}` + "\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
	}
}

func TestNothingCountedIsNoLine(t *testing.T) {
	l, out := log()
	l.Flush()
	l.Add(metrics.OrdersPlaced, 1)
	l.Flush()
	l.Flush()
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("%d lines, want 1:\n%s", n, out)
	}
	var none *metrics.Log
	none.Add(metrics.OrdersPlaced, 1)
	none.Effect(time.Second)
	none.Flush()
}

// A line takes 100 values of a metric; a batch may have more. Counts are told once.
func TestManyValuesAreManyLines(t *testing.T) {
	l, out := log()
	for i := range 250 {
		l.Effect(time.Duration(i) * time.Millisecond)
	}
	l.Add(metrics.EventsApplied, 250)
	l.Flush()
	var values, counts []float64
	for line := range strings.Lines(out.String()) {
		var d struct {
			CommitToEffect []float64
			EventsApplied  float64
		}
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if len(d.CommitToEffect) > 100 {
			t.Errorf("%d values in a line", len(d.CommitToEffect))
		}
		values = append(values, d.CommitToEffect...)
		if d.EventsApplied > 0 {
			counts = append(counts, d.EventsApplied)
		}
	}
	if len(values) != 250 || values[249] != 249 || fmt.Sprint(counts) != "[250]" {
		t.Errorf("%d values, counts %v", len(values), counts)
	}
}

func TestManyCountAtOnce(t *testing.T) {
	l, out := log()
	var workers sync.WaitGroup
	for range 16 {
		workers.Go(func() {
			for range 100 {
				l.Add(metrics.EventsApplied, 1)
			}
		})
	}
	workers.Wait()
	l.Flush()
	if !strings.Contains(out.String(), `"EventsApplied":1600}`) {
		t.Errorf("got %s", out)
	}
}

func TestALineIsWrittenWithoutAllocations(t *testing.T) {
	l := metrics.New(io.Discard, "placeorder-1a2b3c4", nil)
	alloctest.Hold(t, alloctest.Path{Name: "line", Most: 0, Run: func() error {
		l.Add(metrics.OrdersPlaced, 1)
		l.Effect(time.Millisecond)
		l.Flush()
		return nil
	}})
}

func BenchmarkLine(b *testing.B) {
	l := metrics.New(io.Discard, "placeorder-1a2b3c4", nil)
	b.ReportAllocs()
	for b.Loop() {
		l.Add(metrics.OrdersPlaced, 1)
		l.Flush()
	}
}
