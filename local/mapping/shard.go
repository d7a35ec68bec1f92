package mapping

import (
	"slices"
	"sync"
	"time"
)

// item is a record on its way through the mapping.
type item struct {
	Record
	done bool // guarded by shard.mu
}

// shard is what a mapping remembers of one shard: how far it has been read, and which of the records read are not finished. It outlives
// updates and being disabled.
type shard struct {
	id       string
	parents  []string
	position string // where reading begins
	at       time.Time
	reader   Reader // nil until the first session; then used by one session at a time

	mu         sync.Mutex
	unfinished []*item // in stream order; the first one is never done
	open       int     // items of unfinished that are not done
	openBytes  int
	checkpoint string // the last sequence number before unfinished
	atEnd      bool   // the reader has returned io.EOF
}

func newShard(id string, parents []string) *shard { return &shard{id: id, parents: parents} }

// add appends records that were read.
func (s *shard) add(records []Record) []*item {
	items := make([]item, len(records))
	added := make([]*item, len(records))
	for i := range records {
		items[i].Record = records[i]
		added[i] = &items[i]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unfinished = append(s.unfinished, added...)
	for i := range records {
		s.open++
		s.openBytes += len(records[i].Data)
	}
	return added
}

// finish marks items as done, and moves the checkpoint up to the first record that is not.
func (s *shard) finish(items []*item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, it := range items {
		it.done = true
		s.open--
		s.openBytes -= len(it.Data)
	}
	n := 0
	for n < len(s.unfinished) && s.unfinished[n].done {
		s.checkpoint = s.unfinished[n].SequenceNumber
		s.unfinished[n] = nil // lets go of the record although the array stays
		n++
	}
	s.unfinished = s.unfinished[n:]
}

// pending returns the records that are not finished, in stream order.
func (s *shard) pending() []*item {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.unfinished), func(it *item) bool { return it.done })
}

// progress returns the number of unfinished records, the bytes of their data, and the checkpoint.
func (s *shard) progress() (records, bytes int, checkpoint string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open, s.openBytes, s.checkpoint
}

// end notes that there is nothing more to read.
func (s *shard) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.atEnd = true
}

// ended reports whether the shard was read to its end and every record of it is finished.
func (s *shard) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.atEnd && s.open == 0
}

// exhausted reports whether there is nothing more to read.
func (s *shard) exhausted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.atEnd
}
