package sqs

import "time"

// Depth is how full a queue is, as CloudWatch's metrics of it say.
type Depth struct {
	// Visible messages can be received, Invisible ones are being worked on, Delayed ones are not due yet.
	Visible, Invisible, Delayed int
	// Oldest is the age of the oldest message; 0 if there is none.
	Oldest time.Duration
}

// Depths returns how full every queue is, by its name.
func (e *Engine) Depths() map[string]Depth {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	depths := make(map[string]Depth, len(e.queues))
	for name, q := range e.queues {
		q.advance(now)
		d := Depth{Visible: q.ready.Len(), Invisible: q.inFlight(), Delayed: q.delayed}
		if len(q.expiring.list) > 0 {
			d.Oldest = time.Duration(now-q.expiring.list[0].sent) * time.Millisecond
		}
		depths[name] = d
	}
	return depths
}
