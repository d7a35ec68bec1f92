// Package ledger reads a stage's tables and judges what they hold, by rules of its own that share no code with the
// handlers: which events an order must have, and what the consumer must have made of them.
package ledger

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/e2e/stage"
)

// Ledger reads the tables of one stage, always consistently.
type Ledger struct{ stage *stage.Stage }

// Of returns the ledger of s.
func Of(s *stage.Stage) *Ledger { return &Ledger{s} }

// Order returns the item of the orders table, or nil if there is none.
func (l *Ledger) Order(ctx context.Context, orderID string) (*Order, error) {
	item, err := l.Item(ctx, l.stage.OrdersTable, orderKey(orderID))
	if item == nil || err != nil {
		return nil, err
	}
	return readOrder(item)
}

// Events returns the items of the events table for one order, by sequence.
func (l *Ledger) Events(ctx context.Context, orderID string) ([]Event, error) {
	pages := dynamodb.NewQueryPaginator(l.stage.DynamoDB, &dynamodb.QueryInput{
		TableName:                 &l.stage.EventsTable,
		KeyConditionExpression:    aws.String("orderId = :orderId"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":orderId": text(orderID)},
		ConsistentRead:            aws.Bool(true),
	})
	var events []Event
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			event, err := readEvent(item)
			if err != nil {
				return nil, err
			}
			events = append(events, *event)
		}
	}
	return events, nil
}

// Fulfilment returns the item of the fulfilments table, or nil if there is none.
func (l *Ledger) Fulfilment(ctx context.Context, orderID string) (*Fulfilment, error) {
	item, err := l.Item(ctx, l.stage.FulfilmentsTable, orderKey(orderID))
	if item == nil || err != nil {
		return nil, err
	}
	return readFulfilment(item)
}

// Item returns an item as it is stored, or nil if there is none.
func (l *Ledger) Item(ctx context.Context, table string, key map[string]types.AttributeValue) (map[string]types.AttributeValue, error) {
	got, err := l.stage.DynamoDB.GetItem(ctx, &dynamodb.GetItemInput{TableName: &table, Key: key, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, err
	}
	return got.Item, nil
}

// EventItem returns an event as it is stored, or nil if there is none.
func (l *Ledger) EventItem(ctx context.Context, orderID string, sequence int64) (map[string]types.AttributeValue, error) {
	return l.Item(ctx, l.stage.EventsTable, EventKey(orderID, sequence))
}

// FulfilmentItem returns a fulfilment as it is stored, or nil if there is none.
func (l *Ledger) FulfilmentItem(ctx context.Context, orderID string) (map[string]types.AttributeValue, error) {
	return l.Item(ctx, l.stage.FulfilmentsTable, orderKey(orderID))
}

// OrdersMentioning returns the ids of all orders and the keys ("orderId/sequence") of all events in which marker occurs:
// in an order's description or customer, in an event's payload. It reads both tables whole.
func (l *Ledger) OrdersMentioning(ctx context.Context, marker string) (orders, events []string, err error) {
	values := map[string]types.AttributeValue{":marker": text(marker)}
	orders, err = l.scan(ctx, l.stage.OrdersTable, "contains(description, :marker) OR contains(customerId, :marker)", nil, values)
	if err != nil {
		return nil, nil, err
	}
	// data is a reserved word of DynamoDB's expressions.
	events, err = l.scan(ctx, l.stage.EventsTable, "contains(#data, :marker)", map[string]string{"#data": "data"}, values)
	return orders, events, err
}

func (l *Ledger) scan(ctx context.Context, table, filter string, names map[string]string, values map[string]types.AttributeValue) ([]string, error) {
	pages := dynamodb.NewScanPaginator(l.stage.DynamoDB, &dynamodb.ScanInput{
		TableName:                 &table,
		FilterExpression:          &filter,
		ExpressionAttributeNames:  names,
		ExpressionAttributeValues: values,
		ConsistentRead:            aws.Bool(true),
	})
	var found []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			key := attributesOf(item)
			name := key.text("orderId", false)
			if item["sequence"] != nil {
				name = fmt.Sprintf("%s/%d", name, key.integer("sequence"))
			}
			found = append(found, name)
		}
	}
	return found, nil
}

// EventKey is the key of an event in the events table.
func EventKey(orderID string, sequence int64) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"orderId":  text(orderID),
		"sequence": &types.AttributeValueMemberN{Value: strconv.FormatInt(sequence, 10)},
	}
}

// FulfilmentKey is the key of a fulfilment in the fulfilments table.
func FulfilmentKey(orderID string) map[string]types.AttributeValue { return orderKey(orderID) }

func orderKey(orderID string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"orderId": text(orderID)}
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
