package dynamodb

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"transactional-outbox/local/dynamodb/attribute"
)

// record is one change of one item, as the log keeps it: it is encoded by whoever reads it.
type record struct {
	id       string
	time     time.Time
	old, new *item // not both nil
	byTTL    bool
}

func (r *record) eventName() string {
	switch {
	case r.old == nil:
		return "INSERT"
	case r.new == nil:
		return "REMOVE"
	}
	return "MODIFY"
}

// keys returns the primary key of the changed item.
func (r *record) keys(s *schema) attribute.Map {
	if r.new != nil {
		return s.keyOf(r.new.attributes)
	}
	return s.keyOf(r.old.attributes)
}

// changeLog is the log of a table's changes in commit order. It holds what a feed has not read or a stream still offers; without
// either it keeps nothing.
type changeLog struct {
	table     *table
	retention time.Duration // of streams
	active    atomic.Bool   // whether changes must be recorded; read without mu

	mu      sync.Mutex
	start   uint64 // sequence number of records[0]
	records []record
	wake    chan struct{} // closed and forgotten at the next change; nil if nobody waits
	feeds   []*Feed
	streams []*stream // oldest first; all but the last are disabled
	closed  bool
}

// append records a change. The shard of the item is locked by the caller, which puts the changes of an item in order.
func (l *changeLog) append(r record) {
	l.mu.Lock()
	if n := len(l.records); n > 0 && r.time.Before(l.records[n-1].time) {
		r.time = l.records[n-1].time // the log is searched by time
	}
	l.records = append(l.records, r)
	l.notify()
	if len(l.records)%4096 == 0 {
		l.trim(r.time)
	}
	l.mu.Unlock()
}

// notify wakes everybody who waits. mu is held.
func (l *changeLog) notify() {
	if l.wake != nil {
		close(l.wake)
		l.wake = nil
	}
}

// end is the sequence number of the next change. mu is held.
func (l *changeLog) end() uint64 { return l.start + uint64(len(l.records)) }

// waiting returns the channel that the next change closes. mu is held.
func (l *changeLog) waiting() chan struct{} {
	if l.wake == nil {
		l.wake = make(chan struct{})
	}
	return l.wake
}

// trim forgets records that every feed has read and no stream offers any more, once they are half of all or nobody is left. mu is held.
func (l *changeLog) trim(now time.Time) {
	l.streams = slices.DeleteFunc(l.streams, func(s *stream) bool { return !s.enabled() && now.Sub(s.disabled) > l.retention })
	keep := l.end()
	for _, f := range l.feeds {
		keep = min(keep, f.next)
	}
	if len(l.streams) > 0 {
		keep = min(keep, max(l.horizon(now), l.streams[0].first))
	}
	enabled := len(l.streams) > 0 && l.streams[len(l.streams)-1].enabled()
	l.active.Store((enabled || len(l.feeds) > 0) && !l.closed)
	if n := int(keep - l.start); n == len(l.records) || n > len(l.records)/2 {
		l.records = slices.Delete(l.records, 0, n)
		l.start = keep
		if len(l.records) == 0 && cap(l.records) > 1024 {
			l.records = nil
		}
	}
}

// horizon is the sequence number of the oldest record that a stream still offers. mu is held.
func (l *changeLog) horizon(now time.Time) uint64 {
	oldest := now.Add(-l.retention)
	i, _ := slices.BinarySearchFunc(l.records, oldest, func(r record, t time.Time) int { return r.time.Compare(t) })
	return l.start + uint64(i)
}

// close ends the log: readers get what is left and then hear that it has ended.
func (l *changeLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.active.Store(false)
	l.notify()
}
