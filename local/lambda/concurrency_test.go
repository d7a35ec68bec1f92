package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/lambda"
)

// gate makes invocations wait in the function until it is opened.
type gate struct{ file string }

func newGate(t *testing.T) gate { return gate{filepath.Join(t.TempDir(), "gate")} }

func (g gate) payload() []byte { return fmt.Appendf(nil, `{"do":"wait","file":%q}`, g.file) }

func (g gate) open(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(g.file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// inside is the number of processes that have waited at the gate.
func (g gate) inside() int {
	files, _ := filepath.Glob(g.file + ".*")
	return len(files)
}

// call invokes in the background.
func call(ctx context.Context, s *lambda.Service, payload []byte) chan outcome {
	done := make(chan outcome, 1)
	go func() {
		r, err := s.Invoke(ctx, "hello", payload, nil)
		done <- outcome{r, err}
	}()
	return done
}

type outcome struct {
	result *lambda.Result
	err    error
}

func TestConcurrency(t *testing.T) {
	f := function(t)
	f.Concurrency = 3
	s := start(t, f, nil)
	g := newGate(t)
	var calls []chan outcome
	for range 5 {
		calls = append(calls, call(t.Context(), s, g.payload()))
	}
	until(t, "three invocations run and two wait", func() bool {
		st := s.Stats("hello")
		return g.inside() == 3 && st.Running == 3 && st.Waiting == 2
	})
	if st := s.Stats("hello"); st.Starts != 3 {
		t.Errorf("processes started = %d, want 3", st.Starts)
	}
	g.open(t)
	for i, c := range calls {
		if out := <-c; out.err != nil || out.result.FunctionError != "" {
			t.Errorf("call %d: %+v", i, out)
		}
	}
	until(t, "all processes are idle", func() bool { return s.Stats("hello").Idle == 3 })
	if diff := cmp.Diff(lambda.Stats{Idle: 3, Invocations: 5, Starts: 3}, s.Stats("hello")); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
}

func TestWaitingInvocationsAreServedInOrder(t *testing.T) {
	f := function(t)
	f.Concurrency = 1
	var mu sync.Mutex
	var order []string
	f.Log = func(l lambda.LogLine) {
		if !l.Platform {
			mu.Lock()
			order = append(order, string(l.Text))
			mu.Unlock()
		}
	}
	s := start(t, f, nil)
	g := newGate(t)
	calls := []chan outcome{call(t.Context(), s, g.payload())}
	until(t, "the first invocation runs", func() bool { return g.inside() == 1 })
	var want []string
	for i := range 8 {
		text := fmt.Sprint("invocation ", i)
		want = append(want, text, text) // on stdout and on stderr
		calls = append(calls, call(t.Context(), s, fmt.Appendf(nil, `{"do":"log","text":%q}`, text)))
		until(t, "the invocation waits", func() bool { return s.Stats("hello").Waiting == i+1 })
	}
	g.open(t)
	for _, c := range calls {
		<-c
	}
	until(t, "everything is logged", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(order) == len(want)
	})
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestMostRecentlyUsedProcessIsReused(t *testing.T) {
	s := start(t, function(t), nil)
	g := newGate(t)
	first, second := call(t.Context(), s, g.payload()), call(t.Context(), s, g.payload())
	until(t, "two processes run", func() bool { return g.inside() == 2 })
	g.open(t)
	<-first
	<-second
	until(t, "both are idle", func() bool { return s.Stats("hello").Idle == 2 })
	pid := look(t, s, nil).PID
	for range 5 {
		if again := look(t, s, nil).PID; again != pid {
			t.Errorf("process %d served, want %d again", again, pid)
		}
	}
}

func TestIdleProcessesAreEnded(t *testing.T) {
	s := start(t, function(t), &lambda.Options{IdleTimeout: 20 * time.Millisecond})
	invoke(t, s, `{"do":"echo"}`)
	until(t, "the process has ended", func() bool { st := s.Stats("hello"); return st.Idle == 0 && st.Killed == 1 })
	if r := invoke(t, s, `{"do":"echo"}`); r.InitDuration == 0 {
		t.Error("the next invocation has no init duration, want a new process")
	}
}

func TestThrottling(t *testing.T) {
	zero, one := 0, 1
	for _, test := range []struct {
		name     string
		reserved *int
		waiting  int
		busy     int // invocations that are let in
		reason   string
	}{
		{"reserved concurrency of none", &zero, 10, 0, "ReservedFunctionConcurrentInvocationLimitExceeded"},
		{"reserved concurrency used up", &one, 10, 1, "ReservedFunctionConcurrentInvocationLimitExceeded"},
		{"queue full", nil, 2, 3, "ConcurrentInvocationLimitExceeded"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := function(t)
			f.ReservedConcurrency, f.Concurrency = test.reserved, 1
			s := start(t, f, &lambda.Options{MaxWaiting: test.waiting})
			g := newGate(t)
			var calls []chan outcome
			for i := range test.busy {
				calls = append(calls, call(t.Context(), s, g.payload()))
				until(t, "the invocation runs or waits", func() bool {
					st := s.Stats("hello")
					return st.Running == 1 && st.Waiting == i
				})
			}
			_, err := s.Invoke(t.Context(), "hello", []byte(`{}`), nil)
			want := &awsapi.Error{Code: "TooManyRequestsException", Message: "Rate Exceeded.", Status: 429,
				Fields: map[string]any{"Reason": test.reason, "Type": "User"}}
			var got *awsapi.Error
			if !errors.As(err, &got) {
				t.Fatalf("error = %v, want an *awsapi.Error", err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			g.open(t)
			for _, c := range calls {
				if out := <-c; out.err != nil {
					t.Errorf("an invocation that was let in failed: %v", out.err)
				}
			}
			if st := s.Stats("hello"); st.Throttles != 1 {
				t.Errorf("throttles = %d, want 1", st.Throttles)
			}
		})
	}
}

// A program that is still being written is waited for, as long as a process may take to start.
func TestProgramThatIsBeingWritten(t *testing.T) {
	f := function(t)
	program, err := os.ReadFile(f.Executable)
	if err != nil {
		t.Fatal(err)
	}
	f.Executable = filepath.Join(t.TempDir(), "bootstrap")
	file, err := os.OpenFile(f.Executable, os.O_CREATE|os.O_WRONLY, 0o700)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(program); err != nil {
		t.Fatal(err)
	}
	limited := start(t, f, &lambda.Options{InitTimeout: 20 * time.Millisecond})
	if r := invoke(t, limited, `{"do":"version"}`); !strings.Contains(string(r.Payload), "Sandbox.Timedout") {
		t.Errorf("result = %s, want a timeout", r.Payload)
	}
	s := start(t, f, nil)
	waiting := call(t.Context(), s, []byte(`{"do":"version"}`))
	until(t, "a process is being started", func() bool { return s.Stats("hello").Starting == 1 })
	file.Close()
	version(t, <-waiting)
}

func TestCancelledInvocations(t *testing.T) {
	f := function(t)
	f.Concurrency = 1
	s := start(t, f, nil)
	g := newGate(t)
	ctx, cancel := context.WithCancel(t.Context())
	running := call(ctx, s, g.payload())
	until(t, "the first runs", func() bool { return g.inside() == 1 })
	waiting := call(ctx, s, g.payload())
	until(t, "the second waits", func() bool { return s.Stats("hello").Waiting == 1 })
	cancel()
	for _, c := range []chan outcome{running, waiting} {
		if out := <-c; !errors.Is(out.err, context.Canceled) {
			t.Errorf("error = %v, want %v", out.err, context.Canceled)
		}
	}
	if diff := cmp.Diff(lambda.Stats{Running: 1, Invocations: 1, Starts: 1}, s.Stats("hello")); diff != "" {
		t.Errorf("stats: the running invocation goes on, the waiting one is dropped (-want +got):\n%s", diff)
	}
	g.open(t)
	invoke(t, s, `{"do":"echo"}`)
	if _, err := s.Invoke(ctx, "hello", nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error with a context that is done = %v, want %v", err, context.Canceled)
	}
}

func version(t *testing.T, out outcome) string {
	t.Helper()
	if out.err != nil || out.result.FunctionError != "" {
		t.Fatalf("invocation failed: %+v", out)
	}
	var v string
	if err := json.Unmarshal(out.result.Payload, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var got *awsapi.Error
	if !errors.As(err, &got) || got.Code != code {
		t.Errorf("error = %v, want code %s", err, code)
	}
}
