package outbox

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// ErrNotFound is the answer for an event that the table does not have, or no longer has.
var ErrNotFound = errors.New("event not found")

// DynamoDB is what a Table asks of the service; [dynamodb.Client] is one.
type DynamoDB interface {
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

// A Table is the events table.
type Table struct {
	DynamoDB DynamoDB
	Name     string
}

// A DecodeError is an item of the table that is no event.
type DecodeError struct {
	OrderID  string
	Sequence int64 // 0 if even that cannot be read
	Err      error
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("event %s/%d: %v", e.OrderID, e.Sequence, e.Err)
}

func (e *DecodeError) Unwrap() error { return e.Err }

// Events reads an order's events with sequence from..to, both included, in order, a page at a time and with strong
// consistency: what was committed before the call is there. Events that the table does not have are not there either, so
// look at the sequence. The first error ends it; it is a [*DecodeError] for an item that is no event.
func (t *Table) Events(ctx context.Context, orderID string, from, to int64) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		in := &dynamodb.QueryInput{
			TableName:                aws.String(t.Name),
			ConsistentRead:           aws.Bool(true),
			KeyConditionExpression:   aws.String("orderId = :order AND #sequence BETWEEN :from AND :to"),
			ExpressionAttributeNames: map[string]string{"#sequence": attrSequence},
			ExpressionAttributeValues: map[string]types.AttributeValue{
				":order": &types.AttributeValueMemberS{Value: orderID},
				":from":  &types.AttributeValueMemberN{Value: strconv.FormatInt(from, 10)},
				":to":    &types.AttributeValueMemberN{Value: strconv.FormatInt(to, 10)},
			},
		}
		for {
			page, err := t.DynamoDB.Query(ctx, in)
			if err != nil {
				yield(nil, fmt.Errorf("query events of %s: %w", orderID, err))
				return
			}
			for _, item := range page.Items {
				e, err := FromItem(item)
				if err != nil {
					yield(nil, &DecodeError{OrderID: orderID, Sequence: sequenceOf(item), Err: err})
					return
				}
				if !yield(e, nil) {
					return
				}
			}
			if len(page.LastEvaluatedKey) == 0 {
				return
			}
			in.ExclusiveStartKey = page.LastEvaluatedKey
		}
	}
}

func sequenceOf(item map[string]types.AttributeValue) int64 {
	v, ok := item[attrSequence].(*types.AttributeValueMemberN)
	if !ok {
		return 0
	}
	n, _ := strconv.ParseInt(v.Value, 10, 64) // 0 if it is no number, which is what it stands for
	return n
}

// Republish has an event sent to the stream once more: it touches the item, and DynamoDB emits every change of an item. It
// fails with ErrNotFound where there is no such event; it never makes one.
func (t *Table) Republish(ctx context.Context, orderID string, sequence int64, at time.Time) error {
	_, err := t.DynamoDB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: aws.String(t.Name),
		Key: map[string]types.AttributeValue{
			attrOrderID:  &types.AttributeValueMemberS{Value: orderID},
			attrSequence: &types.AttributeValueMemberN{Value: strconv.FormatInt(sequence, 10)},
		},
		UpdateExpression:          aws.String("SET republishedAt = :at"),
		ConditionExpression:       aws.String("attribute_exists(orderId)"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":at": &types.AttributeValueMemberS{Value: FormatTime(at)}},
	})
	if _, missing := errors.AsType[*types.ConditionalCheckFailedException](err); missing {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("republish event %s/%d: %w", orderID, sequence, err)
	}
	return nil
}
