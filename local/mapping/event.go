package mapping

import (
	"encoding/base64"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// maxEventBytes is the largest event that Lambda takes in a synchronous invocation.
const maxEventBytes = 6 << 20

const (
	eventHead     = `{"Records":[`
	eventTail     = `]}`
	eventOverhead = len(eventHead) + len(eventTail)
)

// encoder writes the events of one shard.
type encoder struct {
	stream Stream
	shard  string
	tail   []byte // what follows the sequence number in a Kinesis record's eventID
	role   string
	pool   sync.Pool
}

func newEncoder(stream Stream, roleARN, shardID string) *encoder {
	e := &encoder{stream: stream, shard: shardID, role: roleARN}
	e.pool.New = func() any { return new([]byte) }
	e.tail = append(e.tail, `","eventName":"aws:kinesis:record","invokeIdentityArn":`...)
	e.tail = appendString(e.tail, roleARN)
	e.tail = append(e.tail, `,"awsRegion":`...)
	e.tail = appendString(e.tail, stream.Region)
	e.tail = append(e.tail, `,"eventSourceARN":`...)
	e.tail = appendString(e.tail, stream.ARN)
	e.tail = append(e.tail, '}')
	return e
}

// event returns the event for a batch, in a buffer to be released.
func (e *encoder) event(batch []*item) *[]byte {
	buffer := e.pool.Get().(*[]byte)
	b := append((*buffer)[:0], eventHead...)
	for i, it := range batch {
		if i > 0 {
			b = append(b, ',')
		}
		if e.stream.Format == DynamoDB {
			b = append(b, it.Data...)
		} else {
			b = e.appendKinesis(b, &it.Record)
		}
	}
	*buffer = append(b, eventTail...)
	return buffer
}

func (e *encoder) release(buffer *[]byte) {
	if cap(*buffer) <= maxEventBytes {
		e.pool.Put(buffer)
	}
}

func (e *encoder) appendKinesis(b []byte, r *Record) []byte {
	b = append(b, `{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":`...)
	b = appendString(b, r.Key)
	b = append(b, `,"sequenceNumber":"`...)
	b = append(b, r.SequenceNumber...)
	b = append(b, `","data":"`...)
	b = base64.StdEncoding.AppendEncode(b, r.Data)
	b = append(b, `","approximateArrivalTimestamp":`...)
	b = appendSeconds(b, r.Arrival)
	b = append(b, `},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"`...)
	b = append(b, e.shard...)
	b = append(b, ':')
	b = append(b, r.SequenceNumber...)
	return append(b, e.tail...)
}

// kinesisFixed is the length of what appendKinesis writes in every record, with room for the timestamp and the quotes.
const kinesisFixed = 220

// size returns an upper bound of the bytes that a record adds to an event.
func (e *encoder) size(r *Record) int {
	if e.stream.Format == DynamoDB {
		return len(r.Data) + 1
	}
	return kinesisFixed + base64.StdEncoding.EncodedLen(len(r.Data)) + 6*len(r.Key) + 2*len(r.SequenceNumber) + len(e.shard) + len(e.tail)
}

// appendSeconds writes seconds since the epoch with their milliseconds, as Kinesis does.
func appendSeconds(b []byte, t time.Time) []byte {
	ms := t.UnixMilli()
	b = strconv.AppendInt(b, ms/1000, 10)
	f := ms % 1000
	return append(b, '.', byte('0'+f/100), byte('0'+f/10%10), byte('0'+f%10))
}

// appendString writes s as a JSON string. Bytes that are no UTF-8 become the replacement character.
func appendString(b []byte, s string) []byte {
	quoted, err := jsontext.AppendQuote(b, s)
	_ = err // only says that something was replaced
	return quoted
}
