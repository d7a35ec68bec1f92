package order

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/dynamo"
	"transactional-outbox/handlers/fault"
	"transactional-outbox/handlers/outbox"
)

// Types of an order's events, and the versioned schemas of their data.
const (
	EventPlaced    = "order.placed"
	EventCancelled = "order.cancelled"

	schemaPlaced    = "/schemas/order.placed/1"
	schemaCancelled = "/schemas/order.cancelled/1"
)

// MaxEventSize bounds the item of an event. DynamoDB's own limit is 400 KB, but a change that takes more than 1 MB as a stream
// record is skipped without an error (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds_using-shards-and-metrics.html),
// and a record of an event that is sent again holds it twice. Escaping may double it, or triple it where characters beyond
// ASCII are escaped too: 128 KiB stay below 1 MB in every case.
const MaxEventSize = 128 << 10

// DynamoDB is what a Store asks of the service; [dynamodb.Client] is one.
type DynamoDB interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Options of a Store; every field may be left out.
type Options struct {
	EventsTable string        // where events are written; a store that only reads needs none
	Source      string        // the events' CloudEvents source
	Retention   time.Duration // how long the outbox keeps an event; 30 days by default

	MaxEventSize int                 // bytes; MaxEventSize by default
	Attempts     int                 // of one transaction that meets others; 8 by default
	Now          func() time.Time    // time.Now by default
	Random       io.Reader           // of ids; crypto/rand by default
	Jitter       func(n int64) int64 // at least 0, less than n; math/rand/v2 by default
	Conflict     func()              // called whenever a transaction meets another one; may be nil
}

// A Store keeps orders in the orders table and their events in the outbox.
type Store struct {
	db    DynamoDB
	table string
	o     Options
}

// NewStore returns a store on an orders table.
func NewStore(db DynamoDB, ordersTable string, o *Options) *Store {
	s := &Store{db: db, table: ordersTable}
	if o != nil {
		s.o = *o
	}
	if s.o.Retention == 0 {
		s.o.Retention = 30 * 24 * time.Hour
	}
	if s.o.MaxEventSize == 0 {
		s.o.MaxEventSize = MaxEventSize
	}
	if s.o.Attempts == 0 {
		s.o.Attempts = 8
	}
	if s.o.Now == nil {
		s.o.Now = time.Now
	}
	if s.o.Random == nil {
		s.o.Random = rand.Reader
	}
	if s.o.Jitter == nil {
		s.o.Jitter = mathrand.Int64N
	}
	return s
}

// An Origin is where a request comes from.
type Origin struct {
	Caller         string // who asks: idempotency keys of different callers have nothing to do with each other
	IdempotencyKey string // empty for none
	TraceParent    string // W3C trace context of the request; may be empty or invalid
	CorrelationID  string
	RequestID      string // becomes the event's causation id
}

// An Outcome is an order after a request, and the event that tells of it.
type Outcome struct {
	Order *Order
	Event *outbox.Event // nil where nothing was written
}

// Get reads an order with strong consistency: who has placed it finds it. The fault is NotFound where there is none.
func (s *Store) Get(ctx context.Context, id string) (*Order, error) {
	if !ValidID(id) {
		return nil, notFound()
	}
	out, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      aws.String(s.table),
		Key:            map[string]types.AttributeValue{"orderId": text(id)},
		ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, dynamo.Fault(fmt.Sprintf("get order %s", id), err)
	}
	if len(out.Item) == 0 {
		return nil, notFound()
	}
	return fromRecord(out.Item)
}

func notFound() error { return &fault.Error{Code: fault.NotFound, Detail: "There is no such order."} }

func inProgress(id string) error {
	return &fault.Error{Code: fault.InProgress, Detail: "Another request is changing the same order.", RetryAfter: time.Second,
		Err: fmt.Errorf("order %s moved at every attempt", id)}
}

// errOrphan is an event in the outbox at a sequence that its order has not reached. Transactions never leave one behind.
var errOrphan = errors.New("the outbox already has an event for this version")

// event makes the event that tells of an order's last change.
func (s *Store) event(o *Order, kind, schema string, from *Origin) (*outbox.Event, error) {
	id, err := newID(o.UpdatedAt, s.o.Random)
	if err != nil {
		return nil, err
	}
	trace, err := outbox.ChildTrace(from.TraceParent, s.o.Random)
	if err != nil {
		return nil, err
	}
	e := &outbox.Event{
		OrderID: o.ID, Sequence: o.Version, ID: id, Source: s.o.Source, Type: kind, Time: o.UpdatedAt,
		DataContentType: outbox.ContentType, DataSchema: schema, Data: string(o.AppendJSON(nil)),
		TraceParent: trace, CorrelationID: from.CorrelationID, CausationID: from.RequestID,
		ExpiresAt: o.UpdatedAt.Add(s.o.Retention),
	}
	if size := e.Size(); size > s.o.MaxEventSize {
		return nil, &fault.Error{Code: fault.TooLarge, Detail: "The order is too large.",
			Err: fmt.Errorf("event of %d bytes, at most %d", size, s.o.MaxEventSize)}
	}
	return e, nil
}

// now is the time as it can be stored.
func (s *Store) now() time.Time { return s.o.Now().UTC().Truncate(time.Microsecond) }

// put is the action that writes a new item, or gives the existing one back. The conditions and expressions name no attribute
// that is a reserved word except by placeholder.
func put(table string, item map[string]types.AttributeValue) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{
		TableName:                           aws.String(table),
		Item:                                item,
		ConditionExpression:                 aws.String("attribute_not_exists(orderId)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}
}
