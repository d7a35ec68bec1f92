package dynamodb_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"transactional-outbox/local/dynamodb"
)

func next(t testing.TB, f *dynamodb.Feed, max int) []dynamodb.Change {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	changes, err := f.Next(ctx, max)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func TestFeed(t *testing.T) {
	e, clock := newEngine(t)
	must(t, e, "UpdateTimeToLive", `{"TableName":"hash","TimeToLiveSpecification":{"Enabled":true,"AttributeName":"due"}}`)
	must(t, e, "PutItem", `{"TableName":"hash","Item":{"pk":{"S":"before"}}}`)
	f, err := e.Feed("hash")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	run(t, e, []step{
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"}}}`, `{}`},
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"}}}`, `{}`}, // changes nothing
		{"UpdateItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET due = :t","ExpressionAttributeValues":{":t":{"N":"1795521600"}}}`, `{}`},
		{"UpdateItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"UpdateExpression":"REMOVE x"}`, `{}`}, // changes nothing
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":"b"}}}`, `{}`},
		{"DeleteItem", `{"TableName":"hash","Key":{"pk":{"S":"b"}}}`, `{}`},
		{"DeleteItem", `{"TableName":"hash","Key":{"pk":{"S":"b"}}}`, `{}`}, // changes nothing
	})
	if n := e.ExpireDue(time.Unix(1795521599, 0)); n != 0 {
		t.Errorf("%d items expired a second early", n)
	}
	if n := e.ExpireDue(time.Unix(1795521600, 0)); n != 1 {
		t.Errorf("%d items expired, want 1", n)
	}
	got := append(next(t, f, 2), next(t, f, 0)...)
	a, aTTL, b := []byte(`{"pk":{"S":"a"}}`), []byte(`{"due":{"N":"1795521600"},"pk":{"S":"a"}}`), []byte(`{"pk":{"S":"b"}}`)
	want := []dynamodb.Change{
		{Table: "hash", EventName: "INSERT", Time: clock.now, Keys: a, NewImage: a, SizeBytes: 6},
		{Table: "hash", EventName: "MODIFY", Time: clock.now, Keys: a, NewImage: aTTL, OldImage: a, SizeBytes: 3 + (3 + 3 + 5) + 3},
		{Table: "hash", EventName: "INSERT", Time: clock.now, Keys: b, NewImage: b, SizeBytes: 6},
		{Table: "hash", EventName: "REMOVE", Time: clock.now, Keys: b, OldImage: b, SizeBytes: 6},
		{Table: "hash", EventName: "REMOVE", Time: clock.now, Keys: a, OldImage: aTTL, SizeBytes: 3 + (3 + 3 + 5), ByTTL: true},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(dynamodb.Change{}, "EventID")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	ids := map[string]bool{}
	for _, c := range got {
		if ids[c.EventID] = true; len(c.EventID) != 36 {
			t.Errorf("event id %q", c.EventID)
		}
	}
	if len(ids) != len(got) {
		t.Error("event ids repeat")
	}
}

func TestFeedEnds(t *testing.T) {
	e, _ := newEngine(t)
	f, err := e.Feed("hash")
	if err != nil {
		t.Fatal(err)
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.Next(done, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the error of the context", err)
	}
	must(t, e, "PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"}}}`)
	must(t, e, "DeleteTable", `{"TableName":"hash"}`)
	if got := next(t, f, 0); len(got) != 1 {
		t.Errorf("got %d changes before the end, want 1", len(got))
	}
	if _, err := f.Next(context.Background(), 0); !errors.Is(err, dynamodb.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
	if _, err := e.Feed("hash"); err == nil {
		t.Error("a feed of a deleted table")
	}
}
