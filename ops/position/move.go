package position

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/outbox"
	"transactional-outbox/handlers/projection"
)

// ErrMoved says that the consumer's item is no longer what it was when it was read.
var ErrMoved = errors.New("the order has moved on meanwhile")

// Unpark removes the mark from an order that is parked as it was when it was read, and fails with ErrMoved if it is not any more.
func (p *Positions) Unpark(ctx context.Context, orderID string, parked *projection.Parked) error {
	_, err := p.Client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                aws.String(p.Table),
		Key:                      map[string]types.AttributeValue{"orderId": &types.AttributeValueMemberS{Value: orderID}},
		UpdateExpression:         aws.String("REMOVE parked SET updatedAt = :now"),
		ConditionExpression:      aws.String("parked.reason = :reason AND parked.#sequence = :sequence"),
		ExpressionAttributeNames: map[string]string{"#sequence": "sequence"},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":reason":   &types.AttributeValueMemberS{Value: string(parked.Reason)},
			":sequence": &types.AttributeValueMemberN{Value: strconv.FormatInt(parked.Sequence, 10)},
			":now":      &types.AttributeValueMemberS{Value: outbox.FormatTime(p.now())},
		},
	})
	return moved("unpark", orderID, err)
}

// Reset makes the consumer forget an order, mark included, if its position is still last. The order's first event then finds it as
// if nothing had ever happened.
func (p *Positions) Reset(ctx context.Context, orderID string, last int64) error {
	_, err := p.Client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName:           aws.String(p.Table),
		Key:                 map[string]types.AttributeValue{"orderId": &types.AttributeValueMemberS{Value: orderID}},
		ConditionExpression: aws.String("lastSequence = :last OR attribute_not_exists(lastSequence)"),
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":last": &types.AttributeValueMemberN{Value: strconv.FormatInt(last, 10)},
		},
	})
	return moved("reset", orderID, err)
}

func moved(operation, orderID string, err error) error {
	if _, failed := errors.AsType[*types.ConditionalCheckFailedException](err); failed {
		err = ErrMoved
	}
	if err != nil {
		return fmt.Errorf("%s order %s: %w", operation, orderID, err)
	}
	return nil
}
