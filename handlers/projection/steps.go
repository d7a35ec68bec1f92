package projection

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"

	"transactional-outbox/handlers/change"
	"transactional-outbox/handlers/outbox"
)

// A step is a record's word that an order has reached a sequence.
type step struct {
	orderID  string
	sequence int64
	event    *outbox.Event // nil if it cannot be read
	err      error         // why it cannot
	record   int           // index in the batch
}

// errForeign and errRemoval are records with nothing in them for this consumer.
var (
	errForeign = errors.New("record of another table")
	errRemoval = errors.New("removal of an event")
)

// read takes the records apart.
//
// A record of which not even the order can be told is reported as failed: there is nothing to park, and acknowledging it would
// lose without a trace what might be an event. Once its retries are used up the event source mapping writes its shard and
// sequence number to the dead-letter queue, where it can be looked up as long as the stream keeps it.
func (c *Consumer) read(ctx context.Context, batch []change.Delivery, t *tally) []step {
	steps := make([]step, 0, len(batch))
	var record change.Record
	foreign, table := 0, ""
	for i := range batch {
		s, err := c.step(&record, batch[i].Data)
		s.record = i
		switch {
		case err == nil:
			steps = append(steps, s)
		case errors.Is(err, errRemoval):
			t.Ignored++
		case errors.Is(err, errForeign):
			t.Ignored++
			foreign, table = foreign+1, record.Table
		default:
			t.failed = append(t.failed, i)
			c.o.Log.LogAttrs(ctx, slog.LevelError, "record unreadable", slog.String("shardId", batch[i].ShardID),
				slog.String("sequenceNumber", batch[i].SequenceNumber), slog.String("error", err.Error()))
		}
	}
	if foreign > 0 {
		c.o.Log.LogAttrs(ctx, slog.LevelWarn, "records of another table ignored", slog.Int("records", foreign), slog.String("table", table))
	}
	return steps
}

// step reads one record. It fails where the record is not for this consumer, or cannot be attributed to an order; an event
// that cannot be read is a step with an error.
func (c *Consumer) step(record *change.Record, data string) (step, error) {
	err := record.Decode(data)
	if record.Table != "" && record.Table != c.eventsTable {
		return step{}, errForeign
	}
	if err == nil && record.EventName == change.Remove {
		return step{}, errRemoval
	}
	orderID, _ := record.Keys.Lookup("orderId", "S")
	number, _ := record.Keys.Lookup("sequence", "N")
	sequence, keyErr := strconv.ParseInt(number, 10, 64)
	if record.Table == "" || orderID == "" || keyErr != nil || sequence < 1 {
		if err == nil {
			err = fmt.Errorf("keys are not an order's id and a sequence")
		}
		return step{}, err
	}
	s := step{orderID: orderID, sequence: sequence}
	if err == nil {
		s.event, err = eventOf(record.NewImage, orderID, sequence)
	}
	if err != nil {
		s.event, s.err = nil, err
	}
	return s, nil
}

func eventOf(image change.Image, orderID string, sequence int64) (*outbox.Event, error) {
	e := new(outbox.Event)
	for i := range image {
		if err := e.Set(image[i].Name, image[i].Type, image[i].Text); err != nil {
			return nil, err
		}
	}
	if e.OrderID != orderID || e.Sequence != sequence {
		return nil, errors.New("image and keys are of different events")
	}
	return e, e.Check()
}

// group sorts steps into those of each order, by sequence: a batch may hold them in any order. Of the records of one event
// those that can be read come first. The orders stay as the stream has them, so that a batch cut short has done its beginning.
func group(steps []step) [][]step {
	slices.SortStableFunc(steps, func(a, b step) int {
		return cmp.Or(cmp.Compare(a.orderID, b.orderID), cmp.Compare(a.sequence, b.sequence), cmp.Compare(rank(a), rank(b)))
	})
	works := make([][]step, 0, len(steps))
	for start := 0; start < len(steps); {
		end := start + 1
		for end < len(steps) && steps[end].orderID == steps[start].orderID {
			end++
		}
		works = append(works, steps[start:end])
		start = end
	}
	slices.SortFunc(works, func(a, b []step) int { return cmp.Compare(earliest(a), earliest(b)) })
	return works
}

func rank(s step) int {
	if s.err != nil {
		return 1
	}
	return 0
}

func earliest(steps []step) int {
	record := steps[0].record
	for i := range steps {
		record = min(record, steps[i].record)
	}
	return record
}
