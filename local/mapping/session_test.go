package mapping_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/mapping"
)

func (w *workbench) wantCalls(want ...string) {
	w.t.Helper()
	w.rest()
	if diff := cmp.Diff(want, w.function.got()); diff != "" {
		w.t.Errorf("invocations (-want +got):\n%s", diff)
	}
}

func TestReshard(t *testing.T) {
	t.Run("a parent is processed to its end before its children", func(t *testing.T) {
		inVirtualTime(t, func(t *testing.T) {
			w := newWorkbench(t, mapping.Config{})
			w.function.answer = func(call int, _ []string) (*mapping.Response, error) {
				if call < 3 {
					return crash()
				}
				return ok()
			}
			w.stream.put("s", "parent")
			w.start()
			w.rest()
			w.stream.addShard("left", "s")
			w.stream.addShard("right", "s")
			w.stream.put("left", "l")
			w.stream.put("right", "r")
			w.stream.closeShard("s")
			w.wantCalls("parent")
			w.pass(time.Minute)
			calls := w.function.got()
			if len(calls) != 5 || calls[2] != "parent" {
				t.Errorf("invocations %q, want the parent three times and then its children", calls)
			}
		})
	})
	t.Run("a merged shard waits for both parents", func(t *testing.T) {
		inVirtualTime(t, func(t *testing.T) {
			w := newWorkbench(t, mapping.Config{})
			w.stream.addShard("t")
			w.start()
			w.stream.addShard("merged", "s", "t")
			w.stream.put("merged", "m")
			w.stream.closeShard("s")
			w.wantCalls()
			w.stream.put("t", "last")
			w.stream.closeShard("t")
			w.wantCalls("last", "m")
		})
	})
	t.Run("a child is read from its beginning even after LATEST", func(t *testing.T) {
		inVirtualTime(t, func(t *testing.T) {
			w := newWorkbench(t, mapping.Config{})
			w.stream.put("s", "before")
			w.start(func(o *mapping.Options) { o.StartingPosition = mapping.Latest })
			w.stream.addShard("child", "s")
			w.stream.put("child", "a")
			w.stream.closeShard("s")
			w.wantCalls("a")
		})
	})
	t.Run("parents that are gone hold up nothing", func(t *testing.T) {
		inVirtualTime(t, func(t *testing.T) {
			w := newWorkbench(t, mapping.Config{})
			w.stream.addShard("child", "forgotten")
			w.stream.put("child", "a")
			w.start()
			w.wantCalls("a")
		})
	})
	t.Run("LATEST skips shards that are closed", func(t *testing.T) {
		inVirtualTime(t, func(t *testing.T) {
			w := newWorkbench(t, mapping.Config{})
			w.stream.put("s", "old")
			w.stream.closeShard("s")
			w.stream.addShard("child", "s")
			w.start(func(o *mapping.Options) { o.StartingPosition = mapping.Latest })
			w.stream.put("child", "new")
			w.wantCalls("new")
		})
	})
}

