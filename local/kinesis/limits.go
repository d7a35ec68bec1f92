package kinesis

// What a shard takes and gives in a second.
const (
	maxRecordsPerSecond = 1000
	maxBytesPerSecond   = 1 << 20
	maxReadsPerSecond   = 5
	maxReadPerSecond    = 2 << 20
)

// writes counts what a shard took in during one second.
type writes struct {
	second  int64
	records int
	bytes   int
}

// take reports whether the shard may take a record of size bytes at the given time, and counts it if so.
func (w *writes) take(millis int64, size int) bool {
	if second := millis / 1000; second != w.second {
		*w = writes{second: second}
	}
	if w.records+1 > maxRecordsPerSecond || w.bytes+size > maxBytesPerSecond {
		return false
	}
	w.records++
	w.bytes += size
	return true
}

// reads counts what a shard gave in one second.
type reads struct {
	second int64
	calls  int
	bytes  int
	until  int64 // milliseconds; what there is to give before has been given by a call that gave more than a second's share
}

// take reports whether the shard may be read at the given time, and counts the call if so.
func (r *reads) take(millis int64) bool {
	if second := millis / 1000; second != r.second {
		r.second, r.calls, r.bytes = second, 0, 0
	}
	if millis < r.until || r.calls == maxReadsPerSecond || r.bytes >= maxReadPerSecond {
		return false
	}
	r.calls++
	return true
}

// gave counts what a call that was taken has given.
func (r *reads) gave(millis int64, size int) {
	r.bytes += size
	if size > maxReadPerSecond {
		r.until = millis + int64(size)*1000/maxReadPerSecond
	}
}
