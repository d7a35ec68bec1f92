package mapping

import (
	"context"
	"time"
)

// deliver sends a batch to the function until every record of it is finished: acknowledged, or given up. It returns early when ctx is
// done; what is not finished then stays in the shard's backlog. Attempts counts the failed invocations of just these records.
func (p *processing) deliver(ctx context.Context, batch []*item, attempts int) {
	last := outcome{}
	for waits := 0; ctx.Err() == nil; {
		if batch = p.expire(ctx, batch, attempts); len(batch) == 0 {
			return
		}
		last = p.call(ctx, batch)
		switch {
		case last.verdict == succeeded:
			p.finish(batch)
			return
		case last.verdict == refused:
			// The function was not run: that does not count, however often it happens.
			waits++
		case last.verdict == partly && last.failedAt > 0:
			// The quota starts anew for the remainder; observed on AWS: a record that fails in a batch and then alone is delivered once
			// more than MaximumRetryAttempts + 1. With bisecting this is the split at the returned sequence number.
			p.finish(batch[:last.failedAt])
			batch, attempts, waits = batch[last.failedAt:], 0, 1
		case last.verdict == failed && p.config.BisectBatchOnFunctionError && len(batch) > 1:
			// Splitting does not consume the quota.
			sleep(ctx, p.m.opts.After, p.m.opts.Backoff(1))
			half := len(batch) / 2
			p.deliver(ctx, batch[:half], attempts)
			batch, waits = batch[half:], 0
			continue
		default:
			// Also a response that names the first record: there is no progress and nothing to split off before it.
			attempts++
			waits++
			if p.config.retries >= 0 && attempts > p.config.retries {
				p.giveUp(ctx, batch, letter{condition: retriesExhausted, attempts: attempts, requestID: last.requestID,
					responded: true, functionError: last.functionError})
				return
			}
		}
		sleep(ctx, p.m.opts.After, p.m.opts.Backoff(waits))
	}
}

// expire gives up the records at the head of a batch that have grown too old, and returns the rest. The oldest come first: records
// behind one that is young enough stay.
func (p *processing) expire(ctx context.Context, batch []*item, attempts int) []*item {
	now := p.m.opts.Clock()
	older := func(limit time.Duration) int {
		n := 0
		for n < len(batch) && now.Sub(batch[n].Arrival) > limit {
			n++
		}
		return n
	}
	if retention := time.Duration(p.retention.Load()); retention > 0 && older(retention) > 0 {
		// It may have been raised meanwhile: what is discarded for it is gone.
		retention, err := p.m.source.Retention(ctx)
		if err == nil {
			p.retention.Store(int64(retention))
		}
		if n := older(retention); err == nil && retention > 0 && n > 0 {
			p.m.opts.Logger.WarnContext(ctx, "records expired in the stream", "mapping", p.m.opts.UUID, "shard", p.shard.id, "records", n)
			p.finish(batch[:n])
			batch = batch[n:]
		}
	}
	if age := p.config.MaximumRecordAgeInSeconds; age > 0 {
		if n := older(time.Duration(age) * time.Second); n > 0 {
			// Observed on AWS: the count is 1 even if the function never saw the records.
			p.giveUp(ctx, batch[:n], letter{condition: ageExceeded, attempts: max(1, attempts), requestID: p.m.opts.RequestID()})
			batch = batch[n:]
		}
	}
	return batch
}

// call invokes the function once. The invocation is not cut short when ctx is done.
func (p *processing) call(ctx context.Context, batch []*item) outcome {
	counts := &p.m.counts
	event := p.encoder.event(batch)
	counts.iteratorAge.Store(int64(max(0, p.m.opts.Clock().Sub(batch[len(batch)-1].Arrival))))
	response, err := p.m.invoke.Invoke(context.WithoutCancel(ctx), *event)
	p.encoder.release(event)
	n := int64(len(batch))
	if err != nil {
		counts.throttled.Add(1)
		counts.failed.Add(n)
		p.problem(ctx, "function not invoked", err)
		return outcome{verdict: refused}
	}
	counts.invocations.Add(1)
	counts.invoked.Add(n)
	o := p.judge(response, batch)
	switch o.verdict {
	case succeeded:
		p.m.setResult("OK")
	case partly:
		counts.failed.Add(n - int64(o.failedAt))
		p.m.setResult("OK")
	default:
		counts.failed.Add(n)
		p.m.setResult("PROBLEM: Function call failed")
	}
	return o
}
