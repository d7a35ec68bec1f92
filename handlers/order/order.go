// Package order is what an order is, what a client may ask of it, and the table it lives in. Every change of an order is one
// write together with the event that tells of it.
package order

import (
	"strconv"
	"time"

	"transactional-outbox/handlers/jsonscan"
	"transactional-outbox/handlers/outbox"
)

// A Status is what has become of an order.
type Status string

const (
	Placed    Status = "PLACED"
	Cancelled Status = "CANCELLED"
)

// An Item is one line of an order.
type Item struct {
	SKU       string
	Quantity  int64
	UnitPrice int64 // in minor units of the currency
}

// An Order is what a client placed, and where it stands.
type Order struct {
	ID          string // ULID
	Status      Status
	Version     int64 // the sequence of its last event
	Description string
	CustomerID  string // may be empty
	Items       []Item // may be empty
	RequestHash string // of the request that placed it; not for clients
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// AppendJSON appends the order as clients and events carry it.
func (o *Order) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"orderId":`...)
	dst = jsonscan.AppendString(dst, o.ID)
	dst = append(dst, `,"status":"`...)
	dst = append(dst, o.Status...)
	dst = append(dst, `","version":`...)
	dst = strconv.AppendInt(dst, o.Version, 10)
	dst = append(dst, `,"description":`...)
	dst = jsonscan.AppendString(dst, o.Description)
	if o.CustomerID != "" {
		dst = append(dst, `,"customerId":`...)
		dst = jsonscan.AppendString(dst, o.CustomerID)
	}
	if len(o.Items) > 0 {
		dst = append(dst, `,"items":`...)
		for i := range o.Items {
			dst = append(dst, "[,"[min(i, 1)])
			dst = append(dst, `{"sku":`...)
			dst = jsonscan.AppendString(dst, o.Items[i].SKU)
			dst = append(dst, `,"quantity":`...)
			dst = strconv.AppendInt(dst, o.Items[i].Quantity, 10)
			dst = append(dst, `,"unitPrice":`...)
			dst = strconv.AppendInt(dst, o.Items[i].UnitPrice, 10)
			dst = append(dst, '}')
		}
		dst = append(dst, ']')
	}
	dst = append(dst, `,"createdAt":"`...)
	dst = o.CreatedAt.UTC().AppendFormat(dst, outbox.TimeLayout)
	dst = append(dst, `","updatedAt":"`...)
	dst = o.UpdatedAt.UTC().AppendFormat(dst, outbox.TimeLayout)
	return append(dst, `"}`...)
}

// AsPlaced is the order as it was when it was placed: version 1.
func (o Order) AsPlaced() Order {
	o.Status, o.Version, o.UpdatedAt = Placed, 1, o.CreatedAt
	return o
}
