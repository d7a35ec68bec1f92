package dynamodb

import (
	"slices"
	"strings"
	"time"

	"transactional-outbox/local/awsapi"
)

const (
	maxRecords      = 1000
	maxRecordsBytes = 1 << 20
)

func (e *Engine) getRecords(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r struct {
		ShardIterator string
		Limit         *int
	}
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	var c constraints
	c.required(r.ShardIterator != "", "shardIterator")
	if err := c.err(); err != nil {
		return nil, err
	}
	limit, err := listLimit(r.Limit, maxRecords)
	if err != nil {
		return nil, err
	}
	from, err := parseIterator(r.ShardIterator)
	if err != nil {
		return nil, err
	}
	t, s, err := e.openStream(auth, "GetRecords", from.arn)
	if err != nil {
		return nil, err
	}
	now := e.options.Clock()
	if now.Sub(from.made) > iteratorLife {
		return nil, awsapi.Errorf(codeExpiredIterator, "Iterator expired.  The iterator was created at time %s while right now it is %s.",
			from.made.UTC().Format(time.RFC1123), now.UTC().Format(time.RFC1123))
	}
	records, more, err := t.log.read(s, from.next, limit, now)
	if err != nil {
		return nil, err
	}
	out := newAnswer()
	next := from.next
	out.list("Records", s.fitting(records), func(i int) {
		e.appendStreamRecord(out, t, s, &records[i], next)
		next++
	})
	if more || next < from.next+uint64(len(records)) {
		out.text("NextShardIterator", iterator{from.arn, next, now}.String())
	}
	return out.bytes(), nil
}

// read returns records of a stream, and whether there may be more behind them.
func (l *changeLog) read(s *stream, from uint64, limit int, now time.Time) ([]record, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	end := l.endOf(s)
	if from < min(max(s.first, l.horizon(now)), end) {
		return nil, false, trimmedData()
	}
	from = min(from, end)
	to := min(from+uint64(limit), end)
	records := slices.Clone(l.records[from-l.start : to-l.start])
	return records, s.enabled() || to < end, nil
}

// images returns what of a record the stream shows.
func (s *stream) images(r *record) (old, new *item) {
	if s.view == "NEW_AND_OLD_IMAGES" || s.view == "OLD_IMAGE" {
		old = r.old
	}
	if s.view == "NEW_AND_OLD_IMAGES" || s.view == "NEW_IMAGE" {
		new = r.new
	}
	return old, new
}

// fitting returns how many of the records fit into an answer, one at least.
func (s *stream) fitting(records []record) int {
	bytes := 0
	for i := range records {
		old, new := s.images(&records[i])
		if bytes += old.bytes() + new.bytes(); bytes > maxRecordsBytes && i > 0 {
			return i
		}
	}
	return len(records)
}

// appendStreamRecord writes a record as DynamoDB Streams does.
func (e *Engine) appendStreamRecord(out *answer, t *table, s *stream, r *record, number uint64) {
	keys := r.keys(&t.schema)
	old, new := s.images(r)
	out.json = append(out.json, '{')
	out.text("awsRegion", e.options.Region)
	out.object("dynamodb", func() {
		// Whole seconds, unlike the records of a Kinesis streaming destination.
		out.number("ApproximateCreationDateTime", float64(r.time.Unix()))
		out.attributes("Keys", keys)
		if new != nil {
			out.attributes("NewImage", new.attributes)
		}
		if old != nil {
			out.attributes("OldImage", old.attributes)
		}
		out.text("SequenceNumber", sequenceNumber(number))
		out.number("SizeBytes", float64(keys.Size()+old.bytes()+new.bytes()))
		out.text("StreamViewType", s.view)
	})
	out.text("eventID", strings.ReplaceAll(r.id, "-", ""))
	out.text("eventName", r.eventName())
	out.text("eventSource", "aws:dynamodb")
	out.text("eventVersion", "1.1")
	if r.byTTL {
		out.object("userIdentity", func() {
			// The SDKs expect these members in capitals, Lambda events have them in small letters.
			out.text("PrincipalId", "dynamodb.amazonaws.com")
			out.text("Type", "Service")
		})
	}
	out.json = append(out.json, '}')
}
