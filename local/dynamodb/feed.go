package dynamodb

import (
	"context"
	"errors"
	"slices"
	"time"
)

// ErrClosed is what a feed returns when it, its table or its engine was closed, after the last change.
var ErrClosed = errors.New("the feed has ended")

// defaultFeedBatch is how many changes Next returns at most when not told.
const defaultFeedBatch = 1000

// Change is one change of one item. Its slices are shared: do not modify them.
type Change struct {
	Table string
	// EventID is a UUIDv4 and unique to the change.
	EventID string
	// EventName is INSERT, MODIFY or REMOVE.
	EventName string
	// Time is when the change was committed.
	Time time.Time
	// Keys, NewImage and OldImage are attribute maps in DynamoDB's JSON; the images are nil where there is none.
	Keys, NewImage, OldImage []byte
	// ByTTL says that time to live removed the item.
	ByTTL bool
	// SizeBytes is the size of the keys and of both images, as DynamoDB measures items.
	SizeBytes int
}

// Feed reads the changes of one table in commit order, all of them from the moment it was opened. It belongs to one goroutine; several
// feeds of one table do not disturb each other. What a feed has not read stays in memory: close it when done.
type Feed struct {
	elsewhere *elsewhere // nil for a table of an engine

	table  *table
	clock  func() time.Time
	next   uint64 // guarded by the log's mu
	closed bool   // likewise
}

// Feed opens a feed of a table. It needs no stream on the table. A table that does not exist is an *awsapi.Error with code
// ResourceNotFoundException.
func (e *Engine) Feed(table string) (*Feed, error) {
	t := e.table(tableNameOf(table))
	if t == nil {
		return nil, tableNotFound()
	}
	f := &Feed{table: t, clock: e.options.Clock}
	// With all shards locked no write is under way, so that the feed begins between two of them.
	for i := range t.shards {
		t.shards[i].Lock()
		defer t.shards[i].Unlock()
	}
	l := &t.log
	l.mu.Lock()
	defer l.mu.Unlock()
	f.next = l.end()
	l.feeds = append(l.feeds, f)
	l.active.Store(!l.closed)
	return f, nil
}

// Next returns the next changes, at least one and at most max (0 means 1,000). It waits until there is one or ctx is done, whose error
// it then returns; a feed that has ended returns [ErrClosed].
func (f *Feed) Next(ctx context.Context, max int) ([]Change, error) {
	if max <= 0 {
		max = defaultFeedBatch
	}
	if f.elsewhere != nil {
		return f.elsewhere.next(ctx, max)
	}
	for {
		records, wake, err := f.take(max)
		if err != nil {
			return nil, err
		}
		if len(records) > 0 {
			changes := make([]Change, len(records))
			for i := range records {
				changes[i] = f.encode(&records[i])
			}
			return changes, nil
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take returns up to max unread records, or else the channel that the next one closes.
func (f *Feed) take(max int) ([]record, <-chan struct{}, error) {
	l := &f.table.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if f.closed {
		return nil, nil, ErrClosed
	}
	unread := l.records[f.next-l.start:]
	if len(unread) == 0 {
		if l.closed {
			return nil, nil, ErrClosed
		}
		return nil, l.waiting(), nil
	}
	taken := slices.Clone(unread[:min(max, len(unread))])
	f.next += uint64(len(taken))
	l.trim(f.clock())
	return taken, nil, nil
}

func (f *Feed) encode(r *record) Change {
	keys := r.keys(&f.table.schema)
	c := Change{
		Table:     f.table.name,
		EventID:   r.id,
		EventName: r.eventName(),
		Time:      r.time,
		Keys:      keys.AppendJSON(nil),
		ByTTL:     r.byTTL,
		SizeBytes: keys.Size() + r.old.bytes() + r.new.bytes(),
	}
	if r.new != nil {
		c.NewImage = r.new.attributes.AppendJSON(nil)
	}
	if r.old != nil {
		c.OldImage = r.old.attributes.AppendJSON(nil)
	}
	return c
}

// Close releases what the feed holds back, and makes a Next that waits return [ErrClosed]. It may be called more than once.
func (f *Feed) Close() {
	if f.elsewhere != nil {
		f.elsewhere.close()
		return
	}
	l := &f.table.log
	l.mu.Lock()
	defer l.mu.Unlock()
	f.closed = true
	l.feeds = slices.DeleteFunc(l.feeds, func(other *Feed) bool { return other == f })
	l.trim(f.clock())
	l.notify()
}
