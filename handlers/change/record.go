// Package change reads what DynamoDB writes to a Kinesis stream: one JSON text for each change of an item of a table with a
// Kinesis streaming destination, and the batches of them that Lambda hands to a function.
//
// The text is not that of DynamoDB Streams. It has neither eventVersion nor SequenceNumber nor StreamViewType; its time is a
// whole number of milliseconds, or of microseconds where ApproximateCreationDateTimePrecision says so; binary attributes are
// base64 within the base64 of the Kinesis record. Changes may arrive twice and out of order.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds.html
package change

import (
	"time"

	"transactional-outbox/handlers/jsonscan"
)

// An EventName says what happened to the item.
type EventName string

const (
	Insert EventName = "INSERT" // there is only a new image
	Modify EventName = "MODIFY" // there are both images, whatever changed
	Remove EventName = "REMOVE" // there is only an old image
)

// A Record is one change of one item. Its strings are parts of the text it was read from, except for those with escapes.
type Record struct {
	Region    string
	EventID   string // a UUID; whether a repeated record repeats it is not documented
	EventName EventName
	Table     string
	Created   time.Time // approximately
	Precision string    // MICROSECOND, or empty for milliseconds
	ByTTL     bool      // a removal by Time to Live, not by a client
	SizeBytes int64
	Keys      Image
	NewImage  Image
	OldImage  Image
}

// An Image is an item, or the key of one.
type Image []Attribute

// An Attribute is a named value. Text is the value itself of types S, N and B (in base64), true or false of type BOOL, and
// the JSON text of any other type: M, L, SS, NS, BS, NULL.
type Attribute struct {
	Name string
	Type string
	Text string
}

// Lookup returns the text of an attribute of the given type.
func (i Image) Lookup(name, kind string) (text string, ok bool) {
	for k := range i {
		if i[k].Name == name && i[k].Type == kind {
			return i[k].Text, true
		}
	}
	return "", false
}

// reset empties a record, keeping the memory of its images.
func (r *Record) reset() {
	*r = Record{Keys: r.Keys[:0], NewImage: r.NewImage[:0], OldImage: r.OldImage[:0]}
}

// Decode reads the data of a Kinesis record, whatever the order of its members and ignoring those it does not know. It uses
// the memory of what r held before. After an error r holds what could be read, which may be enough to say what it was about.
func (r *Record) Decode(text string) error {
	r.reset()
	d := decoder{Scanner: jsonscan.New(text)}
	d.record(r)
	d.End()
	return d.check(r)
}
