package dynamodb

import (
	"fmt"
	"strings"
	"time"

	"transactional-outbox/local/awsapi"
)

// stream is a stretch of a table's change log that DynamoDB Streams offers, in one shard.
type stream struct {
	arn, label, view string
	created          time.Time
	disabled         time.Time // zero while enabled
	first, end       uint64    // the sequence numbers it covers; end only counts when disabled
}

func (s *stream) enabled() bool { return s.disabled.IsZero() }

// shardID is the name of the stream's only shard.
func (s *stream) shardID() string {
	return fmt.Sprintf("shardId-%020d-%08x", s.created.UnixMilli(), uint32(mix([]byte(s.arn))))
}

const sequenceDigits = 20

// sequenceNumber is the text of a place in the log; texts have one length, so that they sort as numbers do.
func sequenceNumber(n uint64) string { return fmt.Sprintf("1%0*d", sequenceDigits, n) }

// enable starts a new stream.
func (l *changeLog) enable(e *Engine, view string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := e.options.Clock()
	if n := len(l.streams); n > 0 {
		latest := l.streams[n-1]
		if latest.enabled() {
			return validation("Table already has an enabled stream: TableName: %s", l.table.name)
		}
		if !now.Truncate(time.Millisecond).After(latest.created) {
			now = latest.created.Add(time.Millisecond) // labels are times, and must differ
		}
	}
	label := now.UTC().Format("2006-01-02T15:04:05.000")
	l.streams = append(l.streams, &stream{
		arn:     l.table.arn + "/stream/" + label,
		label:   label,
		view:    view,
		created: now.Truncate(time.Millisecond),
		first:   l.end(),
	})
	l.active.Store(true)
	return nil
}

// disable ends the stream. Its records can still be read for a day.
func (l *changeLog) disable(e *Engine) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.streams); n == 0 || !l.streams[n-1].enabled() {
		return validation("Table does not have an enabled stream: TableName: %s", l.table.name)
	}
	latest := l.streams[len(l.streams)-1]
	latest.disabled = e.options.Clock()
	latest.end = l.end()
	l.trim(latest.disabled)
	return nil
}

// describe adds what a table's description says of its streams.
func (l *changeLog) describe(out map[string]any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.streams) == 0 {
		return
	}
	latest := l.streams[len(l.streams)-1]
	out["LatestStreamArn"] = latest.arn
	out["LatestStreamLabel"] = latest.label
	if latest.enabled() {
		out["StreamSpecification"] = streamSpecification{StreamEnabled: true, StreamViewType: latest.view}
	}
}

// openStream authorizes an action on a stream and finds it.
func (e *Engine) openStream(auth awsapi.Authorizer, action, arn string) (*table, *stream, error) {
	if err := auth.Check("dynamodb:"+action, arn); err != nil {
		return nil, nil, err
	}
	name, _, ok := strings.Cut(tableNameOf(arn), "/stream/")
	if !ok || !strings.HasPrefix(arn, "arn:") {
		return nil, nil, validation("Invalid StreamArn: Invalid ResourceArn provided as input %s", arn)
	}
	if t := e.table(name); t != nil {
		t.log.mu.Lock()
		defer t.log.mu.Unlock()
		for _, s := range t.log.streams {
			if s.arn == arn {
				return t, s, nil
			}
		}
	}
	return nil, nil, awsapi.Errorf(codeNotFound, textNotFound+": Stream: %s not found", arn)
}
