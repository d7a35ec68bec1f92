package lambda_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"transactional-outbox/local/lambda"
)

func TestUpdateWhileBusyLosesNothing(t *testing.T) {
	f := function(t)
	f.Concurrency = 2
	f.Environment = map[string]string{"VERSION": "old"}
	s := start(t, f, nil)
	g := newGate(t)
	running := []chan outcome{call(t.Context(), s, g.payload()), call(t.Context(), s, g.payload())}
	until(t, "both run", func() bool { return g.inside() == 2 })
	waiting := call(t.Context(), s, []byte(`{"do":"version"}`))
	until(t, "one waits", func() bool { return s.Stats("hello").Waiting == 1 })
	f.Environment = map[string]string{"VERSION": "new"}
	f.Concurrency = 3
	if err := s.Update(f); err != nil {
		t.Fatal(err)
	}
	if got := version(t, <-waiting); got != "new" {
		t.Errorf("the waiting invocation ran version %q, want new", got)
	}
	g.open(t)
	for _, c := range running {
		if got := version(t, <-c); got != "old" {
			t.Errorf("a running invocation finished with version %q, want old", got)
		}
	}
	until(t, "the old processes have ended", func() bool { st := s.Stats("hello"); return st.Killed == 2 && st.Idle == 1 })
	if got := version(t, <-call(t.Context(), s, []byte(`{"do":"version"}`))); got != "new" {
		t.Errorf("the next invocation ran version %q, want new", got)
	}
}

// Updates come at random moments while clients invoke: every invocation is answered, by the version of its time or a later one.
func TestUpdatesUnderLoadLoseNothing(t *testing.T) {
	f := function(t)
	f.Environment = map[string]string{"VERSION": "0"}
	s := start(t, f, nil)
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 6 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				r, err := s.Invoke(t.Context(), "hello", []byte(`{"do":"version"}`), nil)
				if err != nil || r.FunctionError != "" {
					t.Errorf("invocation failed: %v %+v", err, r)
					return
				}
			}
		})
	}
	for i := range 20 {
		before := s.Stats("hello").Invocations
		f.Environment = map[string]string{"VERSION": fmt.Sprint(i + 1)}
		if err := s.Update(f); err != nil {
			t.Fatal(err)
		}
		until(t, "the new version works", func() bool { return s.Stats("hello").Invocations > before+int64(i%5) })
	}
	if got := version(t, <-call(t.Context(), s, []byte(`{"do":"version"}`))); got != "20" {
		t.Errorf("version = %q, want 20", got)
	}
	close(stop)
	clients.Wait()
}

func TestDelete(t *testing.T) {
	f := function(t)
	f.Concurrency = 1
	s := start(t, f, nil)
	g := newGate(t)
	running := call(t.Context(), s, g.payload())
	until(t, "the first runs", func() bool { return g.inside() == 1 })
	waiting := call(t.Context(), s, g.payload())
	until(t, "the second waits", func() bool { return s.Stats("hello").Waiting == 1 })
	if err := s.Delete("hello"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, (<-waiting).err, "ResourceNotFoundException")
	_, err := s.Invoke(t.Context(), "hello", nil, nil)
	wantCode(t, err, "ResourceNotFoundException")
	g.open(t)
	if out := <-running; out.err != nil || out.result.FunctionError != "" {
		t.Errorf("the running invocation: %+v, want it to finish", out)
	}
	if err := s.Create(f); err != nil {
		t.Errorf("Create again: %v", err)
	}
	wantCode(t, s.Create(f), "ResourceConflictException")
}

func TestCloseWhileBusy(t *testing.T) {
	f := function(t)
	f.Concurrency = 2
	s := start(t, f, nil)
	g := newGate(t)
	var calls []chan outcome
	for range 3 {
		calls = append(calls, call(t.Context(), s, g.payload()))
	}
	until(t, "two run and one waits", func() bool { return g.inside() == 2 && s.Stats("hello").Waiting == 1 })
	child := 0
	if err := json.Unmarshal(invokeOther(t, s, f, `{"do":"child"}`).Payload, &child); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range calls {
		if out := <-c; !errors.Is(out.err, lambda.ErrClosed) {
			t.Errorf("error = %v, want %v", out.err, lambda.ErrClosed)
		}
	}
	files, _ := filepath.Glob(g.file + ".*")
	for _, file := range files {
		var pid int
		fmt.Sscanf(filepath.Ext(file), ".%d", &pid)
		wantGone(t, pid)
	}
	wantGone(t, child)
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	_, err := s.Invoke(t.Context(), "hello", nil, nil)
	for what, err := range map[string]error{"Invoke": err, "Create": s.Create(f), "Update": s.Update(f), "Delete": s.Delete("hello")} {
		if !errors.Is(err, lambda.ErrClosed) {
			t.Errorf("%s after Close: %v, want %v", what, err, lambda.ErrClosed)
		}
	}
}

// invokeOther invokes a second function of the same service.
func invokeOther(t *testing.T, s *lambda.Service, f lambda.Function, payload string) *lambda.Result {
	t.Helper()
	f.Name, f.ARN = "other", arn+"-other"
	if err := s.Create(f); err != nil {
		t.Fatal(err)
	}
	r, err := s.Invoke(t.Context(), f.ARN, []byte(payload), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantGone checks that a process has ended. An orphan stays a zombie until whoever adopted it looks.
func wantGone(t *testing.T, pid int) {
	t.Helper()
	until(t, fmt.Sprintf("process %d has ended", pid), func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		var id int
		var name, state string
		fmt.Sscan(string(stat), &id, &name, &state)
		return err != nil || state == "Z"
	})
}
