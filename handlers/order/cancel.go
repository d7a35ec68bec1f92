package order

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/dynamo"
	"transactional-outbox/handlers/fault"
	"transactional-outbox/handlers/outbox"
)

// A Transition is one step in the life of orders, and the event that tells of it.
type Transition struct {
	From   []Status // where an order must be
	To     Status
	Event  string // its type
	Schema string // of its data
}

// Cancel cancels an order; see Advance.
func (s *Store) Cancel(ctx context.Context, id string, from *Origin) (*Outcome, error) {
	return s.Advance(ctx, id, Transition{From: []Status{Placed}, To: Cancelled, Event: EventCancelled, Schema: schemaCancelled}, from)
}

// Advance takes an order one step on: one consistent read, then one transaction that moves the order from the version read to the
// next and writes the event. An order that has taken the step already stays as it is; the outcome has no event then. Faults:
// NotFound, Invalid where the order is elsewhere, TooLarge, InProgress, Throttled, Unavailable.
func (s *Store) Advance(ctx context.Context, id string, t Transition, from *Origin) (*Outcome, error) {
	current, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	for attempt := 0; ; attempt++ {
		if current.Status == t.To {
			return &Outcome{Order: current}, nil
		}
		if !slices.Contains(t.From, current.Status) {
			return nil, &fault.Error{Code: fault.Invalid, Detail: "The order is " + string(current.Status) + "."}
		}
		next := *current
		next.Status, next.Version, next.UpdatedAt = t.To, current.Version+1, s.now()
		e, err := s.event(&next, t.Event, t.Schema, from)
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
			if current.Status == t.To || attempt+1 < s.o.Attempts {
				continue
			}
			return nil, inProgress(id)
		}
		if _, orphan := dynamo.FailedCondition(err, 1); orphan {
			return nil, fmt.Errorf("%s %s: %w", t.Event, id, errOrphan)
		}
		if err := s.again(ctx, attempt, fmt.Sprintf("%s %s", t.Event, id), err); err != nil {
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
