package main

import (
	"strings"
	"testing"
	"time"
)

func TestTraceTellsHowAnOrderIs(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	delivered, behind, dead, parked, incomplete := b.place(2), b.place(1), b.place(1), b.place(1), b.place(2)
	b.put(b.event(parked, 2), "order.strange")
	b.deliver(func(data string) bool {
		return strings.Contains(data, behind) || strings.Contains(data, dead) || strings.Contains(data, incomplete)
	})
	b.letterFor(dead)
	b.remove(incomplete, 1)
	for id, want := range map[string]string{delivered: "delivered", behind: "behind", dead: "dead", parked: "parked", incomplete: "incomplete"} {
		code, lines := b.json("trace", "-order", id)
		if lines[0]["verdict"] != want || (code == exitDone) != (want == "delivered") {
			t.Errorf("exit code %d, %v, want %s", code, lines[0]["verdict"], want)
		}
	}
	if total, visible := b.waiting("dead"); total != "1" || visible != "1" {
		t.Errorf("trace left %s letters, %s of them visible", total, visible)
	}
	if code, out := b.ops("trace", "-order", "01NOBODY"); code != exitFailure || !strings.Contains(out, "nothing is known of order 01NOBODY") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

func TestTraceIsATimeline(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.place(2)
	b.deliver(nil)
	b.pass(time.Hour)
	b.ops("replay", "-order", id, "-type", "order.placed")
	b.deliver(nil)
	code, out := b.ops("trace", "-order", id, "-stream")
	if code != exitDone {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{
		"order " + id + ": delivered\n  is CANCELLED at version 2\n  the consumer is at event 2, status CANCELLED\n  the search of the stream was complete\n",
		"event 2 committed: order.cancelled", "event 1 sent again", "event 1 in the stream: shardId-",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("trace does not say %q:\n%s", want, out)
		}
	}
	rest := out
	for _, want := range []string{"event 1 committed: order.placed, 01EVENT", "consumer reached event 2: CANCELLED", "event 1 sent again", "event 1 may leave the outbox"} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("trace does not say %q here:\n%s\nall of it:\n%s", want, rest, out)
		}
		rest = after
	}
	if n := strings.Count(out, "in the stream: "); n != 3 {
		t.Errorf("trace found %d records, want 3:\n%s", n, out)
	}
}
