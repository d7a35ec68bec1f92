package projection

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/outbox"
)

// Both writes happen only at the position right before the (first) event, and never to a parked order. The first event's position
// is that of an order nobody has heard of, or of one that was parked before its first effect.
//
// The effect of more than one event says how many they were. It is counted event by event, not derived from the positions: whoever
// watches the table can tell by it that a state has moved from exactly where its events begin.
const (
	atFirst   = "(attribute_not_exists(lastSequence) OR lastSequence = :before) AND attribute_not_exists(parked)"
	atLater   = "lastSequence = :before AND attribute_not_exists(parked)"
	setEffect = "SET lastSequence = :sequence, #status = :to, lastEventId = :id, updatedAt = :now REMOVE lastCount"
	setRun    = "SET lastSequence = :sequence, #status = :to, lastEventId = :id, updatedAt = :now, lastCount = :count"
	setParked = "SET parked = :parked, updatedAt = :now, lastSequence = if_not_exists(lastSequence, :before)"
)

// at is the condition for an event, or the first of several, with a sequence.
func at(sequence int64) string {
	if sequence == 1 {
		return atFirst
	}
	return atLater
}

// maxDetail bounds what a parked order says about its reason, in bytes.
const maxDetail = 500

// writeEffect writes the status after a run's last event and its position in one conditional update, and returns the state there is
// now and whether it is this run's doing. A statement of the condition fails as a whole: the state that made it fail comes back with
// the failure (ReturnValuesOnConditionCheckFailure), so that no read is needed. An earlier attempt of the same call, whose
// answer was lost, is known by its time: two processes that apply the same events in the same microsecond both count them, though
// only one of them has written.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
func (c *Consumer) writeEffect(ctx context.Context, orderID string, r *run) (*State, bool, error) {
	now := c.now()
	values := map[string]types.AttributeValue{
		":before":   number(r.before),
		":sequence": number(r.last.Sequence),
		":to":       text(r.status),
		":id":       text(r.last.ID),
		":now":      text(outbox.FormatTime(now)),
	}
	update := setEffect
	if r.count > 1 {
		update, values[":count"] = setRun, number(r.count)
	}
	condition := at(r.before + 1)
	if r.before > 0 {
		condition += " AND " + statusIn(r.from, values)
	}
	old, err := c.update(ctx, orderID, update, condition, map[string]string{"#status": "status"}, values)
	switch {
	case err != nil:
		return nil, false, fmt.Errorf("apply events %s/%d to %d: %w", orderID, r.before+1, r.last.Sequence, err)
	case old == nil:
		return &State{OrderID: orderID, LastSequence: r.last.Sequence, LastCount: r.count, Status: r.status, LastEventID: r.last.ID, UpdatedAt: now}, true, nil
	case old.LastSequence == r.last.Sequence && old.LastCount == r.count && old.LastEventID == r.last.ID && old.UpdatedAt.Equal(now):
		return old, true, nil // an earlier attempt of this very call, whose answer was lost on the way
	}
	return old, false, nil
}

// writeParked marks an order as parked in one conditional update that leaves position and status as they are, and returns the
// state there is now and whether the mark is this call's doing.
func (c *Consumer) writeParked(ctx context.Context, orderID string, p *Parked) (*State, bool, error) {
	p.At = c.now()
	p.Detail = strings.ToValidUTF8(p.Detail[:min(len(p.Detail), maxDetail)], "")
	stamp := text(outbox.FormatTime(p.At))
	mark := map[string]types.AttributeValue{
		"reason": text(string(p.Reason)), "detail": text(p.Detail), "sequence": number(p.Sequence), "at": stamp,
	}
	if p.EventID != "" {
		mark["eventId"] = text(p.EventID)
	}
	old, err := c.update(ctx, orderID, setParked, at(p.Sequence), nil, map[string]types.AttributeValue{
		":before": number(p.Sequence - 1), ":parked": &types.AttributeValueMemberM{Value: mark}, ":now": stamp,
	})
	switch {
	case err != nil:
		return nil, false, fmt.Errorf("park order %s: %w", orderID, err)
	case old == nil:
		return &State{OrderID: orderID, LastSequence: p.Sequence - 1, UpdatedAt: p.At, Parked: p}, true, nil
	case old.Parked != nil && old.Parked.Sequence == p.Sequence && old.Parked.At.Equal(p.At):
		return old, true, nil
	}
	return old, false, nil
}

// update runs a conditional update. A condition that failed is no error: it returns the state that is there instead, empty for
// an order nobody has heard of. Success returns nil.
func (c *Consumer) update(ctx context.Context, orderID, update, condition string, names map[string]string, values map[string]types.AttributeValue) (*State, error) {
	_, err := c.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                           aws.String(c.stateTable),
		Key:                                 key(orderID),
		UpdateExpression:                    aws.String(update),
		ConditionExpression:                 aws.String(condition),
		ExpressionAttributeNames:            names,
		ExpressionAttributeValues:           values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if err == nil {
		return nil, nil
	}
	failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
	if !ok {
		return nil, err
	}
	if len(failed.Item) == 0 {
		return &State{OrderID: orderID}, nil
	}
	return StateFromItem(failed.Item)
}

// statusIn is the condition that the status is one of from, where the empty one stands for none.
func statusIn(from []string, values map[string]types.AttributeValue) string {
	one := func(i int) string {
		if from[i] == "" {
			return "attribute_not_exists(#status)"
		}
		name := ":from" + strconv.Itoa(i)
		values[name] = text(from[i])
		return "#status = " + name
	}
	if len(from) == 1 {
		return one(0)
	}
	terms := make([]string, len(from))
	for i := range from {
		terms[i] = one(i)
	}
	return "(" + strings.Join(terms, " OR ") + ")"
}

// now is the time as it can be stored.
func (c *Consumer) now() time.Time { return c.o.Now().UTC().Truncate(time.Microsecond) }
