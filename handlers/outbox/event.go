// Package outbox is the envelope of events and the table they wait in: one item an event, keyed by the order it is about and
// its place in that order's sequence, written in the transaction that changes the order. The table is the truth about what
// happened; the stream behind it only says that something did.
package outbox

import "time"

// ContentType is the datacontenttype of every event.
const ContentType = "application/json"

// An Event is one thing that happened to an order: the attributes of CloudEvents 1.0
// (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md) with the extensions sequence, traceparent, correlationid
// and causationid.
type Event struct {
	OrderID         string // subject
	Sequence        int64  // 1 for the order's first event, then one by one
	ID              string // id: a ULID, unique among all events
	Source          string // source: a URI reference that names the stage
	Type            string // type, like order.placed
	Time            time.Time
	DataContentType string
	DataSchema      string // URI reference with the version, like /schemas/order.placed/1
	Data            string // JSON text: everything there is to know after the event

	TraceParent   string // W3C trace context; may be empty
	CorrelationID string // what the client calls the whole conversation; may be empty
	CausationID   string // the request that caused the event; may be empty

	ExpiresAt     time.Time // when the table may forget the event; whole seconds
	RepublishedAt time.Time // when an operator last had the event sent again; zero if never
}

// TimeLayout is how tables and payloads write times: RFC 3339 in UTC with microseconds, so that they sort as text.
const TimeLayout = "2006-01-02T15:04:05.000000Z"

// FormatTime writes a time in TimeLayout.
func FormatTime(t time.Time) string { return t.UTC().Format(TimeLayout) }
