package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReplay(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args  []string
		code  int
		sent  int
		order int
	}{
		"one order":                    {args: []string{"-order", "FIRST"}, sent: 2, order: 1},
		"one order's cancellation":     {args: []string{"-order", "FIRST", "-type", "order.cancelled"}, sent: 1, order: 1},
		"one type":                     {args: []string{"-type", "order.cancelled"}, sent: 1, order: 1},
		"one type that there is not":   {args: []string{"-type", "order.paid"}},
		"what is older than an hour":   {args: []string{"-until", "1h"}, sent: 3, order: 2},
		"what is younger":              {args: []string{"-since", "1h"}, sent: 1, order: 1},
		"a dry run":                    {args: []string{"-since", "1h", "-dry-run"}, sent: 1, order: 1},
		"an order that there is not":   {args: []string{"-order", "NONE"}, code: exitFailure},
		"a time that is none":          {args: []string{"-since", "yesterday"}, code: exitFailure},
		"nothing chosen":               {args: []string{"-rebuild"}, code: exitFailure},
		"a checkpoint that would move": {args: []string{"-since", "1h", "-checkpoint", "file"}, code: exitFailure},
	}
	b := newBench(t)
	first := b.place(2)
	b.place(1)
	b.deliver(nil)
	b.pass(2 * time.Hour)
	b.place(1)
	b.deliver(nil)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b.t = t
			args := append([]string{"replay"}, test.args...)
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "FIRST", first)
			}
			if test.code != exitDone {
				if code, out := b.ops(args...); code != test.code {
					t.Errorf("exit code %d:\n%s", code, out)
				}
				return
			}
			code, lines := b.json(args...)
			want := map[string]any{"sent": test.sent, "orders": test.order, "left": 0}
			if diff := cmp.Diff(want, pick(lines[len(lines)-1], "sent", "orders", "left")); diff != "" || code != exitDone {
				t.Errorf("exit code %d, summary (-want +got):\n%s", code, diff)
			}
		})
	}
}

func TestReplayRebuilds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	whole, holed, parked := b.place(2), b.place(2), b.place(1)
	b.put(b.event(parked, 2), "order.strange")
	b.deliver(nil)
	if got := b.state(parked); got != "1 REQUESTED parked rule" {
		t.Fatalf("order is %s", got)
	}
	b.remove(holed, 1)
	b.put(b.event(parked, 2), "order.cancelled")
	b.deliver(everything)

	if _, lines := b.json("replay", "-type", "order.cancelled", "-rebuild", "-dry-run"); b.state(whole) != "2 CANCELLED" || lines[len(lines)-1]["sent"] != 4.0 {
		t.Errorf("dry run: order is %s, %v", b.state(whole), lines)
	}
	code, lines := b.json("replay", "-type", "order.cancelled", "-rebuild", "-rate", "0")
	want := map[string]any{"orders": 2, "left": 1, "sent": 4}
	if diff := cmp.Diff(want, pick(lines[len(lines)-1], "orders", "left", "sent")); diff != "" || code != exitLeft {
		t.Errorf("exit code %d, summary (-want +got):\n%s", code, diff)
	}
	for id, want := range map[string]string{whole: "none", holed: "2 CANCELLED", parked: "none"} {
		if got := b.state(id); got != want {
			t.Errorf("after the reset order %s is %s, want %s", id, got, want)
		}
	}
	b.deliver(nil)
	for _, id := range []string{whole, holed, parked} {
		if got := b.state(id); got != "2 CANCELLED" {
			t.Errorf("order %s is %s", id, got)
		}
	}
}

func TestParkedAndUnpark(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cured, sick, gone := b.place(1), b.place(1), b.place(2)
	for _, id := range []string{cured, sick} {
		b.put(b.event(id, 2), "order.strange")
	}
	b.remove(gone, 1)
	b.deliver(func(data string) bool {
		return strings.Contains(data, gone) && strings.Contains(data, `"sequence":{"N":"1"}`)
	})
	b.pass(3 * time.Hour)

	code, lines := b.json("parked")
	if len(lines) != 4 || code != exitDone || lines[3]["parked"] != 3.0 {
		t.Fatalf("exit code %d, %v", code, lines)
	}
	code, out := b.ops("parked", "-reason", "gap")
	if want := gone + "  parked 3h0m ago: gap at event 1: the outbox does not have the event\n1 order parked\n"; out != want || code != exitDone {
		t.Errorf("parked: %s", cmp.Diff(want, out))
	}

	if code, out := b.ops("unpark", "-all", "-reason", "gap"); code != exitLeft || !strings.Contains(out, "left, because event 1 is not in the outbox") {
		t.Errorf("unpark a gap: exit code %d:\n%s", code, out)
	}
	if code, out := b.ops("unpark", "-all", "-reason", "rule", "-dry-run"); code != exitDone || b.state(cured) != "1 REQUESTED parked rule" {
		t.Errorf("dry run: exit code %d, order is %s:\n%s", code, b.state(cured), out)
	}
	b.put(b.event(cured, 2), "order.cancelled")
	b.deliver(nil)
	if got := b.state(cured); got != "1 REQUESTED parked rule" {
		t.Fatalf("a parked order moved: %s", got)
	}
	code, lines = b.json("unpark", "-all", "-reason", "rule", "-rate", "0")
	if diff := cmp.Diff(map[string]any{"unparked": 2, "left": 0, "sent": 2}, pick(lines[2], "unparked", "left", "sent")); diff != "" || code != exitDone {
		t.Errorf("exit code %d, summary (-want +got):\n%s", code, diff)
	}
	b.deliver(nil)
	for id, want := range map[string]string{cured: "2 CANCELLED", sick: "1 REQUESTED parked rule", gone: "0 NOTHING parked gap"} {
		if got := b.state(id); got != want {
			t.Errorf("order %s is %s, want %s", id, got, want)
		}
	}
	if code, out := b.ops("unpark", "-order", cured); code != exitFailure || !strings.Contains(out, "is not parked") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}
