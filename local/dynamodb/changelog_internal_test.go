package dynamodb

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// kept returns how many records the log of a table holds.
func kept(e *Engine, table string) int {
	l := &e.table(table).log
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.records)
}

func put(t *testing.T, e *Engine, n int) {
	t.Helper()
	for i := range n {
		request := fmt.Sprintf(`{"TableName":"tab","Item":{"pk":{"S":"%d"},"x":{"N":"%d"}}}`, i, time.Now().UnixNano())
		if _, err := e.Call(context.Background(), nil, "PutItem", []byte(request)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLogKeepsWhatIsStillToBeRead checks that records are let go once nobody needs them, and not before.
func TestLogKeepsWhatIsStillToBeRead(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	e := New(&Options{Clock: func() time.Time { return now }, ExpireEvery: -1})
	defer e.Close()
	call := func(operation, request string) {
		t.Helper()
		if _, err := e.Call(context.Background(), nil, operation, []byte(request)); err != nil {
			t.Fatal(err)
		}
	}
	call("CreateTable", `{"TableName":"tab","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]}`)
	expect := func(want int, when string) {
		t.Helper()
		if got := kept(e, "tab"); got != want {
			t.Errorf("%s: the log holds %d records, want %d", when, got, want)
		}
	}
	take := func(f *Feed, n int) {
		t.Helper()
		if got, err := f.Next(context.Background(), n); err != nil || len(got) != n {
			t.Fatalf("got %d changes, %v, want %d", len(got), err, n)
		}
	}
	put(t, e, 10)
	expect(0, "without readers")
	quick, _ := e.Feed("tab")
	slow, _ := e.Feed("tab")
	put(t, e, 10)
	take(quick, 10)
	expect(10, "while one feed has read nothing")
	take(slow, 6)
	expect(4, "while one feed has read six")
	take(slow, 4)
	expect(0, "after both feeds have read all")
	put(t, e, 10)
	take(quick, 10)
	slow.Close()
	expect(0, "after the feed that had not read was closed")

	call("UpdateTable", `{"TableName":"tab","StreamSpecification":{"StreamEnabled":true,"StreamViewType":"KEYS_ONLY"}}`)
	put(t, e, 10)
	take(quick, 10)
	expect(10, "while a stream offers them")
	now = now.Add(24*time.Hour + time.Second)
	e.ExpireDue(now)
	expect(0, "a day later")
	quick.Close()
	call("UpdateTable", `{"TableName":"tab","StreamSpecification":{"StreamEnabled":false}}`)
	put(t, e, 10)
	expect(0, "after the stream was disabled")
}
