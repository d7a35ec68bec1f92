package outbox

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Names of the table's attributes.
const (
	attrOrderID         = "orderId"
	attrSequence        = "sequence"
	attrID              = "eventId"
	attrSource          = "source"
	attrType            = "type"
	attrTime            = "time"
	attrDataContentType = "datacontenttype"
	attrDataSchema      = "dataschema"
	attrData            = "data"
	attrTraceParent     = "traceparent"
	attrCorrelationID   = "correlationId"
	attrCausationID     = "causationId"
	attrExpiresAt       = "expiresAt"
	attrRepublishedAt   = "republishedAt"
)

// Item is the event as the table stores it.
func (e *Event) Item() map[string]types.AttributeValue {
	item := make(map[string]types.AttributeValue, 14)
	text := func(name, value string) {
		if value != "" {
			item[name] = &types.AttributeValueMemberS{Value: value}
		}
	}
	text(attrOrderID, e.OrderID)
	item[attrSequence] = &types.AttributeValueMemberN{Value: strconv.FormatInt(e.Sequence, 10)}
	text(attrID, e.ID)
	text(attrSource, e.Source)
	text(attrType, e.Type)
	text(attrTime, FormatTime(e.Time))
	text(attrDataContentType, e.DataContentType)
	text(attrDataSchema, e.DataSchema)
	text(attrData, e.Data)
	text(attrTraceParent, e.TraceParent)
	text(attrCorrelationID, e.CorrelationID)
	text(attrCausationID, e.CausationID)
	if !e.ExpiresAt.IsZero() {
		item[attrExpiresAt] = &types.AttributeValueMemberN{Value: strconv.FormatInt(e.ExpiresAt.Unix(), 10)}
	}
	if !e.RepublishedAt.IsZero() {
		text(attrRepublishedAt, FormatTime(e.RepublishedAt))
	}
	return item
}

// Size is what the item counts against DynamoDB's limit: names and values, numbers at about half a byte a digit.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func (e *Event) Size() int {
	const names = len(attrOrderID + attrSequence + attrID + attrSource + attrType + attrTime + attrDataContentType + attrDataSchema +
		attrData + attrTraceParent + attrCorrelationID + attrCausationID + attrExpiresAt + attrRepublishedAt)
	const numbers, times = 2 * 21, 2 * len(TimeLayout) // at most
	return names + numbers + times + len(e.OrderID) + len(e.ID) + len(e.Source) + len(e.Type) + len(e.DataContentType) +
		len(e.DataSchema) + len(e.Data) + len(e.TraceParent) + len(e.CorrelationID) + len(e.CausationID)
}

// FromItem reads an event from an item of the table. Attributes it does not know are ignored.
func FromItem(item map[string]types.AttributeValue) (*Event, error) {
	e := new(Event)
	for name, value := range item {
		var err error
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			err = e.Set(name, "S", v.Value)
		case *types.AttributeValueMemberN:
			err = e.Set(name, "N", v.Value)
		default:
			err = e.Set(name, "", "")
		}
		if err != nil {
			return nil, err
		}
	}
	return e, e.Check()
}

// Set takes an attribute of the event's item: its name, its DynamoDB type like S or N, and the value's text. Attributes
// that an event does not have are ignored.
func (e *Event) Set(name, kind, value string) error {
	var text *string
	switch name {
	case attrOrderID:
		text = &e.OrderID
	case attrID:
		text = &e.ID
	case attrSource:
		text = &e.Source
	case attrType:
		text = &e.Type
	case attrDataContentType:
		text = &e.DataContentType
	case attrDataSchema:
		text = &e.DataSchema
	case attrData:
		text = &e.Data
	case attrTraceParent:
		text = &e.TraceParent
	case attrCorrelationID:
		text = &e.CorrelationID
	case attrCausationID:
		text = &e.CausationID
	case attrSequence:
		n, err := number(name, kind, value)
		e.Sequence = n
		return err
	case attrExpiresAt:
		n, err := number(name, kind, value)
		e.ExpiresAt = time.Unix(n, 0).UTC()
		return err
	case attrTime:
		return setTime(&e.Time, name, kind, value)
	case attrRepublishedAt:
		return setTime(&e.RepublishedAt, name, kind, value)
	default:
		return nil
	}
	if kind != "S" {
		return fmt.Errorf("attribute %s is no string", name)
	}
	*text = value
	return nil
}

func number(name, kind, value string) (int64, error) {
	n, err := strconv.ParseInt(value, 10, 64)
	if kind != "N" || err != nil {
		return 0, fmt.Errorf("attribute %s is no whole number", name)
	}
	return n, nil
}

func setTime(t *time.Time, name, kind, value string) (err error) {
	if *t, err = time.Parse(time.RFC3339Nano, value); kind != "S" || err != nil {
		return fmt.Errorf("attribute %s is no time", name)
	}
	return nil
}

// Check names what an event cannot be without.
func (e *Event) Check() error {
	switch {
	case e.OrderID == "":
		return fmt.Errorf("attribute %s is missing", attrOrderID)
	case e.Sequence < 1:
		return fmt.Errorf("attribute %s is missing or less than 1", attrSequence)
	case e.ID == "":
		return fmt.Errorf("attribute %s is missing", attrID)
	case e.Type == "":
		return fmt.Errorf("attribute %s is missing", attrType)
	case e.Source == "":
		return fmt.Errorf("attribute %s is missing", attrSource)
	case e.Data == "":
		return fmt.Errorf("attribute %s is missing", attrData)
	}
	return nil
}
