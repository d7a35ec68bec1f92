package order

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/dynamo"
	"transactional-outbox/handlers/outbox"
)

// Cancel cancels an order: one consistent read, then one transaction that moves the order from the version read to the next
// and writes the event. An order that is cancelled already stays as it is; the outcome has no event then. Faults: NotFound,
// TooLarge, InProgress, Throttled, Unavailable.
func (s *Store) Cancel(ctx context.Context, id string, from *Origin) (*Outcome, error) {
	current, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	for attempt := 0; ; attempt++ {
		if current.Status == Cancelled {
			return &Outcome{Order: current}, nil
		}
		next := *current
		next.Status, next.Version, next.UpdatedAt = Cancelled, current.Version+1, s.now()
		e, err := s.event(&next, EventCancelled, schemaCancelled, from)
		if err != nil {
			return nil, err
		}
		err = s.transact(ctx, e.ID, attempt, []types.TransactWriteItem{s.move(current, &next), put(s.o.EventsTable, e.Item())})
		if err == nil {
			return &Outcome{Order: &next, Event: e}, nil
		}
		if old, failed := dynamo.FailedCondition(err, 0); failed {
			if len(old) == 0 {
				return nil, notFound()
			}
			// Somebody was faster: go on from what the order is now.
			if current, err = fromRecord(old); err != nil {
				return nil, err
			}
			if current.Version == next.Version && current.UpdatedAt.Equal(next.UpdatedAt) {
				return &Outcome{Order: &next, Event: e}, nil // our own write, whose answer was lost on the way
			}
			if current.Status == Cancelled || attempt+1 < s.o.Attempts {
				continue
			}
			return nil, inProgress(id)
		}
		if _, orphan := dynamo.FailedCondition(err, 1); orphan {
			return nil, fmt.Errorf("cancel order %s: %w", id, errOrphan)
		}
		if err := s.again(ctx, attempt, fmt.Sprintf("cancel order %s", id), err); err != nil {
			return nil, err
		}
	}
}

// move is the action that takes an order from one version to the next, if it is still at that version.
func (s *Store) move(from, to *Order) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName:                aws.String(s.table),
		Key:                      map[string]types.AttributeValue{"orderId": text(from.ID)},
		UpdateExpression:         aws.String("SET #status = :status, #version = :to, updatedAt = :now"),
		ConditionExpression:      aws.String("#version = :from"),
		ExpressionAttributeNames: map[string]string{"#status": "status", "#version": "version"},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":status": text(string(to.Status)),
			":from":   number(from.Version),
			":to":     number(to.Version),
			":now":    text(outbox.FormatTime(to.UpdatedAt)),
		},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}
}
