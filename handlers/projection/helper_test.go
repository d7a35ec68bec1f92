package projection_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/change"
	"transactional-outbox/handlers/outbox"
	"transactional-outbox/handlers/projection"
	"transactional-outbox/handlers/tabletest"
)

// door is a rule other than the orders': it opens and closes, for as long as one likes.
func door() *projection.Rule {
	return &projection.Rule{Statuses: []string{"OPEN", "CLOSED"}, Next: func(previous string, e *outbox.Event) (string, error) {
		switch {
		case e.Type == "open" && previous != "OPEN":
			return "OPEN", nil
		case e.Type == "close" && previous == "OPEN":
			return "CLOSED", nil
		case e.Type == "slam" && previous != "":
			return "CLOSED", nil // from any status
		case e.Type == "toggle" && previous == "OPEN":
			return "CLOSED", nil // what it leads to depends on the status
		case e.Type == "toggle" && previous == "CLOSED":
			return "OPEN", nil
		}
		return "", fmt.Errorf("no %s after %q", e.Type, previous)
	}}
}

// story is the first n events of a door: open, close, open, and so on.
func story(orderID string, n int) []*outbox.Event {
	events := make([]*outbox.Event, n)
	for i := range events {
		events[i] = event(orderID, i+1, []string{"open", "close"}[i%2])
	}
	return events
}

func event(orderID string, sequence int, kind string) *outbox.Event {
	return &outbox.Event{
		OrderID: orderID, Sequence: int64(sequence), ID: fmt.Sprintf("%s-%d", orderID, sequence), Source: "/test", Type: kind,
		Time: time.Date(2026, 11, 24, 12, 0, sequence%60, 0, time.UTC), Data: `{"n":1}`,
	}
}

// wire is an item as DynamoDB JSON; only strings and numbers are needed.
func wire(item map[string]types.AttributeValue) map[string]map[string]string {
	out := map[string]map[string]string{}
	for name, value := range item {
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			out[name] = map[string]string{"S": v.Value}
		case *types.AttributeValueMemberN:
			out[name] = map[string]string{"N": v.Value}
		}
	}
	return out
}

// record is the change record of an event's item. edit may spoil it.
func record(e *outbox.Event, edit func(record, dynamodb map[string]any, image map[string]map[string]string)) string {
	image := wire(e.Item())
	dynamodb := map[string]any{
		"ApproximateCreationDateTime": e.Time.UnixMicro(), "ApproximateCreationDateTimePrecision": "MICROSECOND",
		"Keys": map[string]any{"orderId": image["orderId"], "sequence": image["sequence"]}, "NewImage": image,
	}
	r := map[string]any{"eventName": "INSERT", "tableName": tabletest.Events, "dynamodb": dynamodb, "eventSource": "aws:dynamodb"}
	if edit != nil {
		edit(r, dynamodb, image)
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// deliver numbers records as a shard does.
func deliver(records ...string) []change.Delivery {
	batch := make([]change.Delivery, len(records))
	for i, r := range records {
		batch[i] = change.Delivery{SequenceNumber: fmt.Sprint(1000 + i), ShardID: "shardId-000000000000", Data: r}
	}
	return batch
}

func records(events ...*outbox.Event) []string {
	var list []string
	for _, e := range events {
		list = append(list, record(e, nil))
	}
	return list
}

func putEvents(t testing.TB, tables *tabletest.Tables, events ...*outbox.Event) {
	t.Helper()
	for _, e := range events {
		tables.Put(t, tabletest.Events, e.Item())
	}
}

func consumer(db projection.DynamoDB, o *projection.Options) *projection.Consumer {
	return projection.New(db, tabletest.Events, tabletest.Fulfilments, door(), o)
}

func states(t testing.TB, tables *tabletest.Tables) map[string]*projection.State {
	t.Helper()
	all := map[string]*projection.State{}
	for _, item := range tables.Items(t, tabletest.Fulfilments) {
		s, err := projection.StateFromItem(item)
		if err != nil {
			t.Fatal(err)
		}
		all[s.OrderID] = s
	}
	return all
}

// fake answers with what its functions say.
type fake struct {
	UpdateFn func(*dynamodb.UpdateItemInput) (*dynamodb.UpdateItemOutput, error)
	QueryFn  func(*dynamodb.QueryInput) (*dynamodb.QueryOutput, error)
}

func (f *fake) UpdateItem(_ context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	return f.UpdateFn(in)
}

func (f *fake) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return f.QueryFn(in)
}
