package mapping

import (
	"sync/atomic"
	"time"
)

// State is the state of a mapping, as GetEventSourceMapping names it.
type State string

// The states.
const (
	Creating  State = "Creating"
	Enabling  State = "Enabling"
	Enabled   State = "Enabled"
	Disabling State = "Disabling"
	Disabled  State = "Disabled"
	Updating  State = "Updating"
)

// Status is what a mapping has done so far and where it is.
type Status struct {
	State State
	// LastProcessingResult is "No records processed", "OK", or "PROBLEM: " and what the matter is.
	LastProcessingResult string
	Counts
	// IteratorAge is how old the last record of the newest batch was when it was sent to the function.
	IteratorAge time.Duration
	// Backlog is the number of records that were read and are not finished.
	Backlog int
	// Checkpoints has, for each shard, the sequence number up to which every record is finished; "" if none is.
	Checkpoints map[string]string
}

// Counts are the EventCount metrics of a mapping, and with them the number of invocations.
type Counts struct {
	// PolledEventCount counts records read.
	PolledEventCount int64
	// FilteredOutEventCount counts records that no filter let through.
	FilteredOutEventCount int64
	// InvokedEventCount counts records sent to the function, each time they are.
	InvokedEventCount int64
	// FailedInvokeEventCount counts records of invocations that failed or did not take place; of a partial success, those sent again.
	FailedInvokeEventCount int64
	// DroppedEventCount counts records given up without a dead letter, except those that the stream itself forgot.
	DroppedEventCount int64
	// OnFailureDestinationDeliveredEventCount counts records named in dead letters.
	OnFailureDestinationDeliveredEventCount int64
	// Invocations counts calls of the function, ThrottledInvocations those that did not get through to it.
	Invocations, ThrottledInvocations int64
}

type counters struct {
	polled, filtered, invoked, failed, dropped, delivered, invocations, throttled atomic.Int64
	iteratorAge                                                                   atomic.Int64
}

// Status returns a snapshot.
func (m *Mapping) Status() Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := Status{
		State:                m.state,
		LastProcessingResult: m.result,
		Counts: Counts{
			PolledEventCount:                        m.counts.polled.Load(),
			FilteredOutEventCount:                   m.counts.filtered.Load(),
			InvokedEventCount:                       m.counts.invoked.Load(),
			FailedInvokeEventCount:                  m.counts.failed.Load(),
			DroppedEventCount:                       m.counts.dropped.Load(),
			OnFailureDestinationDeliveredEventCount: m.counts.delivered.Load(),
			Invocations:                             m.counts.invocations.Load(),
			ThrottledInvocations:                    m.counts.throttled.Load(),
		},
		IteratorAge: time.Duration(m.counts.iteratorAge.Load()),
		Checkpoints: map[string]string{},
	}
	if s.LastProcessingResult == "" {
		s.LastProcessingResult = "No records processed"
	}
	for id, sh := range m.shards {
		backlog, _, checkpoint := sh.progress()
		s.Backlog += backlog
		s.Checkpoints[id] = checkpoint
	}
	return s
}
