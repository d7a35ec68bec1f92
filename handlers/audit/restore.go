package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/dynamo"
	"transactional-outbox/handlers/outbox"
)

// Positions reads how far the consumer is with orders, at most 100 of them and none twice, with strong consistency: 0 for an
// order it has not heard of.
func (a *Auditor) Positions(ctx context.Context, orderIDs []string) (map[string]int64, error) {
	keys := make([]map[string]types.AttributeValue, len(orderIDs))
	for i, id := range orderIDs {
		keys[i] = map[string]types.AttributeValue{"orderId": &types.AttributeValueMemberS{Value: id}}
	}
	request := map[string]types.KeysAndAttributes{
		a.stateTable: {Keys: keys, ConsistentRead: aws.Bool(true), ProjectionExpression: aws.String("orderId, lastSequence")},
	}
	positions := make(map[string]int64, len(orderIDs))
	for attempt := 0; len(request) > 0; attempt++ {
		if attempt > 0 {
			if err := dynamo.Wait(ctx, attempt, a.o.Jitter); err != nil {
				return nil, fmt.Errorf("read positions: %w", err)
			}
		}
		out, err := a.db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: request})
		if err != nil {
			return nil, fmt.Errorf("read positions: %w", err)
		}
		for _, items := range out.Responses {
			for _, item := range items {
				id, _ := item["orderId"].(*types.AttributeValueMemberS)
				last, _ := item["lastSequence"].(*types.AttributeValueMemberN)
				if id == nil || last == nil {
					continue // parked by hand without a position: nothing is delivered
				}
				if positions[id.Value], err = strconv.ParseInt(last.Value, 10, 64); err != nil {
					return nil, fmt.Errorf("position of order %s: %w", id.Value, err)
				}
			}
		}
		// What did not fit into one answer is asked for again.
		request = out.UnprocessedKeys
	}
	return positions, nil
}

// traceID is what log lines of one trace have in common; nothing, which slog leaves out, where the event has no trace.
func traceID(r *Removal) slog.Attr {
	parent, _ := r.Item["traceparent"].(*types.AttributeValueMemberS)
	if parent == nil || outbox.TraceID(parent.Value) == "" {
		return slog.Attr{}
	}
	return slog.String("traceId", outbox.TraceID(parent.Value))
}

// Restore writes an expired event back, to stay for the whole retention once more, and says whether it did: not where the event is
// in the outbox again, by an earlier attempt for example.
func (a *Auditor) Restore(ctx context.Context, r *Removal) (bool, error) {
	now := a.o.Now()
	item := maps.Clone(r.Item)
	item["expiresAt"] = &types.AttributeValueMemberN{Value: strconv.FormatInt(now.Add(a.retention).Unix(), 10)}
	item["republishedAt"] = &types.AttributeValueMemberS{Value: outbox.FormatTime(now)}
	_, err := a.db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:           aws.String(a.events),
		Item:                item,
		ConditionExpression: aws.String("attribute_not_exists(orderId)"),
	})
	if _, present := errors.AsType[*types.ConditionalCheckFailedException](err); present {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("put event %s/%d back: %w", r.OrderID, r.Sequence, err)
	}
	a.o.Log.LogAttrs(ctx, slog.LevelWarn, "event resurrected", slog.String("orderId", r.OrderID), slog.String("eventId", r.EventID),
		slog.Int64("sequence", r.Sequence), traceID(r))
	return true, nil
}