func TestUpdate(t *testing.T) {
	t.Run("disabling and enabling loses and repeats nothing", func(t *testing.T) {
		inVirtualTime(t, func(t *testing.T) {
			w := newWorkbench(t, mapping.Config{})
			w.start(func(o *mapping.Options) { o.StartingPosition = mapping.Latest })
			w.update(func(c *mapping.Config) { c.Disabled = true })
			w.rest()
			if got := w.mapping.Status().State; got != mapping.Disabled {
				t.Errorf("state %s, want Disabled", got)
			}
			w.stream.put("s", "a", "b")
			w.wantCalls()
			w.update(func(c *mapping.Config) { c.Disabled = false })
			w.wantCalls("a b")
			if got := w.mapping.Status().State; got != mapping.Enabled {
				t.Errorf("state %s, want Enabled", got)
			}
		})
	})
	t.Run("takes effect when the running invocation has come back", func(t *testing.T) {
		inVirtualTime(t, func(t *testing.T) {
			w := newWorkbench(t, mapping.Config{BatchSize: 1})
			hold := make(chan struct{})
			w.function.hold = hold
			w.stream.put("s", "a", "b", "c", "d")
			w.start()
			w.rest()
			w.update(func(c *mapping.Config) { c.BatchSize = 10; c.ParallelizationFactor = 2 })
			w.rest()
			if got := w.mapping.Status().State; got != mapping.Updating {
				t.Errorf("state %s, want Updating", got)
			}
			w.wantCalls("a")
			w.function.setHold(nil)
			close(hold)
			w.rest()
			calls := w.function.got()
			if got := strings.Join(calls, " "); got != "a b c d" || len(calls) > 3 {
				t.Errorf("invocations %q, want larger batches after the update", calls)
			}
		})
	})
	t.Run("a new filter is for the records that wait too", func(t *testing.T) {
		inVirtualTime(t, func(t *testing.T) {
			w := newWorkbench(t, mapping.Config{})
			w.function.answer = alwaysCrash
			w.stream.put("s", `{"a":1}`, `{"a":2}`)
			w.start()
			w.rest()
			w.function.setAnswer(nil)
			w.update(func(c *mapping.Config) { c.Filters = []string{`{"data":{"a":[2]}}`} })
			w.wantCalls(`{"a":1} {"a":2}`, `{"a":2}`)
			status := w.mapping.Status()
			if status.Backlog != 0 || status.FilteredOutEventCount != 1 {
				t.Errorf("status %+v", status)
			}
		})
	})
	t.Run("ends endless retries", func(t *testing.T) {
		inVirtualTime(t, func(t *testing.T) {
			w := newWorkbench(t, mapping.Config{})
			w.function.answer = alwaysCrash
			w.stream.put("s", "a")
			w.start()
			w.pass(time.Hour)
			w.update(func(c *mapping.Config) { c.MaximumRetryAttempts, c.OnFailure = ptr(0), queueARN })
			w.rest()
			if got := len(w.queue.got(t)); got != 1 {
				t.Errorf("%d dead letters, want 1", got)
			}
		})
	})
	t.Run("that is refused changes nothing", func(t *testing.T) {
		inVirtualTime(t, func(t *testing.T) {
			w := newWorkbench(t, mapping.Config{})
			w.start()
			if err := w.mapping.Update(mapping.Config{BatchSize: 10_001}); err == nil {
				t.Error("no error")
			}
			w.stream.put("s", "a")
			w.wantCalls("a")
		})
	})
}

func TestReadErrorsAreRetried(t *testing.T) {
	inVirtualTime(t, func(t *testing.T) {
		w := newWorkbench(t, mapping.Config{})
		w.start()
		w.stream.mu.Lock()
		w.stream.failNext = errNetwork
		w.stream.mu.Unlock()
		w.stream.put("s", "a")
		w.rest()
		if got := w.mapping.Status().LastProcessingResult; got != "PROBLEM: connection refused" {
			t.Errorf("last processing result %q", got)
		}
		w.pass(time.Minute)
		w.wantCalls("a")
		if got := w.mapping.Status().LastProcessingResult; got != "OK" {
			t.Errorf("last processing result %q", got)
		}
	})
}

func TestCloseWaitsForTheRunningInvocation(t *testing.T) {
	inVirtualTime(t, func(t *testing.T) {
		w := newWorkbench(t, mapping.Config{})
		hold := make(chan struct{})
		w.function.hold = hold
		w.stream.put("s", "a")
		w.start()
		w.rest()
		closed := make(chan struct{})
		go func() {
			w.mapping.Close()
			close(closed)
		}()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("closed while the function runs")
		default:
		}
		close(hold)
		<-closed
		if got := w.mapping.Status().Backlog; got != 0 {
			t.Errorf("backlog %d, want 0: the invocation succeeded", got)
		}
		if err := w.mapping.Close(); err != nil {
			t.Errorf("closed again: %v", err)
		}
	})
}
