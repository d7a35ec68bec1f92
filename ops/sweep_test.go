package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"transactional-outbox/ops/sweep"
)

// A gatherer collects the events of orders, and forgets those of an order that comes again in another run.
type gatherer struct {
	mu     *sync.Mutex
	done   map[string]int // events by order, once all of them are there
	fail   *int           // rows until an error; negative for none
	id     string
	events int
}

var errInterrupted = errors.New("interrupted")

func (g *gatherer) Row(_ context.Context, row *sweep.Row) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if *g.fail--; *g.fail == 0 {
		return errInterrupted
	}
	if id := row.Text("orderId"); id != g.id {
		g.close()
		g.id = id
	}
	g.events++
	if row.Text("type") == "" || row.Has("data") {
		return fmt.Errorf("row has not the attributes that were asked for")
	}
	return nil
}

func (g *gatherer) close() {
	if g.id != "" {
		g.done[g.id] = g.events
	}
	g.id, g.events = "", 0
}

func (g *gatherer) Flush(_ context.Context, last bool) error {
	if last {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.close()
	}
	return nil
}

func TestSweepGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.must(b.destination.Disable())
	const orders, each = 300, 3
	data := strings.Repeat("x", 9000) // pages hold a megabyte: there are many
	for i := range orders {
		for sequence := int64(1); sequence <= each; sequence++ {
			e := b.event(fmt.Sprintf("01ORDER%019d", i), sequence)
			e.Data = data
			b.put(e, e.Type)
		}
	}
	path := filepath.Join(t.TempDir(), "checkpoint")
	done, runs := map[string]int{}, 0
	var mu sync.Mutex
	for {
		checkpoint, resumed, err := sweep.OpenCheckpoint(path, "test")
		if err != nil {
			t.Fatal(err)
		}
		if resumed != (runs > 0) {
			t.Errorf("run %d: resumed is %t", runs, resumed)
		}
		fail := 400
		if runs > 10 {
			fail = -1
		}
		runs++
		table := &sweep.Sweep{Client: b.DynamoDB, Table: "events", Attributes: []string{"type"}, Sorted: true, Segments: 2, Checkpoint: checkpoint}
		err = table.Run(t.Context(), func() sweep.Visitor { return &gatherer{mu: &mu, done: done, fail: &fail} })
		if err == nil {
			break
		}
		if !errors.Is(err, errInterrupted) {
			t.Fatal(err)
		}
	}
	if len(done) != orders || runs < 3 {
		t.Errorf("%d orders in %d runs, want %d in several", len(done), runs, orders)
	}
	for id, events := range done {
		if events != each {
			t.Errorf("order %s came with %d events, want %d", id, events, each)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the checkpoint is still there: %v", err)
	}
}

func TestCheckpointIsNotTakenForAnother(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fill(10, 0)
	path := filepath.Join(t.TempDir(), "checkpoint")
	b.must(os.WriteFile(path, []byte(`{"of":"replay events","segments":[{}]}`), 0o600))
	if code, out := b.ops("reconcile", "-checkpoint", path); code != exitFailure || !strings.Contains(out, "belongs to other work (replay events)") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	b.must(os.WriteFile(path, []byte(`{"of":"reconcile events repair=false","segments":[{}]}`), 0o600))
	if code, out := b.ops("reconcile", "-checkpoint", path); code != exitFailure || !strings.Contains(out, "was made with 1 segments, not 8") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	b.must(os.Remove(path))
	if code, out := b.ops("reconcile", "-checkpoint", path); code != exitDone {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

func TestErrorsOfAWSAreTold(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	text, err := os.ReadFile(b.outputs)
	b.must(err)
	b.must(os.WriteFile(b.outputs, []byte(strings.Replace(string(text), `"fulfilments"`, `"elsewhere"`, 1)), 0o600))
	if code, out := b.ops("parked"); code != exitFailure || !strings.Contains(out, "ResourceNotFoundException") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

func TestInterruptionIsTold(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs strings.Builder
	p := &program{now: b.now, getenv: func(string) string { return "" }, out: &out, errs: &errs}
	if code := p.exec(ctx, []string{"reconcile", "-outputs", b.outputs}); code != exitFailure || errs.String() != "ops: interrupted: run the same command again to go on\n" {
		t.Errorf("exit code %d: %s%s", code, out.String(), errs.String())
	}
}
