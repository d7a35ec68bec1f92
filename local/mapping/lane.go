package mapping

import (
	"context"
	"sync"
	"time"
)

// lane is the queue of one of a shard's concurrent batches.
type lane struct {
	mu     sync.Mutex
	queue  []*item
	closed bool
	idle   bool          // no batch is being processed
	wake   chan struct{} // signalled after every change
}

func newLane() *lane { return &lane{wake: make(chan struct{}, 1)} }

func (l *lane) push(items []*item) {
	if len(items) == 0 {
		return
	}
	l.mu.Lock()
	l.queue = append(l.queue, items...)
	l.mu.Unlock()
	l.signal()
}

// close says that nothing more will be pushed.
func (l *lane) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.signal()
}

func (l *lane) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// runLane calls the function with one batch after the other until the lane is closed and empty, or until ctx is done.
func (p *processing) runLane(ctx context.Context, l *lane) {
	for {
		batch := p.take(ctx, l)
		if len(batch) == 0 {
			return
		}
		p.deliver(ctx, batch, 0)
	}
}

// take waits for the next batch: for its first record as long as it takes, and from then on until the batch is full or the batching
// window is over. It returns nothing when ctx is done or the lane has ended.
func (p *processing) take(ctx context.Context, l *lane) []*item {
	l.mu.Lock()
	l.idle = true
	l.mu.Unlock()
	p.feed()
	var window <-chan time.Time
	over := p.config.MaximumBatchingWindowInSeconds == 0
	for ctx.Err() == nil {
		batch, ended := p.cut(l, over)
		if batch != nil || ended {
			return batch
		}
		if window == nil && !over && l.len() > 0 {
			window = p.m.opts.After(time.Duration(p.config.MaximumBatchingWindowInSeconds) * time.Second)
		}
		select {
		case <-l.wake:
		case <-window:
			over = true
		case <-ctx.Done():
		}
	}
	return nil
}

func (l *lane) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue)
}

// cut removes a batch from the queue if there is a full one, or any if over is set. ended means that there will never be one.
func (p *processing) cut(l *lane, over bool) (batch []*item, ended bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		return nil, l.closed
	}
	n, bytes := 0, eventOverhead
	for n < len(l.queue) && n < p.config.BatchSize {
		bytes += p.encoder.size(&l.queue[n].Record)
		if bytes > maxEventBytes && n > 0 {
			break
		}
		n++
	}
	full := n == p.config.BatchSize || n < len(l.queue)
	if !full && !over && !l.closed {
		return nil, false
	}
	batch = l.queue[:n:n]
	l.queue = l.queue[n:]
	l.idle = false
	return batch, false
}

// wants reports whether a lane could do with more records: it is idle and has none, or the batching window lets it wait for a full batch.
func (p *processing) wants(l *lane) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.config.MaximumBatchingWindowInSeconds > 0 {
		return l.idle && len(l.queue) < p.config.BatchSize
	}
	return l.idle && len(l.queue) == 0
}
