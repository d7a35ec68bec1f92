package order

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/dynamo"
	"transactional-outbox/handlers/fault"
)

// Place writes an order and its first event in one transaction. Where the order is there already, because the request was
// sent before with the same key, the outcome is that order as it was placed, without an event. Faults: KeyReused where the
// key belongs to another request, TooLarge, InProgress, Throttled, Unavailable. After Unavailable the order may or may not
// have been placed; only a request with the same key tells.
func (s *Store) Place(ctx context.Context, r *Request, from *Origin) (*Outcome, error) {
	now := s.now()
	o := &Order{
		Status: Placed, Version: 1, Description: r.Description, CustomerID: r.CustomerID, Items: r.Items,
		RequestHash: r.Hash(), CreatedAt: now, UpdatedAt: now,
	}
	var err error
	if from.IdempotencyKey != "" {
		o.ID = idFor(from.Caller, from.IdempotencyKey)
	} else if o.ID, err = newID(now, s.o.Random); err != nil {
		return nil, err
	}
	e, err := s.event(o, EventPlaced, schemaPlaced, from)
	if err != nil {
		return nil, err
	}
	actions := []types.TransactWriteItem{put(s.table, o.record()), put(s.o.EventsTable, e.Item())}
	for attempt := 0; ; attempt++ {
		err := s.transact(ctx, e.ID, attempt, actions)
		if err == nil {
			return &Outcome{Order: o, Event: e}, nil
		}
		if old, failed := dynamo.FailedCondition(err, 0); failed {
			existing, err := fromRecord(old)
			switch {
			case err != nil:
				return nil, err
			case existing.RequestHash != o.RequestHash:
				return nil, &fault.Error{Code: fault.KeyReused, Detail: "The idempotency key was used before, with another request."}
			case existing.CreatedAt.Equal(now):
				// Our own write, whose answer was lost on the way: nobody else writes this request at this very microsecond.
				return &Outcome{Order: o, Event: e}, nil
			}
			placed := existing.AsPlaced()
			return &Outcome{Order: &placed}, nil
		}
		if _, orphan := dynamo.FailedCondition(err, 1); orphan {
			return nil, fmt.Errorf("place order %s: %w", o.ID, errOrphan)
		}
		if err := s.again(ctx, attempt, fmt.Sprintf("place order %s", o.ID), err); err != nil {
			return nil, err
		}
	}
}

// transact runs a transaction. Each attempt has a token of its own, made of the event's id: with it DynamoDB takes the SDK's
// repetitions of a call for one (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html#DDB-TransactWriteItems-request-ClientRequestToken).
func (s *Store) transact(ctx context.Context, eventID string, attempt int, actions []types.TransactWriteItem) error {
	_, err := s.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		TransactItems:      actions,
		ClientRequestToken: aws.String(eventID + "-" + strconv.Itoa(attempt)),
	})
	return err
}

// again waits for another attempt where err is a conflict with another transaction, and fails where it is not, or where
// there were enough. The SDK does not repeat canceled transactions by itself.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
func (s *Store) again(ctx context.Context, attempt int, operation string, err error) error {
	conflict := dynamo.Classify(err) == dynamo.Conflict
	if conflict && s.o.Conflict != nil {
		s.o.Conflict()
	}
	if !conflict || attempt+1 >= s.o.Attempts {
		return dynamo.Fault(operation, err)
	}
	if dynamo.Wait(ctx, attempt, s.o.Jitter) != nil {
		return dynamo.Fault(operation, err)
	}
	return nil
}
