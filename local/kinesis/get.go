package kinesis

import (
	"context"

	"transactional-outbox/local/awsapi"
)

const (
	maxGetRecords = 10000
	maxGetBytes   = 10 << 20
)

// GetRecords reads from an iterator on, up to 10,000 records and 10 MiB.
func (e *Engine) GetRecords(_ context.Context, auth awsapi.Authorizer, in *GetRecordsInput) (*GetRecordsOutput, error) {
	it, malformed := iterator{}, error(nil)
	if in.ShardIterator != "" {
		it, malformed = parseIterator(in.ShardIterator)
	}
	t := target{name: it.name, arn: in.StreamARN}
	if it.name == "" && t.arn == "" {
		// Nothing says which stream this is about; what is wrong with the iterator is told below.
		t.name = "-"
	}
	_, err := e.begin(auth, "GetRecords", t, func(c *constraints) {
		c.required("shardIterator", in.ShardIterator)
		c.between("limit", in.Limit, 1, maxGetRecords)
	})
	if err != nil {
		return nil, err
	}
	if malformed != nil {
		return nil, malformed
	}
	limit := maxGetRecords
	if in.Limit != nil {
		limit = *in.Limit
	}

	s, sh, err := e.position(it)
	if err != nil {
		return nil, err
	}
	if e.opts.Limits && !sh.given.take(s.millis) {
		s.refusedReads++
		s.mu.Unlock()
		return nil, awsapi.Errorf("ProvisionedThroughputExceededException", "%s", e.rateExceeded(sh.name, it.name))
	}
	log := &sh.log
	from := max(it.index, log.first)
	records, to, size := read(log, from, limit)
	if e.opts.Limits {
		sh.given.gave(s.millis, size)
	}
	out := &GetRecordsOutput{Records: make([]Record, len(records))}
	if to < log.next && len(records) > 0 {
		out.MillisBehindLatest = s.millis - records[len(records)-1].millis
	}
	if !sh.open() && to == log.next {
		out.ChildShards = sh.childShards()
	} else {
		next := it
		next.handedOut, next.index = s.millis, to
		out.NextShardIterator = next.String()
	}
	encryption := s.encryption
	s.mu.Unlock()

	for i := range records {
		r := &records[i]
		out.Records[i] = Record{
			SequenceNumber:              sequence{r.millis, r.number, it.stream, it.shard}.String(),
			ApproximateArrivalTimestamp: timestamp(r.millis),
			Data:                        r.data,
			PartitionKey:                r.key,
		}
		if encryption != "NONE" {
			out.Records[i].EncryptionType = encryption
		}
	}
	return out, nil
}

// RefusedReads returns how many calls of GetRecords a stream has refused because they were too many or had read too much, 0 if there is no
// such stream.
func (e *Engine) RefusedReads(name string) int64 {
	s, err := e.locked(name)
	if err != nil {
		return 0
	}
	defer s.mu.Unlock()
	return s.refusedReads
}

// read copies up to limit records, at least one of them if there is one and then as many as the size limit allows. It returns the index
// behind the last, and their size.
func read(l *log, from uint64, limit int) (_ []record, to uint64, size int) {
	to = from
	for to < l.next && to-from < uint64(limit) {
		r := l.at(to)
		more := len(r.data) + len(r.key)
		if size+more > maxGetBytes && to > from {
			break
		}
		size += more
		to++
	}
	records := make([]record, 0, to-from)
	for i := from; i < to; i++ {
		records = append(records, *l.at(i))
	}
	return records, to, size
}

// Wait implements [Waiter].
func (e *Engine) Wait(ctx context.Context, token string) error {
	it, err := parseIterator(token)
	if err != nil {
		return nil // GetRecords tells what is wrong
	}
	for {
		s, sh, err := e.position(it)
		if err != nil {
			return nil
		}
		if it.index < sh.log.next || !sh.open() {
			s.mu.Unlock()
			return nil
		}
		// The channel is taken under the lock under which records are appended: none can come in between.
		if sh.changed == nil {
			sh.changed = make(chan struct{})
		}
		changed := sh.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
