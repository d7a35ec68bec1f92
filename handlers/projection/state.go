package projection

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/dynamo"
)

// A State is what the consumer knows of one order.
type State struct {
	OrderID      string
	LastSequence int64     // of the last event that had its effect; 0 before the first
	LastCount    int64     // of the events that had their effect in the last write of one, up to LastSequence; stored only where it is more than 1
	Status       string    // empty before the first
	LastEventID  string    // empty before the first
	UpdatedAt    time.Time // of the last write, parking included
	Parked       *Parked   // nil if the order is not parked
}

// A Reason is why an order was parked.
type Reason string

const (
	ReasonDecode Reason = "decode" // the event cannot be read
	ReasonRule   Reason = "rule"   // the event cannot follow what was before it
	ReasonGap    Reason = "gap"    // an event before it is neither applied nor in the outbox
)

// Parked marks an order whose next event can never be applied as things are.
type Parked struct {
	Reason   Reason
	Detail   string // for people
	Sequence int64  // of the event that cannot be applied
	EventID  string // of that event; empty if it is not known
	At       time.Time
}

// Reader reads states by order.
type Reader struct {
	DynamoDB interface {
		GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	}
	Table string
}

// Get reads the state of an order, nil if nothing of it has arrived. The read is eventually consistent: whoever asks for an
// effect that follows its cause by itself has no write of their own to find.
func (r *Reader) Get(ctx context.Context, orderID string) (*State, error) {
	out, err := r.DynamoDB.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: aws.String(r.Table),
		Key:       key(orderID),
	})
	if err != nil {
		return nil, dynamo.Fault(fmt.Sprintf("get state of order %s", orderID), err)
	}
	if len(out.Item) == 0 {
		return nil, nil
	}
	return StateFromItem(out.Item)
}

func key(orderID string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"orderId": text(orderID)}
}

func text(value string) types.AttributeValue { return &types.AttributeValueMemberS{Value: value} }

func number(value int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(value, 10)}
}

// StateFromItem reads a state from an item of the table. Attributes it does not know are ignored.
func StateFromItem(item map[string]types.AttributeValue) (*State, error) {
	s := new(State)
	for name, value := range item {
		var err error
		switch name {
		case "orderId":
			err = set(&s.OrderID, value)
		case "status":
			err = set(&s.Status, value)
		case "lastEventId":
			err = set(&s.LastEventID, value)
		case "lastSequence":
			err = setNumber(&s.LastSequence, value)
		case "lastCount":
			err = setNumber(&s.LastCount, value)
		case "updatedAt":
			err = setTime(&s.UpdatedAt, value)
		case "parked":
			s.Parked, err = parkedFrom(value)
		}
		if err != nil {
			return nil, fmt.Errorf("read state of order %q: attribute %s: %w", s.OrderID, name, err)
		}
	}
	if s.LastSequence > 0 {
		s.LastCount = max(s.LastCount, 1)
	}
	return s, nil
}

func parkedFrom(value types.AttributeValue) (*Parked, error) {
	m, ok := value.(*types.AttributeValueMemberM)
	if !ok {
		return nil, fmt.Errorf("no map")
	}
	p := new(Parked)
	for name, value := range m.Value {
		var err error
		switch name {
		case "reason":
			err = set((*string)(&p.Reason), value)
		case "detail":
			err = set(&p.Detail, value)
		case "eventId":
			err = set(&p.EventID, value)
		case "sequence":
			err = setNumber(&p.Sequence, value)
		case "at":
			err = setTime(&p.At, value)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return p, nil
}

func set(to *string, value types.AttributeValue) error {
	v, ok := value.(*types.AttributeValueMemberS)
	if !ok {
		return fmt.Errorf("no string")
	}
	*to = v.Value
	return nil
}

func setNumber(to *int64, value types.AttributeValue) (err error) {
	v, ok := value.(*types.AttributeValueMemberN)
	if !ok {
		return fmt.Errorf("no number")
	}
	*to, err = strconv.ParseInt(v.Value, 10, 64)
	return err
}

func setTime(to *time.Time, value types.AttributeValue) (err error) {
	v, ok := value.(*types.AttributeValueMemberS)
	if !ok {
		return fmt.Errorf("no string")
	}
	*to, err = time.Parse(time.RFC3339Nano, v.Value)
	return err
}
