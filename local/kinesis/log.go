package kinesis

import "sort"

// record is one record as it is kept.
type record struct {
	millis int64 // arrival
	number uint64
	key    string
	data   []byte
}

// log is the records of one shard. Every record has an index, counted from the shard's first, that it keeps for good: appending is O(1),
// and so is finding an index, whatever has been trimmed before it.
type log struct {
	chunks [][]record // full but for the last
	base   uint64     // index of the first record of chunks[0]
	first  uint64     // index of the oldest record that has not been trimmed
	next   uint64     // index of the next record to come
}

// chunkSize is how many records are allocated, and released, together.
const chunkSize = 512

func (l *log) append(r record) {
	last := len(l.chunks) - 1
	if last < 0 || len(l.chunks[last]) == chunkSize {
		capacity := chunkSize
		if l.next == 0 {
			// Most shards of most tests see a handful of records.
			capacity = 8
		}
		l.chunks = append(l.chunks, make([]record, 0, capacity))
		last++
	}
	l.chunks[last] = append(l.chunks[last], r)
	l.next++
}

// at returns the record of an index in [first, next).
func (l *log) at(index uint64) *record {
	offset := index - l.base
	return &l.chunks[offset/chunkSize][offset%chunkSize]
}

// trim releases the records that arrived before the given time.
func (l *log) trim(before int64) {
	for l.first < l.next {
		r := l.at(l.first)
		if r.millis >= before {
			return
		}
		*r = record{}
		l.first++
		if l.first-l.base == chunkSize {
			l.chunks[0] = nil
			l.chunks = l.chunks[1:]
			l.base += chunkSize
		}
	}
}

// search returns the index of the first record for which found is true; found must be false up to some record and true from there on.
func (l *log) search(found func(*record) bool) uint64 {
	n := sort.Search(int(l.next-l.first), func(i int) bool { return found(l.at(l.first + uint64(i))) })
	return l.first + uint64(n)
}
