package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// pick returns the members of a line that a test looks at, numbers as ints.
func pick(line map[string]any, names ...string) map[string]any {
	out := map[string]any{}
	for _, name := range names {
		if n, ok := line[name].(float64); ok {
			out[name] = int(n)
		} else if line[name] != nil {
			out[name] = line[name]
		}
	}
	return out
}

func TestReconcileRepairsWhatTheStreamLost(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	delivered, lost, half := b.place(2), b.place(1), b.place(1)
	b.deliver(func(data string) bool { return strings.Contains(data, lost) })
	b.cancel(half)
	b.deliver(func(data string) bool { return strings.Contains(data, half) })

	if code, out := b.ops("reconcile"); code != exitDone {
		t.Fatalf("within the grace period: exit code %d:\n%s", code, out)
	}
	b.pass(2 * time.Minute)
	young := b.place(1)
	code, lines := b.json("reconcile")
	if code != exitLeft {
		t.Errorf("exit code %d, want %d", code, exitLeft)
	}
	want := map[string]any{"events": 6, "orders": 4, "behind": 2, "repaired": 0, "sent": 0, "parked": 0, "lost": 0}
	if diff := cmp.Diff(want, pick(lines[len(lines)-1], "events", "orders", "behind", "repaired", "sent", "parked", "lost")); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}

	if _, lines = b.json("reconcile", "-repair", "-dry-run"); lines[2]["sent"] != 2.0 {
		t.Errorf("dry run: %v", lines[2])
	}
	b.deliver(func(data string) bool { return strings.Contains(data, young) })
	if got := b.state(lost); got != "none" {
		t.Errorf("a dry run sent something: %s", got)
	}
	if code, lines = b.json("reconcile", "-repair", "-rate", "0"); code != exitLeft || lines[2]["sent"] != 2.0 || lines[2]["repaired"] != 2.0 {
		t.Errorf("repair: exit code %d, %v", code, lines)
	}
	b.deliver(func(data string) bool { return strings.Contains(data, young) })
	for id, want := range map[string]string{delivered: "2 CANCELLED", lost: "1 REQUESTED", half: "2 CANCELLED", young: "none"} {
		if got := b.state(id); got != want {
			t.Errorf("order %s: %s, want %s", id, got, want)
		}
	}
	if code, out := b.ops("reconcile", "-repair"); code != exitDone {
		t.Errorf("after the repair: exit code %d:\n%s", code, out)
	}
}

func TestReconcileUnparksGapsThatAreFilled(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id, still, rule := b.place(2), b.place(2), b.place(1)
	first := b.event(id, 1)
	b.remove(id, 1)
	b.remove(still, 1)
	b.put(b.event(rule, 2), "order.strange")
	b.deliver(func(data string) bool {
		return strings.Contains(data, `"sequence":{"N":"1"}`) && !strings.Contains(data, rule)
	})
	if got := b.state(id); got != "0 NOTHING parked gap" {
		t.Fatalf("order is %s, want it parked", got)
	}
	b.put(first, first.Type)
	b.deliver(nil)
	b.pass(2 * time.Minute)

	code, lines := b.json("reconcile", "-repair", "-rate", "0")
	want := map[string]any{"behind": 1, "parked": 2, "unparked": 1, "repaired": 1, "sent": 2}
	if diff := cmp.Diff(want, pick(lines[len(lines)-1], "behind", "parked", "unparked", "repaired", "sent")); diff != "" || code != exitLeft {
		t.Errorf("exit code %d, summary (-want +got):\n%s", code, diff)
	}
	b.deliver(nil)
	for id, want := range map[string]string{id: "2 CANCELLED", still: "0 NOTHING parked gap", rule: "1 REQUESTED parked rule"} {
		if got := b.state(id); got != want {
			t.Errorf("order %s: %s, want %s", id, got, want)
		}
	}
}

func TestReconcileNamesWhatTheOutboxLost(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.place(2)
	b.deliver(everything)
	b.remove(id, 1)
	b.pass(2 * time.Minute)
	code, lines := b.json("reconcile", "-repair")
	if code != exitLeft || lines[0]["action"] != "lost" || lines[1]["lost"] != 1.0 {
		t.Errorf("exit code %d, %v", code, lines)
	}
}
