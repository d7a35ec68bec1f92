package change

import (
	"fmt"

	"transactional-outbox/handlers/jsonscan"
)

// A Delivery is one record of the batch that Lambda reads from a Kinesis stream.
type Delivery struct {
	SequenceNumber string // within its shard: what a batch item failure names
	ShardID        string
	Data           string // what was put into the stream, decoded
}

// DecodeBatch reads the event that Lambda invokes a function with for a batch of records.
// https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
func DecodeBatch(payload []byte) ([]Delivery, error) {
	b := batch{Scanner: jsonscan.New(string(payload)), data: make([]byte, 0, len(payload)*3/4)}
	b.Object()
	for name, ok := b.Member(); ok; name, ok = b.Member() {
		if name != "Records" {
			b.Skip()
			continue
		}
		b.Array()
		for b.Element() {
			b.record()
		}
	}
	b.End()
	if err := b.Err(); err != nil {
		return nil, fmt.Errorf("not a batch of Kinesis records: %w", err)
	}
	// All data become one string, of which each delivery has its part.
	text := string(b.data)
	start := 0
	for i, end := range b.ends {
		b.deliveries[i].Data = text[start:end]
		start = end
	}
	return b.deliveries, nil
}

type batch struct {
	jsonscan.Scanner
	deliveries []Delivery
	data       []byte // of all records
	ends       []int  // where each one's ends
}

func (b *batch) record() {
	var d Delivery
	found := false
	b.Object()
	for name, ok := b.Member(); ok; name, ok = b.Member() {
		switch name {
		case "kinesis":
			found = b.kinesis(&d)
		case "eventID":
			d.ShardID = shardOf(b.String())
		default:
			b.Skip()
		}
	}
	if !found {
		b.Fail("record without kinesis.sequenceNumber and kinesis.data")
		return
	}
	b.deliveries = append(b.deliveries, d)
	b.ends = append(b.ends, len(b.data))
}

func (b *batch) kinesis(d *Delivery) bool {
	start, hasData := len(b.data), false
	b.Object()
	for name, ok := b.Member(); ok; name, ok = b.Member() {
		switch name {
		case "sequenceNumber":
			d.SequenceNumber = b.String()
		case "data":
			hasData = true
			b.data = b.AppendBase64(b.data[:start])
		default:
			b.Skip()
		}
	}
	return hasData && d.SequenceNumber != ""
}

// shardOf is the part of a record's event id before the colon, like shardId-000000000000.
func shardOf(eventID string) string {
	for i := range len(eventID) {
		if eventID[i] == ':' {
			return eventID[:i]
		}
	}
	return ""
}
