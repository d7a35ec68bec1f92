package dynamodb

import "sync/atomic"

// Stats counts what an engine has done since it was made.
type Stats struct {
	// Calls is the number of calls by operation, refused ones included; Failed counts those that ended in an error.
	Calls, Failed map[string]int64
	// ItemsRead counts the items that reads have looked at, ItemsWritten those put, changed or deleted.
	ItemsRead, ItemsWritten int64
}

type counters struct {
	calls         map[string]*callCounter // never changes after init
	read, written atomic.Int64
}

type callCounter struct{ calls, failed atomic.Int64 }

func (c *counters) init(operations map[string]operation) {
	c.calls = make(map[string]*callCounter, len(operations))
	for name := range operations {
		c.calls[name] = &callCounter{}
	}
}

// Stats returns the engine's counters.
func (e *Engine) Stats() Stats {
	s := Stats{
		Calls:        map[string]int64{},
		Failed:       map[string]int64{},
		ItemsRead:    e.stats.read.Load(),
		ItemsWritten: e.stats.written.Load(),
	}
	for name, c := range e.stats.calls {
		if n := c.calls.Load(); n > 0 {
			s.Calls[name] = n
		}
		if n := c.failed.Load(); n > 0 {
			s.Failed[name] = n
		}
	}
	return s
}
