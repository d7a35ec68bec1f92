package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"transactional-outbox/e2e/ledger"
	"transactional-outbox/e2e/tap"
	"transactional-outbox/e2e/wait"
)

func TestRecordsDeliveredAgainHaveNoSecondEffect(t *testing.T) {
	s := beginAsOwner(t)
	placed := s.place(s.order())
	s.cancel(placed.OrderID)
	s.arrived(placed.OrderID, 2)
	records := s.streamed(placed.OrderID, 1, 2)
	before, err := s.ledger.FulfilmentItem(s.Context(), placed.OrderID)
	s.must(err)

	// Late, doubled and out of order, all on one partition key, so that one record follows the other.
	lane := records[2].PartitionKey
	for _, sequence := range []int64{2, 1, 2, 1} {
		s.put(lane, records[sequence].Data)
	}
	// Records of one partition key are worked batch after batch. Once a first stranger behind the duplicates has had its
	// effect, their batch has at least begun; once a second has, it is over.
	for range 2 {
		s.passBehind(lane, records[1])
	}
	after, err := s.ledger.FulfilmentItem(s.Context(), placed.OrderID)
	s.must(err)
	if diff := cmp.Diff(ledger.Notation(before), ledger.Notation(after)); diff != "" {
		t.Errorf("fulfilment (-before +after):\n%s", diff)
	}
	s.must(s.audited(s.Context(), placed.OrderID))
}

// passBehind sends the record of an order that does not exist down the lane, made from a real one, and waits for its effect.
func (s *scenario) passBehind(lane string, model tap.Record) {
	s.Helper()
	stranger := s.strangeID()
	s.forget(stranger)
	change, err := tap.Decode(model.Data)
	s.must(err)
	eventID := change.DynamoDB.NewImage["eventId"].(map[string]any)["S"].(string)
	orderID := change.DynamoDB.Keys["orderId"].(map[string]any)["S"].(string)
	data := bytes.ReplaceAll(model.Data, []byte(orderID), []byte(stranger))
	data = bytes.ReplaceAll(data, []byte(eventID), []byte(s.strangeID()))
	s.put(lane, data)
	s.arrived(stranger, 1)
}

// strangeID returns a ULID that the system has not given: its time lies before the system's.
func (s *scenario) strangeID() string {
	const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	id := []byte("0000000000")
	for _, b := range []byte(suite.nonce) { // hexadecimal digits belong to the alphabet
		id = append(id, bytes.ToUpper([]byte{b})...)
	}
	for len(id) < 26 {
		id = append(id, crockford[s.rand.IntN(len(crockford))])
	}
	return string(id)
}

// forget removes, at the end of the test, what an order that was made by hand has left behind.
func (s *scenario) forget(orderID string) {
	s.Cleanup(func() {
		ctx := context.WithoutCancel(s.Context())
		deletions := []dynamodb.DeleteItemInput{{TableName: &s.stage.FulfilmentsTable, Key: ledger.FulfilmentKey(orderID)}}
		for sequence := range int64(3) {
			deletions = append(deletions, dynamodb.DeleteItemInput{TableName: &s.stage.EventsTable, Key: ledger.EventKey(orderID, sequence+1)})
		}
		for _, deletion := range deletions {
			if _, err := s.stage.DynamoDB.DeleteItem(ctx, &deletion); err != nil {
				s.Errorf("forget %s: %v", orderID, err)
			}
		}
	})
}

func TestForgottenPositionIsRebuiltFromTheOutbox(t *testing.T) {
	t.Parallel()
	for name, ring := range map[string]func(s *scenario, orderID string){
		"by a late record of its last event": func(s *scenario, orderID string) {
			record := s.streamed(orderID, 1, 2)[2]
			s.put(record.PartitionKey, record.Data)
			s.put(record.PartitionKey, record.Data)
		},
		"by touching its last event": func(s *scenario, orderID string) {
			_, err := s.stage.DynamoDB.UpdateItem(s.Context(), &dynamodb.UpdateItemInput{
				TableName:                 &s.stage.EventsTable,
				Key:                       ledger.EventKey(orderID, 2),
				UpdateExpression:          aws.String("SET republishedAt = :now"),
				ConditionExpression:       aws.String("attribute_exists(orderId)"),
				ExpressionAttributeValues: map[string]types.AttributeValue{":now": &types.AttributeValueMemberS{Value: time.Now().UTC().Format(instant)}},
			})
			s.must(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := beginAsOwner(t)
			placed := s.place(s.order())
			s.cancel(placed.OrderID)
			s.arrived(placed.OrderID, 2)
			// A consumer without a position is one that has seen nothing: every event before the next one is a gap.
			_, err := s.stage.DynamoDB.DeleteItem(s.Context(), &dynamodb.DeleteItemInput{
				TableName: &s.stage.FulfilmentsTable, Key: ledger.FulfilmentKey(placed.OrderID),
			})
			s.must(err)
			ring(s, placed.OrderID)
			s.must(s.audited(s.Context(), placed.OrderID))
		})
	}
}

