package kinesis

import (
	"context"
	"fmt"

	"transactional-outbox/local/awsapi"
)

const (
	maxRecordBytes     = 1 << 20
	maxPutRecords      = 500
	maxPutRecordsBytes = 10 << 20
)

type putRecordInput struct {
	StreamName                string
	StreamARN                 string
	Data                      []byte
	PartitionKey              string
	ExplicitHashKey           string
	SequenceNumberForOrdering string
}

type putRecordOutput struct {
	ShardId        string
	SequenceNumber string
	EncryptionType string `json:",omitempty"`
}

// PutRecords writes up to 500 records. Each lands in the shard that its partition key or explicit hash key belongs to.
func (e *Engine) PutRecords(_ context.Context, auth awsapi.Authorizer, in *PutRecordsInput) (*PutRecordsOutput, error) {
	name, err := e.begin(auth, "PutRecords", target{in.StreamName, in.StreamARN}, in.check)
	if err != nil {
		return nil, err
	}
	total := 0
	// The hashing is done before the lock is taken: it is most of the work.
	keys := make([]hashKey, len(in.Records))
	for i := range in.Records {
		r := &in.Records[i]
		total += len(r.Data) + len(r.PartitionKey)
		if keys[i], err = r.hashKey(); err != nil {
			return nil, err
		}
	}
	if total > maxPutRecordsBytes {
		return nil, invalidArgument("Records size exceeds %d MB limit", maxPutRecordsBytes>>20)
	}

	out := &PutRecordsOutput{Records: make([]PutRecordsResult, len(in.Records))}
	written := make([]place, len(in.Records))
	s, err := e.locked(name)
	if err != nil {
		return nil, err
	}
	now := s.now()
	s.trim(now)
	for i := range in.Records {
		written[i] = e.put(s, now, keys[i], &in.Records[i])
	}
	if s.encryption != "NONE" {
		out.EncryptionType = s.encryption
	}
	s.mu.Unlock()

	for i, w := range written {
		if w.refused() {
			out.FailedRecordCount++
			out.Records[i] = PutRecordsResult{ErrorCode: "ProvisionedThroughputExceededException", ErrorMessage: e.rateExceeded(w.shard, name)}
			continue
		}
		out.Records[i] = PutRecordsResult{SequenceNumber: w.String(), ShardId: w.shard}
	}
	return out, nil
}

func (e *Engine) putRecord(_ context.Context, auth awsapi.Authorizer, in *putRecordInput) (*putRecordOutput, error) {
	entry := &PutRecordsEntry{Data: in.Data, PartitionKey: in.PartitionKey, ExplicitHashKey: in.ExplicitHashKey}
	name, err := e.begin(auth, "PutRecord", target{in.StreamName, in.StreamARN}, func(c *constraints) {
		c.decimal("sequenceNumberForOrdering", in.SequenceNumberForOrdering, 129)
		entry.check(c, "")
	})
	if err != nil {
		return nil, err
	}
	if in.SequenceNumberForOrdering != "" {
		// Numbers grow over the whole stream here, so any earlier one is honoured by itself.
		if _, ok := parseSequence(in.SequenceNumberForOrdering); !ok {
			return nil, invalidArgument("ExclusiveMinimumSequenceNumber %s used in PutRecord on stream %s under account %s is invalid.",
				in.SequenceNumberForOrdering, name, e.opts.Account)
		}
	}
	key, err := entry.hashKey()
	if err != nil {
		return nil, err
	}
	s, err := e.locked(name)
	if err != nil {
		return nil, err
	}
	now := s.now()
	s.trim(now)
	written := e.put(s, now, key, entry)
	encryption := s.encryption
	s.mu.Unlock()
	if written.refused() {
		return nil, awsapi.Errorf("ProvisionedThroughputExceededException", "%s", e.rateExceeded(written.shard, name))
	}
	out := &putRecordOutput{ShardId: written.shard, SequenceNumber: written.String()}
	if encryption != "NONE" {
		out.EncryptionType = encryption
	}
	return out, nil
}

// place is where a record was written, to be worded when the lock is gone.
type place struct {
	sequence
	shard string
}

// refused says that the shard's write limit is used up.
func (p place) refused() bool { return p.number == 0 }

// put appends one record under the stream's lock.
func (e *Engine) put(s *stream, now int64, key hashKey, entry *PutRecordsEntry) place {
	sh := s.shardFor(key)
	if e.opts.Limits && !sh.written.take(now, len(entry.Data)+len(entry.PartitionKey)) {
		return place{shard: sh.name}
	}
	written := s.nextSequence(now, sh.index)
	sh.log.append(record{millis: now, number: written.number, key: entry.PartitionKey, data: entry.Data})
	sh.wake()
	return place{written, sh.name}
}

func (e *Engine) rateExceeded(shard, stream string) string {
	return fmt.Sprintf("Rate exceeded for shard %s in stream %s under account %s.", shard, stream, e.opts.Account)
}

func (r *PutRecordsEntry) hashKey() (hashKey, error) {
	if r.ExplicitHashKey != "" {
		return parseHashKey("ExplicitHashKey", r.ExplicitHashKey)
	}
	return hashOf(r.PartitionKey), nil
}

func (in *PutRecordsInput) check(c *constraints) {
	switch n := len(in.Records); {
	case in.Records == nil:
		c.fail("records", "null", "Member must not be null")
	case n == 0:
		c.fail("records", "'[]'", "Member must have length greater than or equal to 1")
	case n > maxPutRecords:
		c.fail("records", fmt.Sprintf("'[%d records]'", n), fmt.Sprintf("Member must have length less than or equal to %d", maxPutRecords))
	}
	for i := range in.Records {
		if r := &in.Records[i]; r.suspect() {
			r.check(c, fmt.Sprintf("records.%d.member.", i+1))
		}
	}
}

// suspect tells cheaply whether check might find anything.
func (r *PutRecordsEntry) suspect() bool {
	return r.Data == nil || r.PartitionKey == "" || len(r.PartitionKey) > 256 || r.ExplicitHashKey != "" || len(r.Data)+len(r.PartitionKey) > maxRecordBytes
}

func (r *PutRecordsEntry) check(c *constraints, parent string) {
	if r.Data == nil {
		c.fail(parent+"data", "null", "Member must not be null")
	}
	if len(r.Data)+len(r.PartitionKey) > maxRecordBytes {
		c.fail(parent+"data", fmt.Sprintf("'java.nio.HeapByteBuffer[pos=0 lim=%d cap=%d]'", len(r.Data), len(r.Data)),
			fmt.Sprintf("Member must have length less than or equal to %d", maxRecordBytes))
	}
	if c.required(parent+"partitionKey", r.PartitionKey) {
		c.length(parent+"partitionKey", r.PartitionKey, 1, 256)
	}
	c.decimal(parent+"explicitHashKey", r.ExplicitHashKey, 39)
}
