package view

import (
	"sync"
)

// trace is the one trace that a view shows. The consumer's state has none; it is known by the events of the trace. Nil is all traces.
type trace struct {
	id string

	mu     sync.Mutex
	events map[string]bool // ids of the trace's events
}

func newTrace(id string) *trace {
	if id == "" {
		return nil
	}
	return &trace{id: id, events: map[string]bool{}}
}

// logged reports whether a log entry belongs to the trace.
func (t *trace) logged(traceID string) bool { return t == nil || traceID == t.id }

// saw reports whether an event belongs to the trace, and remembers it if so.
func (t *trace) saw(e eventItem) bool {
	if t == nil {
		return true
	}
	// version-trace-span-flags, https://www.w3.org/TR/trace-context/#traceparent-header
	parent := e.TraceParent.S
	if len(parent) < 35 || parent[3:35] != t.id {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events[e.EventID.S] = true
	return true
}

// has reports whether an event seen before, by its id, belongs to the trace.
func (t *trace) has(eventID string) bool {
	if t == nil {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.events[eventID]
}