func TestEventThatCannotBeAppliedParksItsOrderOnly(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		sequence int64
		change   func(event map[string]types.AttributeValue)
		// missing says that the order is parked not at this event but at the one before it, which nobody has.
		missing bool
	}{
		"unknown type": {sequence: 1, change: func(event map[string]types.AttributeValue) {
			event["type"] = &types.AttributeValueMemberS{Value: "order.exploded"}
		}},
		"cancelled before it was placed": {sequence: 1, change: func(event map[string]types.AttributeValue) {
			event["type"] = &types.AttributeValueMemberS{Value: "order.cancelled"}
		}},
		"gap that the outbox cannot fill": {sequence: 2, change: func(map[string]types.AttributeValue) {}, missing: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := beginAsOwner(t)
			model := s.place(s.order())
			event, err := s.ledger.EventItem(s.Context(), model.OrderID, 1)
			s.must(err)
			orderID, eventID := s.strangeID(), s.strangeID()
			s.forget(orderID)
			event["orderId"] = &types.AttributeValueMemberS{Value: orderID}
			event["eventId"] = &types.AttributeValueMemberS{Value: eventID}
			event["sequence"] = &types.AttributeValueMemberN{Value: strconv.FormatInt(tc.sequence, 10)}
			tc.change(event)
			_, err = s.stage.DynamoDB.PutItem(s.Context(), &dynamodb.PutItemInput{TableName: &s.stage.EventsTable, Item: event})
			s.must(err)
			other := s.place(s.order())

			parked := s.parked(orderID)
			at, by := tc.sequence, eventID
			if tc.missing {
				at, by = tc.sequence-1, ""
			}
			if parked.LastSequence != 0 || parked.Parked.Sequence != at || parked.Parked.EventID != by {
				t.Errorf("after %d parked at %d by %q, want after 0 at %d by %q", parked.LastSequence,
					parked.Parked.Sequence, parked.Parked.EventID, at, by)
			}
			if _, err := time.Parse(instant, parked.Parked.At); err != nil {
				t.Errorf("parked at: %v", err)
			}
			s.must(s.audited(s.Context(), model.OrderID))
			s.must(s.audited(s.Context(), other.OrderID))
		})
	}
}

// parked waits until the consumer has put the order aside.
func (s *scenario) parked(orderID string) *ledger.Fulfilment {
	s.Helper()
	var fulfilment *ledger.Fulfilment
	s.eventually(func(ctx context.Context) (err error) {
		fulfilment, err = s.ledger.Fulfilment(ctx, orderID)
		switch {
		case err != nil:
			return wait.Stop(err)
		case fulfilment == nil:
			return fmt.Errorf("nothing known of %s", orderID)
		case fulfilment.Parked == nil:
			return wait.Stop(fmt.Errorf("%s is not parked but %+v", orderID, fulfilment))
		}
		return nil
	})
	return fulfilment
}

func TestParkedOrderStaysParked(t *testing.T) {
	s := beginAsOwner(t)
	model := s.place(s.order())
	s.cancel(model.OrderID)
	orderID := s.strangeID()
	s.forget(orderID)
	for _, sequence := range []int64{1, 2} {
		event, err := s.ledger.EventItem(s.Context(), model.OrderID, sequence)
		s.must(err)
		event["orderId"] = &types.AttributeValueMemberS{Value: orderID}
		event["eventId"] = &types.AttributeValueMemberS{Value: s.strangeID()}
		if sequence == 1 {
			event["type"] = &types.AttributeValueMemberS{Value: "order.exploded"}
		}
		_, err = s.stage.DynamoDB.PutItem(s.Context(), &dynamodb.PutItemInput{TableName: &s.stage.EventsTable, Item: event})
		s.must(err)
		if parked := s.parked(orderID); parked.Parked.Sequence > sequence {
			t.Errorf("parked at %d", parked.Parked.Sequence)
		}
	}
	record := s.streamed(orderID, 1, 2)[2]
	for range 2 {
		s.passBehind(record.PartitionKey, s.streamed(model.OrderID, 1, 2)[1])
	}
	if parked := s.parked(orderID); parked.LastSequence != 0 || parked.Parked.Sequence != 1 {
		t.Errorf("after a later event: parked at %d after %d, want at 1 after 0", parked.Parked.Sequence, parked.LastSequence)
	}
}
