package desk_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/cloud"
	"transactional-outbox/local/desk"
	"transactional-outbox/local/mapping"
	"transactional-outbox/stack"
)

// An event leaves the outbox only after its delivery is proven: what expires before comes back, and is delivered.
func TestAnEventThatExpiresBeforeItsDeliveryComesBack(t *testing.T) {
	b := startBench(t)
	const order, event = "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAW"
	// The consumer leaves events of a parked order alone.
	b.call("PutItem", `{"TableName":%q,"Item":{"orderId":{"S":%q},"lastSequence":{"N":"0"},"updatedAt":{"S":"2026-01-01T00:00:00.000000Z"},
		"parked":{"M":{"reason":{"S":"rule"},"detail":{"S":"by a test"},"sequence":{"N":"1"},"at":{"S":"2026-01-01T00:00:00.000000Z"}}}}}`,
		b.Output("fulfilmentsTable"), order)
	b.call("PutItem", `{"TableName":%q,"Item":{"orderId":{"S":%q},"sequence":{"N":"1"},"eventId":{"S":%q},"source":{"S":"/test"},"type":{"S":"order.placed"},
		"time":{"S":"2026-01-01T00:00:00.000000Z"},"data":{"S":"{}"},"expiresAt":{"N":"%d"}}}`,
		b.Output("eventsTable"), order, event, time.Now().Unix()-1)
	b.eventually("the consumer leaves the event alone", func() bool { return b.logged(`"batch done"`, `"parked":1`) })
	b.call("UpdateItem", `{"TableName":%q,"Key":{"orderId":{"S":%q}},"UpdateExpression":"REMOVE parked"}`, b.Output("fulfilmentsTable"), order)

	if n := b.Cloud.ExpireDue(); n != 1 {
		t.Fatalf("%d items expired, want 1", n)
	}
	b.eventually("the auditor puts the event back", func() bool { return b.logged(`"event resurrected"`, order, event) })
	b.eventually("the consumer applies it", func() bool {
		return strings.Contains(b.call("GetItem", `{"TableName":%q,"Key":{"orderId":{"S":%q}}}`, b.Output("fulfilmentsTable"), order), `"lastSequence":{"N":"1"}`)
	})
	back := b.call("GetItem", `{"TableName":%q,"Key":{"orderId":{"S":%q},"sequence":{"N":"1"}}}`, b.Output("eventsTable"), order)
	if !strings.Contains(back, `"republishedAt"`) || !strings.Contains(back, event) {
		t.Errorf("the event came back as %s", back)
	}

	// Delivered by now, it may go: an expiry once more is the end of it.
	b.call("UpdateItem", `{"TableName":%q,"Key":{"orderId":{"S":%q},"sequence":{"N":"1"}},"UpdateExpression":"SET expiresAt = :past",
		"ExpressionAttributeValues":{":past":{"N":"%d"}}}`, b.Output("eventsTable"), order, time.Now().Unix()-1)
	if n := b.Cloud.ExpireDue(); n != 1 {
		t.Fatalf("%d items expired, want 1", n)
	}
	b.eventually("the auditor finds it delivered", func() bool { return b.logged(`"audit done"`, `"delivered":1`) })
	if gone := b.call("GetItem", `{"TableName":%q,"Key":{"orderId":{"S":%q},"sequence":{"N":"1"}}}`, b.Output("eventsTable"), order); gone != "{}" {
		t.Errorf("the delivered event is still there: %s", gone)
	}

	// Clients' writes cost no invocation: of all the changes only the two removals got through the filter.
	b.eventually("two removals were audited and the rest filtered out", func() bool {
		m := b.mappingOf("auditorMappingId")
		return m.InvokedEventCount == 2 && m.PolledEventCount == m.InvokedEventCount+m.FilteredOutEventCount
	})
}

// bench is a desk whose log can be looked into.
type bench struct {
	*desk.Desk
	t *testing.T

	mu    sync.Mutex
	lines []string
}

func startBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t}
	d, err := desk.Start(t.Context(), desk.Options{Root: root(t), Stage: "local", Program: stack.Deploy, Cloud: cloud.Options{
		Duplicate: -1,
		Log: func(line cloud.LogLine) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.lines = append(b.lines, string(line.Text))
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	b.Desk = d
	return b
}

// call performs an operation of DynamoDB as the desk's owner.
func (b *bench) call(operation, request string, args ...any) string {
	b.t.Helper()
	answer, err := b.Cloud.Tables().Call(context.Background(), nil, operation, fmt.Appendf(nil, request, args...))
	if err != nil {
		b.t.Fatalf("%s: %v", operation, err)
	}
	return string(answer)
}

// logged reports whether some log line contains all texts.
func (b *bench) logged(texts ...string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range b.lines {
		found := 0
		for _, text := range texts {
			if strings.Contains(line, text) {
				found++
			}
		}
		if found == len(texts) {
			return true
		}
	}
	return false
}

func (b *bench) eventually(what string, holds func() bool) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 60*time.Second)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			b.mu.Lock()
			defer b.mu.Unlock()
			b.t.Fatalf("never: %s; the log:\n%s", what, strings.Join(b.lines, "\n"))
		case <-ticker.C:
		}
	}
}

func (b *bench) mappingOf(output string) mapping.Status {
	b.t.Helper()
	m, ok := b.Cloud.Mappings()[b.Output(output)]
	if !ok {
		text, _ := json.Marshal(b.Outputs)
		b.t.Fatalf("no mapping %s: %s", output, text)
	}
	return m
}
