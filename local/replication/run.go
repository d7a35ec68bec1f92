package replication

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/kinesis"
)

// The limits of PutRecords that writes keep to. Kinesis has come to allow more bytes; older endpoints do not.
const (
	maxBatch      = 500
	maxBatchBytes = 5 << 20
)

// run replicates until ctx is done or the source has ended. One batch is on the stream before the next one is read: what backs up waits
// in the source.
func (d *Destination) run(ctx context.Context) {
	defer close(d.done)
	r := &replicator{
		Destination: d,
		encoder:     encoder{region: quote(d.opts.Region), hashKey: d.opts.PartitionByHashKey},
		random:      rand.New(rand.NewPCG(d.opts.Seed, d.opts.Seed)),
	}
	for failures := 0; ctx.Err() == nil; {
		changes, err := d.source.Next(ctx, maxBatch)
		if len(changes) > 0 {
			failures = 0
			r.replicate(ctx, changes)
		}
		switch {
		case err == nil || ctx.Err() != nil:
		case d.opts.Retryable(err):
			failures++
			d.opts.Logger.WarnContext(ctx, "changes not readable", "stream", d.stream, "error", err)
			d.sleep(ctx, d.opts.Backoff(failures))
		default:
			d.setStatus(Disabled, "the source of changes has ended: "+err.Error())
			return
		}
	}
}

// replicator is the goroutine of a destination.
type replicator struct {
	*Destination
	encoder encoder
	random  *rand.Rand
}

func (r *replicator) replicate(ctx context.Context, changes []Change) {
	precision := r.begin(changes[0].Time)
	entries := make([]kinesis.PutRecordsEntry, 0, len(changes))
	for i := range changes {
		data := r.encoder.record(&changes[i], precision)
		if len(data) > MaxRecordBytes {
			r.counts.failed.Add(1)
			continue
		}
		entries = append(entries, kinesis.PutRecordsEntry{Data: data, PartitionKey: r.encoder.partitionKey(&changes[i])})
	}
	kept := len(entries)
	batches := [][]kinesis.PutRecordsEntry{entries}
	if r.opts.Duplicate > 0 {
		batches = r.disturb(entries)
	}
	for _, batch := range batches {
		r.send(ctx, batch)
	}
	if ctx.Err() == nil {
		r.counts.replicated.Add(int64(kept))
		r.finish()
	}
}

// disturb duplicates some records, to a place between the original and the end of the batch, and splits one batch in twenty.
func (r *replicator) disturb(entries []kinesis.PutRecordsEntry) [][]kinesis.PutRecordsEntry {
	for i := len(entries) - 1; i >= 0; i-- {
		if r.random.Float64() < r.opts.Duplicate {
			entries = slices.Insert(entries, i+1+r.random.IntN(len(entries)-i), entries[i])
		}
	}
	if len(entries) > 1 && r.random.IntN(20) == 0 {
		at := 1 + r.random.IntN(len(entries)-1)
		return [][]kinesis.PutRecordsEntry{entries[:at], entries[at:]}
	}
	return [][]kinesis.PutRecordsEntry{entries}
}

func (r *replicator) send(ctx context.Context, batch []kinesis.PutRecordsEntry) {
	batches := [][]kinesis.PutRecordsEntry{batch}
	if r.opts.Chaos != nil {
		batches = r.opts.Chaos(ctx, batch)
	}
	for _, batch := range batches {
		for len(batch) > 0 && ctx.Err() == nil {
			n := limitBatch(batch)
			r.put(ctx, batch[:n])
			batch = batch[n:]
		}
	}
}

// limitBatch returns how many entries fit into one PutRecords.
func limitBatch(batch []kinesis.PutRecordsEntry) int {
	n, size := 0, 0
	for n < len(batch) && n < maxBatch {
		size += len(batch[n].Data) + len(batch[n].PartitionKey)
		if size > maxBatchBytes && n > 0 {
			break
		}
		n++
	}
	return n
}

// put writes entries until each is on the stream or ctx is done. What failed is sent again in its old order, before anything newer.
func (r *replicator) put(ctx context.Context, entries []kinesis.PutRecordsEntry) {
	for attempt := 1; ; attempt++ {
		out, err := r.writer.PutRecords(ctx, r.opts.Authorizer, &kinesis.PutRecordsInput{StreamARN: r.stream, Records: entries})
		failed := entries
		if err == nil {
			failed = r.refused(entries, out)
		} else {
			if e := (*awsapi.Error)(nil); errors.As(err, &e) && throttles(e.Code) {
				r.counts.throttled.Add(int64(len(entries)))
			}
			if ctx.Err() == nil {
				r.opts.Logger.WarnContext(ctx, "records not written", "stream", r.stream, "records", len(entries), "error", err)
			}
		}
		r.counts.written.Add(int64(len(entries) - len(failed)))
		if len(failed) == 0 {
			return
		}
		entries = failed
		if r.sleep(ctx, r.opts.Backoff(attempt)) != nil {
			return
		}
	}
}

// refused returns the entries that were not written.
func (r *replicator) refused(entries []kinesis.PutRecordsEntry, out *kinesis.PutRecordsOutput) []kinesis.PutRecordsEntry {
	if out.FailedRecordCount == 0 {
		return nil
	}
	var failed []kinesis.PutRecordsEntry
	for i := range out.Records {
		if code := out.Records[i].ErrorCode; code != "" {
			failed = append(failed, entries[i])
			if throttles(code) {
				r.counts.throttled.Add(1)
			}
		}
	}
	return failed
}

func throttles(code string) bool {
	return code == "ProvisionedThroughputExceededException" || code == "KMSThrottlingException"
}

// begin notes that changes are on their way, the oldest of which was committed at t, and returns the precision for them.
func (d *Destination) begin(t time.Time) Precision {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.oldest = t
	return d.precision
}

// finish notes that all changes that were read are on the stream.
func (d *Destination) finish() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.oldest = time.Time{}
	if d.status == Updating {
		d.status = Active
	}
}

func (d *Destination) sleep(ctx context.Context, wait time.Duration) error {
	select {
	case <-d.opts.After(wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
