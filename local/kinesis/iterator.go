package kinesis

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"transactional-outbox/local/awsapi"
)

// iteratorLife is how long an iterator is valid.
const iteratorLife = 5 * time.Minute

// iterator is a position in a shard. Its token is opaque to callers; it finds its record without a search.
type iterator struct {
	handedOut int64 // ms
	stream    uint64
	shard     int
	index     uint64
	name      string
}

const iteratorVersion = 1

func (it iterator) String() string {
	raw := make([]byte, 0, 64+len(it.name))
	raw = binary.BigEndian.AppendUint64(raw, iteratorVersion)
	raw = binary.BigEndian.AppendUint64(raw, uint64(it.handedOut))
	raw = binary.BigEndian.AppendUint64(raw, it.stream)
	raw = binary.BigEndian.AppendUint64(raw, uint64(it.shard))
	raw = binary.BigEndian.AppendUint64(raw, it.index)
	return base64.StdEncoding.EncodeToString(append(raw, it.name...))
}

func parseIterator(token string) (iterator, error) {
	raw, err := base64.StdEncoding.DecodeString(token)
	if err != nil || len(raw) <= 40 || len(token) > 512 || binary.BigEndian.Uint64(raw) != iteratorVersion {
		return iterator{}, invalidIterator()
	}
	return iterator{
		handedOut: int64(binary.BigEndian.Uint64(raw[8:])),
		stream:    binary.BigEndian.Uint64(raw[16:]),
		shard:     int(binary.BigEndian.Uint64(raw[24:])),
		index:     binary.BigEndian.Uint64(raw[32:]),
		name:      string(raw[40:]),
	}, nil
}

func invalidIterator() error { return invalidArgument("Invalid ShardIterator.") }

// position locks the stream of an iterator and returns its shard, having checked the iterator against both.
func (e *Engine) position(it iterator) (*stream, *shard, error) {
	s, err := e.locked(it.name)
	if err != nil {
		return nil, nil, e.noShard(it.name, shardID(it.shard))
	}
	now := s.now()
	s.trim(now)
	sh := s.shard(it.shard)
	switch {
	case s.id != it.stream || it.handedOut > now:
		err = invalidIterator()
	case now-it.handedOut > iteratorLife.Milliseconds():
		const layout = "Mon Jan 02 15:04:05 MST 2006"
		err = awsapi.Errorf("ExpiredIteratorException", "Iterator expired. The iterator was created at time %s while right now it is %s "+
			"which is further in the future than the tolerated delay of %d milliseconds.",
			timestamp(it.handedOut).Format(layout), timestamp(now).Format(layout), iteratorLife.Milliseconds())
	case sh == nil:
		err = e.noShard(it.name, shardID(it.shard))
	case it.index > sh.log.next:
		err = invalidIterator()
	}
	if err != nil {
		s.mu.Unlock()
		return nil, nil, err
	}
	return s, sh, nil
}

// GetShardIterator returns a position in a shard to read from.
func (e *Engine) GetShardIterator(_ context.Context, auth awsapi.Authorizer, in *GetShardIteratorInput) (*GetShardIteratorOutput, error) {
	name, err := e.begin(auth, "GetShardIterator", target{in.StreamName, in.StreamARN}, func(c *constraints) {
		if c.required("shardId", in.ShardId) {
			c.name("shardId", in.ShardId)
		}
		c.oneOf("shardIteratorType", in.ShardIteratorType, "AFTER_SEQUENCE_NUMBER", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON")
		c.decimal("startingSequenceNumber", in.StartingSequenceNumber, 129)
	})
	if err != nil {
		return nil, err
	}
	index, ok := parseShardID(in.ShardId)
	if !ok {
		return nil, e.missingShard(name, in.ShardId)
	}
	s, err := e.locked(name)
	if err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	now := s.now()
	s.trim(now)
	sh := s.shard(index)
	if sh == nil {
		return nil, e.noShard(name, shardID(index))
	}
	it := iterator{handedOut: now, stream: s.id, shard: index, name: name}
	if it.index, err = e.locate(s, sh, now, in); err != nil {
		return nil, err
	}
	return &GetShardIteratorOutput{it.String()}, nil
}

// locate finds the index in the shard that the request asks for.
func (e *Engine) locate(s *stream, sh *shard, now int64, in *GetShardIteratorInput) (uint64, error) {
	const either = "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or " +
		"(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified "
	sequenced := in.ShardIteratorType == "AT_SEQUENCE_NUMBER" || in.ShardIteratorType == "AFTER_SEQUENCE_NUMBER"
	switch {
	case sequenced && in.StartingSequenceNumber == "":
		return 0, invalidArgument(either+"%s and no StartingSequenceNumber.", in.ShardIteratorType)
	case !sequenced && in.StartingSequenceNumber != "":
		return 0, invalidArgument(either+"%s and also a StartingSequenceNumber.", in.ShardIteratorType)
	}
	switch in.ShardIteratorType {
	case "TRIM_HORIZON":
		return sh.log.first, nil
	case "LATEST":
		return sh.log.next, nil
	case "AT_TIMESTAMP":
		if in.Timestamp == nil {
			return 0, invalidArgument("Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter.")
		}
		at := in.Timestamp.UnixMilli()
		if at > now {
			return 0, invalidArgument("The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "+
				"timestampInMillis: %d, currentTimestampInMillis: %d", at, now)
		}
		return sh.log.search(func(r *record) bool { return r.millis >= at }), nil
	}

	start, ok := parseSequence(in.StartingSequenceNumber)
	invalid := "StartingSequenceNumber %s used in GetShardIterator on shard %s in stream %s under account %s is invalid"
	switch {
	case !ok:
		return 0, invalidArgument(invalid+".", in.StartingSequenceNumber, sh.id(), s.name, e.opts.Account)
	case start.shard != sh.index:
		return 0, invalidArgument("Invalid StartingSequenceNumber. It encodes %s, while it was used in a call to a shard with %s", shardID(start.shard), sh.id())
	case start.stream != s.id || start.number > s.number:
		return 0, invalidArgument(invalid+" because it did not come from this stream.", in.StartingSequenceNumber, sh.id(), s.name, e.opts.Account)
	}
	if in.ShardIteratorType == "AFTER_SEQUENCE_NUMBER" {
		start.number++
	}
	return sh.log.search(func(r *record) bool { return r.number >= start.number }), nil
}

// parseShardID reads shardId-000000000001, and as AWS does also 1.
func parseShardID(id string) (index int, ok bool) {
	if _, digits, found := strings.Cut(id, "-"); found {
		id = digits
	}
	n, err := strconv.ParseUint(id, 10, 31)
	return int(n), err == nil
}
