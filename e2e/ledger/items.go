package ledger

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Order is an item of the orders table.
type Order struct {
	OrderID, Status, Description, CustomerID, RequestHash, CreatedAt, UpdatedAt string
	Version                                                                     int64
	Items                                                                       []Item
}

// Item is one line of an order.
type Item struct {
	SKU                 string
	Quantity, UnitPrice int64
}

// Event is an item of the events table.
type Event struct {
	OrderID, EventID, Source, Type, Time, ContentType, Schema, Data string
	TraceParent, CorrelationID, CausationID, RepublishedAt          string // optional
	Sequence, ExpiresAt                                             int64
}

// Fulfilment is an item of the fulfilments table.
type Fulfilment struct {
	OrderID, Status, LastEventID, UpdatedAt string
	LastSequence                            int64
	LastCount                               int64   // of the events that the last write applied, where they were more than one
	Parked                                  *Parked // nil unless the order is parked
}

// Parked says why the consumer has put an order aside.
type Parked struct {
	Reason, Detail, EventID, At string
	Sequence                    int64
}

func readOrder(item map[string]types.AttributeValue) (*Order, error) {
	a := attributesOf(item)
	order := &Order{
		OrderID:     a.text("orderId", false),
		Status:      a.text("status", false),
		Version:     a.integer("version"),
		Description: a.text("description", false),
		CustomerID:  a.text("customerId", true),
		RequestHash: a.text("requestHash", false),
		CreatedAt:   a.text("createdAt", false),
		UpdatedAt:   a.text("updatedAt", false),
	}
	for i, line := range a.elements("items") {
		order.Items = append(order.Items, Item{
			SKU:       line.text("sku", false),
			Quantity:  line.integer("quantity"),
			UnitPrice: line.integer("unitPrice"),
		})
		a.include(fmt.Sprintf("items[%d]", i), line)
	}
	if err := a.err(); err != nil {
		return nil, fmt.Errorf("order %s: %w", order.OrderID, err)
	}
	return order, nil
}

func readEvent(item map[string]types.AttributeValue) (*Event, error) {
	a := attributesOf(item)
	event := &Event{
		OrderID:       a.text("orderId", false),
		Sequence:      a.integer("sequence"),
		EventID:       a.text("eventId", false),
		Source:        a.text("source", false),
		Type:          a.text("type", false),
		Time:          a.text("time", false),
		ContentType:   a.text("datacontenttype", false),
		Schema:        a.text("dataschema", false),
		Data:          a.text("data", false),
		TraceParent:   a.text("traceparent", true),
		CorrelationID: a.text("correlationId", true),
		CausationID:   a.text("causationId", true),
		RepublishedAt: a.text("republishedAt", true),
		ExpiresAt:     a.integer("expiresAt"),
	}
	if err := a.err(); err != nil {
		return nil, fmt.Errorf("event %s/%d: %w", event.OrderID, event.Sequence, err)
	}
	return event, nil
}

func readFulfilment(item map[string]types.AttributeValue) (*Fulfilment, error) {
	a := attributesOf(item)
	parked := a.members("parked")
	fulfilment := &Fulfilment{
		OrderID:      a.text("orderId", false),
		LastSequence: a.integer("lastSequence"),
		UpdatedAt:    a.text("updatedAt", false),
	}
	if item["lastCount"] != nil {
		if fulfilment.LastCount = a.integer("lastCount"); fulfilment.LastCount < 2 || fulfilment.LastCount > fulfilment.LastSequence {
			a.faultf("lastCount: %d events up to %d", fulfilment.LastCount, fulfilment.LastSequence)
		}
	}
	// A parked order to which nothing ever happened has neither a status nor a last event.
	neverApplied := parked != nil && fulfilment.LastSequence == 0
	fulfilment.Status = a.text("status", neverApplied)
	fulfilment.LastEventID = a.text("lastEventId", neverApplied)
	if parked != nil {
		fulfilment.Parked = &Parked{
			Reason:   parked.text("reason", false),
			Detail:   parked.text("detail", false),
			Sequence: parked.integer("sequence"),
			EventID:  parked.text("eventId", true),
			At:       parked.text("at", false),
		}
		a.include("parked", parked)
	}
	if err := a.err(); err != nil {
		return nil, fmt.Errorf("fulfilment %s: %w", fulfilment.OrderID, err)
	}
	return fulfilment, nil
}
