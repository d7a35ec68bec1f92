package mapping_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/mapping"
)

func TestBatches(t *testing.T) {
	tests := []struct {
		name   string
		config mapping.Config
		put    func(w *workbench)
		calls  []string
	}{
		{
			name: "of at most BatchSize", config: mapping.Config{BatchSize: 2},
			put:   func(w *workbench) { w.stream.put("s", "a", "b", "c", "d", "e") },
			calls: []string{"a b", "c d", "e"},
		},
		{
			name: "without a window are not held back",
			put: func(w *workbench) {
				w.stream.put("s", "a")
				w.rest()
				w.stream.put("s", "b")
				w.rest()
			},
			calls: []string{"a", "b"},
		},
		{
			name: "collect what comes within the window", config: mapping.Config{MaximumBatchingWindowInSeconds: 10},
			put: func(w *workbench) {
				for _, d := range []string{"a", "b", "c", "d"} {
					w.stream.put("s", d)
					w.pass(4 * time.Second)
				}
			},
			calls: []string{"a b c", "d"},
		},
		{
			name: "do not wait for the window when full", config: mapping.Config{MaximumBatchingWindowInSeconds: 300, BatchSize: 2},
			put:   func(w *workbench) { w.stream.put("s", "a", "b") },
			calls: []string{"a b"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T) {
				w := newWorkbench(t, tt.config)
				if tt.config.BatchSize > 0 {
					tt.put(w)
					w.start()
				} else {
					w.start()
					tt.put(w)
				}
				w.rest()
				if tt.config.MaximumBatchingWindowInSeconds > 0 && tt.config.BatchSize == 0 {
					w.pass(time.Minute)
				}
				if diff := cmp.Diff(tt.calls, w.function.got()); diff != "" {
					t.Errorf("invocations (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestRecordsAccumulateWhileAnInvocationRuns(t *testing.T) {
	inVirtualTime(t, func(t *testing.T) {
		w := newWorkbench(t, mapping.Config{})
		hold := make(chan struct{})
		w.function.hold = hold
		w.start()
		for i := range 100 {
			w.stream.put("s", fmt.Sprint(i))
			w.rest()
		}
		w.function.setHold(nil)
		close(hold)
		w.rest()
		calls := w.function.got()
		if len(calls) != 2 || calls[0] != "0" || len(strings.Fields(calls[1])) != 99 {
			t.Errorf("invocations %q, want the first record alone and then all others together", calls)
		}
	})
}

func TestPayloadStaysBelowSixMegabytes(t *testing.T) {
	inVirtualTime(t, func(t *testing.T) {
		w := newWorkbench(t, mapping.Config{})
		largest := 0
		f := mapping.InvokerFunc(func(ctx context.Context, event []byte) (*mapping.Response, error) {
			largest = max(largest, len(event))
			return w.function.Invoke(ctx, event)
		})
		big := strings.Repeat("x", 1<<20)
		w.stream.put("s", big, big, big, big, big, big, big)
		w.startWith(f)
		w.rest()
		var sizes []int
		for _, c := range w.function.got() {
			sizes = append(sizes, len(strings.Fields(c)))
		}
		if diff := cmp.Diff([]int{4, 3}, sizes); diff != "" {
			t.Errorf("batch sizes (-want +got):\n%s", diff)
		}
		if largest > 6<<20 {
			t.Errorf("an event of %d bytes", largest)
		}
	})
}

func TestStartingPositions(t *testing.T) {
	tests := []struct {
		name  string
		setup func(o *mapping.Options)
		calls []string
	}{
		{"default is the trim horizon", func(*mapping.Options) {}, []string{"a b", "c"}},
		{"TRIM_HORIZON reads everything", func(o *mapping.Options) { o.StartingPosition = mapping.TrimHorizon }, []string{"a b", "c"}},
		{"LATEST reads what comes after the mapping is enabled", func(o *mapping.Options) { o.StartingPosition = mapping.Latest }, []string{"c"}},
		{"AT_TIMESTAMP reads from then on", func(o *mapping.Options) {
			o.StartingPosition, o.StartingPositionTimestamp = mapping.AtTimestamp, time.Now().Add(-30*time.Second)
		}, []string{"b", "c"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T) {
				w := newWorkbench(t, mapping.Config{})
				w.stream.put("s", "a")
				w.pass(time.Minute)
				w.stream.put("s", "b")
				w.start(tt.setup)
				w.rest()
				w.stream.put("s", "c")
				w.rest()
				if diff := cmp.Diff(tt.calls, w.function.got()); diff != "" {
					t.Errorf("invocations (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestParallelization(t *testing.T) {
	inVirtualTime(t, func(t *testing.T) {
		w := newWorkbench(t, mapping.Config{ParallelizationFactor: 10, BatchSize: 5})
		w.function.answer = func(int, []string) (*mapping.Response, error) {
			time.Sleep(time.Second)
			return ok()
		}
		var want []string
		for i := range 200 {
			key := fmt.Sprint("key-", i%20)
			w.stream.putKey("s", key, fmt.Sprintf("%s/%d", key, i))
			want = append(want, fmt.Sprintf("%s/%d", key, i))
		}
		w.start()
		w.pass(time.Hour)
		if w.function.most < 2 || w.function.most > 10 {
			t.Errorf("%d invocations at once, want 2 to 10", w.function.most)
		}
		last := map[string]int{}
		var got []string
		for _, record := range strings.Fields(strings.Join(w.function.got(), " ")) {
			got = append(got, record)
			key, number, _ := strings.Cut(record, "/")
			var n int
			fmt.Sscan(number, &n)
			if previous, seen := last[key]; seen && previous > n {
				t.Errorf("%s came after %d", record, previous)
			}
			last[key] = n
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("records (-want +got):\n%s", diff)
		}
	})
}

func TestCheckpointStaysBehindAnUnfinishedRecord(t *testing.T) {
	inVirtualTime(t, func(t *testing.T) {
		w := newWorkbench(t, mapping.Config{ParallelizationFactor: 10})
		w.function.answer = failOn("stuck")
		w.stream.putKey("s", "a", "first")
		w.start()
		w.rest()
		w.stream.putKey("s", "b", "stuck")
		for i := range 50 {
			w.stream.putKey("s", fmt.Sprint(i), "x")
		}
		w.pass(time.Minute)
		if got := w.mapping.Status().Checkpoints["s"]; got != "1001" {
			t.Errorf("checkpoint %s, want 1001: the record after it never succeeds", got)
		}
		w.function.setAnswer(nil)
		w.pass(time.Hour)
		if got := w.mapping.Status().Checkpoints["s"]; got != "1052" {
			t.Errorf("checkpoint %s, want 1052", got)
		}
	})
}

func TestIteratorAge(t *testing.T) {
	inVirtualTime(t, func(t *testing.T) {
		w := newWorkbench(t, mapping.Config{})
		w.stream.put("s", "a")
		w.pass(time.Minute)
		w.stream.put("s", "b")
		w.pass(time.Second)
		w.start()
		w.rest()
		if got := w.mapping.Status().IteratorAge; got != time.Second {
			t.Errorf("iterator age %v, want that of the last record, 1s", got)
		}
	})
}
