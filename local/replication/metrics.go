package replication

import (
	"sync/atomic"
	"time"
)

// Metrics are the CloudWatch metrics of a streaming destination, and what it takes to follow its progress.
type Metrics struct {
	Status Status
	// StatusDescription says why the status is what it is, if there is more to say.
	StatusDescription string
	Precision         Precision
	// AgeOfOldestUnreplicatedRecord is the age of the oldest change that is not on the stream yet; 0 if all are.
	AgeOfOldestUnreplicatedRecord time.Duration
	// ThrottledPutRecordCount counts records that the stream refused for lack of capacity, each time it did.
	ThrottledPutRecordCount int64
	// FailedToReplicateRecordCount counts changes that were skipped because their records were too large.
	FailedToReplicateRecordCount int64
	// Replicated counts changes that are on the stream, Written the records there, duplicates included.
	Replicated, Written int64
}

type counters struct {
	throttled, failed, replicated, written atomic.Int64
}

// Metrics returns a snapshot.
func (d *Destination) Metrics() Metrics {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := Metrics{
		Status:                       d.status,
		StatusDescription:            d.reason,
		Precision:                    d.precision,
		ThrottledPutRecordCount:      d.counts.throttled.Load(),
		FailedToReplicateRecordCount: d.counts.failed.Load(),
		Replicated:                   d.counts.replicated.Load(),
		Written:                      d.counts.written.Load(),
	}
	if !d.oldest.IsZero() {
		m.AgeOfOldestUnreplicatedRecord = max(0, d.opts.Clock().Sub(d.oldest))
	}
	return m
}
