package dynamodb

import (
	"strconv"
	"strings"
	"time"

	"transactional-outbox/local/awsapi"
)

// iteratorLife is how long a shard iterator can be used.
const iteratorLife = 15 * time.Minute

// iterator is a place in a stream from which to read, as clients carry it around.
type iterator struct {
	arn  string
	next uint64
	made time.Time
}

func (i iterator) String() string {
	return i.arn + "|" + strconv.FormatUint(i.next, 36) + "|" + strconv.FormatInt(i.made.UnixMilli(), 36)
}

func parseIterator(text string) (iterator, error) {
	parts := strings.Split(text, "|")
	if len(parts) == 3 {
		next, err := strconv.ParseUint(parts[1], 36, 64)
		made, err2 := strconv.ParseInt(parts[2], 36, 64)
		if err == nil && err2 == nil {
			return iterator{parts[0], next, time.UnixMilli(made)}, nil
		}
	}
	return iterator{}, validation("Invalid ShardIterator")
}

type iteratorRequest struct {
	StreamArn, ShardId, ShardIteratorType string
	SequenceNumber                        *string
}

func (r *iteratorRequest) check() error {
	var c constraints
	c.required(r.StreamArn != "", "streamArn")
	c.required(r.ShardId != "", "shardId")
	c.required(r.ShardIteratorType != "", "shardIteratorType")
	c.oneOf(r.ShardIteratorType, "shardIteratorType", "AFTER_SEQUENCE_NUMBER", "LATEST", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON")
	if err := c.err(); err != nil {
		return err
	}
	if r.SequenceNumber == nil && strings.HasSuffix(r.ShardIteratorType, "_SEQUENCE_NUMBER") {
		return validation("SequenceNumber must be specified when ShardIteratorType is %s", r.ShardIteratorType)
	}
	if r.SequenceNumber != nil && !strings.HasSuffix(r.ShardIteratorType, "_SEQUENCE_NUMBER") {
		return validation(textParameterInvalid + "SequenceNumber should not be passed for this iterator type")
	}
	return nil
}

func (e *Engine) getShardIterator(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r iteratorRequest
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	t, s, err := e.openStream(auth, "GetShardIterator", r.StreamArn)
	if err != nil {
		return nil, err
	}
	if r.ShardId != s.shardID() {
		return nil, awsapi.Errorf(codeNotFound, textNotFound+": Shard: %s in Stream: %s not found", r.ShardId, s.arn)
	}
	now := e.options.Clock()
	next, err := t.log.position(s, r.ShardIteratorType, r.SequenceNumber, now)
	if err != nil {
		return nil, err
	}
	return encode(map[string]any{"ShardIterator": iterator{s.arn, next, now}.String()})
}

// position is where an iterator of a type starts.
func (l *changeLog) position(s *stream, kind string, number *string, now time.Time) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	end := l.endOf(s)
	oldest := min(max(s.first, l.horizon(now)), end)
	switch kind {
	case "TRIM_HORIZON":
		return oldest, nil
	case "LATEST":
		return end, nil
	}
	digits, ok := strings.CutPrefix(*number, "1")
	at, err := strconv.ParseUint(digits, 10, 64)
	if !ok || err != nil || len(digits) != sequenceDigits || at > end {
		return 0, validation("Invalid SequenceNumber: %s", *number)
	}
	if kind == "AFTER_SEQUENCE_NUMBER" {
		at++
	}
	if at < oldest {
		return 0, trimmedData()
	}
	return min(at, end), nil
}

// endOf is the sequence number behind the last record of a stream. mu is held.
func (l *changeLog) endOf(s *stream) uint64 {
	if s.enabled() {
		return l.end()
	}
	return s.end
}

func trimmedData() error {
	return awsapi.Errorf(codeTrimmedData, "The operation attempted to read past the oldest stream record in a shard.")
}
