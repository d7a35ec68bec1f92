package order

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/outbox"
)

// record is the order as the table stores it.
func (o *Order) record() map[string]types.AttributeValue {
	item := make(map[string]types.AttributeValue, 9)
	item["orderId"] = text(o.ID)
	item["status"] = text(string(o.Status))
	item["version"] = number(o.Version)
	item["description"] = text(o.Description)
	if o.CustomerID != "" {
		item["customerId"] = text(o.CustomerID)
	}
	if len(o.Items) > 0 {
		list := make([]types.AttributeValue, len(o.Items))
		for i := range o.Items {
			list[i] = &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
				"sku":       text(o.Items[i].SKU),
				"quantity":  number(o.Items[i].Quantity),
				"unitPrice": number(o.Items[i].UnitPrice),
			}}
		}
		item["items"] = &types.AttributeValueMemberL{Value: list}
	}
	item["requestHash"] = text(o.RequestHash)
	item["createdAt"] = text(outbox.FormatTime(o.CreatedAt))
	item["updatedAt"] = text(outbox.FormatTime(o.UpdatedAt))
	return item
}

func text(value string) types.AttributeValue { return &types.AttributeValueMemberS{Value: value} }

func number(value int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(value, 10)}
}

// fromRecord reads an order from an item of the table. Attributes it does not know are ignored.
func fromRecord(item map[string]types.AttributeValue) (*Order, error) {
	r := reader{item: item}
	o := &Order{
		ID:          r.text("orderId"),
		Status:      Status(r.text("status")),
		Version:     r.number("version"),
		Description: r.text("description"),
		RequestHash: r.text("requestHash"),
		CreatedAt:   r.time("createdAt"),
		UpdatedAt:   r.time("updatedAt"),
	}
	if item["customerId"] != nil {
		o.CustomerID = r.text("customerId")
	}
	if item["items"] != nil {
		o.Items = r.items()
	}
	if r.err != nil {
		return nil, fmt.Errorf("read order %q: %w", o.ID, r.err)
	}
	return o, nil
}

// A reader reads attributes of an item and keeps the first error.
type reader struct {
	item map[string]types.AttributeValue
	err  error
}

func (r *reader) fail(name, want string) {
	if r.err == nil {
		r.err = fmt.Errorf("attribute %s is no %s", name, want)
	}
}

func (r *reader) text(name string) string {
	v, ok := r.item[name].(*types.AttributeValueMemberS)
	if !ok {
		r.fail(name, "string")
		return ""
	}
	return v.Value
}

func (r *reader) number(name string) int64 {
	v, ok := r.item[name].(*types.AttributeValueMemberN)
	if !ok {
		r.fail(name, "number")
		return 0
	}
	n, err := strconv.ParseInt(v.Value, 10, 64)
	if err != nil {
		r.fail(name, "whole number")
	}
	return n
}

func (r *reader) time(name string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, r.text(name))
	if err != nil {
		r.fail(name, "time")
	}
	return t.UTC()
}

func (r *reader) items() []Item {
	list, ok := r.item["items"].(*types.AttributeValueMemberL)
	if !ok {
		r.fail("items", "list")
		return nil
	}
	items := make([]Item, len(list.Value))
	for i, value := range list.Value {
		m, ok := value.(*types.AttributeValueMemberM)
		if !ok {
			r.fail("items", "list of maps")
			return nil
		}
		of := reader{item: m.Value, err: r.err}
		items[i] = Item{SKU: of.text("sku"), Quantity: of.number("quantity"), UnitPrice: of.number("unitPrice")}
		r.err = of.err
	}
	return items
}
