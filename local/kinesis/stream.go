package kinesis

import (
	"slices"
	"sort"
	"sync"
	"time"
)

// stream is one stream. Its lock guards everything below it, shards included.
type stream struct {
	name  string
	arn   string
	id    uint64 // tells streams apart that had the same name one after the other
	clock func() time.Time

	mu           sync.Mutex
	created      int64
	mode         string
	hours        int // retention
	keyID        string
	encryption   string
	tags         map[string]string
	shards       []*shard // by index; those closed longer ago than the retention are nil
	writable     []*shard // the open ones, by range
	number       uint64   // of the last sequence number
	millis       int64    // the latest time seen: a clock that is put back does not take the stream with it
	trimmed      int64    // when trim last ran
	refusedReads int64
	deleted      bool
}

// trimInterval is how long trimming waits before it looks through all shards again.
const trimInterval = time.Second

// now returns the time in milliseconds, which never decreases.
func (s *stream) now() int64 {
	s.millis = max(s.millis, s.clock().UnixMilli())
	return s.millis
}

// horizon is the arrival time of the oldest records that may still be read.
func (s *stream) horizon(now int64) int64 {
	return now - int64(time.Duration(s.hours)*time.Hour/time.Millisecond)
}

// nextSequence gives out the next sequence number.
func (s *stream) nextSequence(now int64, shard int) sequence {
	s.number++
	return sequence{now, s.number, s.id, shard}
}

// addShard opens a shard at the end of the list; the caller puts it into writable.
func (s *stream) addShard(now int64, start, end hashKey, parents ...*shard) *shard {
	sh := &shard{index: len(s.shards), name: shardID(len(s.shards)), start: start, end: end, parents: parents}
	sh.opened = s.nextSequence(now, sh.index)
	for _, p := range parents {
		p.children = append(p.children, sh)
	}
	s.shards = append(s.shards, sh)
	return sh
}

// shardFor returns the open shard that a hash key belongs to: the last whose range does not begin behind it.
func (s *stream) shardFor(key hashKey) *shard {
	i := sort.Search(len(s.writable), func(i int) bool { return key.less(s.writable[i].start) })
	return s.writable[i-1]
}

// shard returns the shard of an index, nil if there is none or it is long over.
func (s *stream) shard(index int) *shard {
	if index < 0 || index >= len(s.shards) {
		return nil
	}
	return s.shards[index]
}

// trim releases records, and closed shards, that are older than the retention. It looks at all shards, but rarely.
func (s *stream) trim(now int64) {
	if now-s.trimmed < trimInterval.Milliseconds() {
		return
	}
	s.trimmed = now
	horizon := s.horizon(now)
	for i, sh := range s.shards {
		if sh == nil {
			continue
		}
		sh.log.trim(horizon)
		if !sh.open() && sh.closed.millis < horizon {
			sh.wake()
			s.shards[i] = nil
		}
	}
}

// split closes a shard and opens two in its place, the second beginning at start.
func (s *stream) split(now int64, sh *shard, start hashKey) {
	s.retire(now, sh)
	lower := s.addShard(now, sh.start, start.minus(1), sh)
	upper := s.addShard(now, start, sh.end, sh)
	i := slices.Index(s.writable, sh)
	s.writable = slices.Replace(s.writable, i, i+1, lower, upper)
	sh.wake()
}

// merge closes two shards, the lower first, and opens one in their place.
func (s *stream) merge(now int64, lower, upper *shard) {
	s.retire(now, lower)
	s.retire(now, upper)
	merged := s.addShard(now, lower.start, upper.end, lower, upper)
	i := slices.Index(s.writable, lower)
	s.writable = slices.Replace(s.writable, i, i+2, merged)
	lower.wake()
	upper.wake()
}

func (s *stream) retire(now int64, sh *shard) { sh.closed = s.nextSequence(now, sh.index) }

// reshard divides the stream evenly into n shards by splits and merges, so that every shard's parents are known, as with AWS's
// UNIFORM_SCALING.
func (s *stream) reshard(now int64, n int) {
	starts := evenStarts(n)
	for _, start := range starts {
		if sh := s.shardFor(start); sh.start != start {
			s.split(now, sh, start)
		}
	}
	for i := 0; i+1 < len(s.writable); {
		lower, upper := s.writable[i], s.writable[i+1]
		if slices.Contains(starts, upper.start) {
			i++
			continue
		}
		s.merge(now, lower, upper)
	}
}

// wakeAll lets all waiting readers look again.
func (s *stream) wakeAll() {
	for _, sh := range s.shards {
		if sh != nil {
			sh.wake()
		}
	}
}
