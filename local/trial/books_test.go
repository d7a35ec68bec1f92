package trial

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/dynamodb"
)

// ledger is a set of tables, filled by hand, with what the history and the clients know of them.
type ledger struct {
	*story
	engine  *dynamodb.Engine
	options Options
	demand  *demand
}

func newLedger(t *testing.T) *ledger {
	engine := dynamodb.New(nil)
	t.Cleanup(func() { engine.Close() })
	l := &ledger{story: newStory(t), engine: engine, options: Options{
		Orders: 3, Seed: 1, Tables: engine, OrdersTable: "orders", EventsTable: "events", FulfilmentsTable: "fulfilments",
	}}
	l.demand = newDemand(l.names, l.options)
	for table, sorted := range map[string]bool{"orders": false, "events": true, "fulfilments": false} {
		attributes, keys := `{"AttributeName":"orderId","AttributeType":"S"}`, `{"AttributeName":"orderId","KeyType":"HASH"}`
		if sorted {
			attributes += `,{"AttributeName":"sequence","AttributeType":"N"}`
			keys += `,{"AttributeName":"sequence","KeyType":"RANGE"}`
		}
		l.call("CreateTable", `{"TableName":%q,"BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[%s],"KeySchema":[%s]}`, table, attributes, keys)
	}
	return l
}

func (l *ledger) call(operation, format string, args ...any) {
	l.t.Helper()
	if _, err := l.engine.Call(l.t.Context(), nil, operation, fmt.Appendf(nil, format, args...)); err != nil {
		l.t.Fatalf("%s: %v", operation, err)
	}
}

// order writes an order that request i has asked for.
func (l *ledger) order(id string, i int64, version int, status string) {
	l.call("PutItem", `{"TableName":"orders","Item":{"orderId":{"S":%q},"version":{"N":"%d"},"status":{"S":%q},"description":{"S":%q}}}`,
		id, version, status, l.demand.describe(i))
}

// event writes an event, whose id is made of its order and sequence.
func (l *ledger) put(order string, sequence int, kind string) {
	l.call("PutItem", `{"TableName":"events","Item":{"orderId":{"S":%q},"sequence":{"N":"%d"},"eventId":{"S":"%s%d"},"type":{"S":%q}}}`,
		order, sequence, order, sequence, kind)
}

// state writes the consumer's state, with more attributes in JSON.
func (l *ledger) state(order string, last int, status, more string) {
	l.call("PutItem", `{"TableName":"fulfilments","Item":{"orderId":{"S":%q},"lastSequence":{"N":"%d"},"lastEventId":{"S":"%s%d"},"status":{"S":%q}%s}}`,
		order, last, order, last, status, more)
}

// told notes that a client was told of its order.
func (l *ledger) told(i int64, id string, cancelled bool) {
	l.demand.change(i, func(a *ask) { a.told, a.order, a.cancelled = true, l.names.of(id), cancelled })
}

// sound writes an order of request 1 that is as it should be, placed and cancelled.
func (l *ledger) sound() {
	l.order("a", 1, 2, "CANCELLED")
	l.put("a", 1, "order.placed")
	l.put("a", 2, "order.cancelled")
	l.state("a", 2, "CANCELLED", "")
	l.told(1, "a", true)
}

func TestBooks(t *testing.T) {
	const parked = `,"parked":{"M":{"reason":{"S":"rule"}}}`
	for name, c := range map[string]struct {
		write  func(*ledger)
		want   []string // rules
		behind []lag
	}{
		"nothing happened":           {write: func(*ledger) {}},
		"everything is as it should": {write: (*ledger).sound},
		"an order that nobody was told of": {write: func(l *ledger) {
			l.sound()
			l.demand.change(1, func(a *ask) { a.told, a.unsure = false, 1 })
		}},
		"an order is missing": {write: func(l *ledger) { l.told(1, "a", false) }, want: []string{ruleAnswered}},
		"two orders for one key": {write: func(l *ledger) {
			l.sound()
			l.demand.change(1, func(a *ask) { a.keyed = true })
			l.order("b", 1, 1, "PLACED")
			l.put("b", 1, "order.placed")
			l.state("b", 1, "REQUESTED", "")
		}, want: []string{ruleOnce}},
		"an order that nobody asked for": {write: func(l *ledger) {
			l.order("a", 99, 1, "PLACED")
			l.put("a", 1, "order.placed")
			l.state("a", 1, "REQUESTED", "")
		}, want: []string{ruleAsked}},
		"a cancellation is forgotten": {write: func(l *ledger) {
			l.order("a", 1, 1, "PLACED")
			l.put("a", 1, "order.placed")
			l.state("a", 1, "REQUESTED", "")
			l.told(1, "a", true)
		}, want: []string{ruleCancelled}},
		"an event is missing": {write: func(l *ledger) {
			l.sound()
			l.call("DeleteItem", `{"TableName":"events","Key":{"orderId":{"S":"a"},"sequence":{"N":"1"}}}`)
		}, want: []string{ruleComplete, ruleFold}},
		"an event has expired once it was delivered": {write: func(l *ledger) {
			l.sound()
			l.call("DeleteItem", `{"TableName":"events","Key":{"orderId":{"S":"a"},"sequence":{"N":"1"}}}`)
			l.outbox("INSERT", "a", 1, "a1", false).outbox("REMOVE", "a", 1, "a1", true)
		}},
		"an event too many": {write: func(l *ledger) {
			l.sound()
			l.put("a", 3, "order.cancelled")
		}, want: []string{ruleOrphan}},
		"an event without an order": {write: func(l *ledger) { l.put("b", 1, "order.placed") }, want: []string{ruleOrphan}},
		"a state without an order":  {write: func(l *ledger) { l.state("b", 1, "REQUESTED", "") }, want: []string{ruleOrphan}},
		"a state of another status": {write: func(l *ledger) {
			l.sound()
			l.state("a", 2, "REQUESTED", "")
		}, want: []string{ruleFold}},
		"a state that is ahead": {write: func(l *ledger) {
			l.sound()
			l.state("a", 3, "CANCELLED", "")
		}, want: []string{ruleFold}},
		"an order of another status": {write: func(l *ledger) {
			l.sound()
			l.order("a", 1, 2, "PLACED")
			l.demand.change(1, func(a *ask) { a.cancelled = false })
		}, want: []string{ruleFold}},
		"a parked order at its end": {write: func(l *ledger) {
			l.sound()
			l.state("a", 2, "CANCELLED", parked)
		}, want: []string{ruleParked}},
		"a consumer that is behind": {write: func(l *ledger) {
			l.sound()
			l.state("a", 1, "REQUESTED", "")
		}, behind: []lag{{order: "a", position: 1, left: []int{2}}}},
		"a consumer that has heard nothing": {write: func(l *ledger) {
			l.sound()
			l.call("DeleteItem", `{"TableName":"fulfilments","Key":{"orderId":{"S":"a"}}}`)
		}, behind: []lag{{order: "a", left: []int{1, 2}}}},
		"a consumer that is parked": {write: func(l *ledger) {
			l.sound()
			l.state("a", 1, "REQUESTED", parked)
		}, behind: []lag{{order: "a", position: 1, parked: "rule", left: []int{2}}}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger(t)
			c.write(l)
			b, err := look(t.Context(), l.options, l.history, l.demand)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, breach := range b.breaches.list() {
				got = append(got, breach.Rule)
				if breach.Example == "" || !strings.Contains(breach.String(), breach.Rule) {
					t.Errorf("breach %q gives no example", breach)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("rules broken (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.behind, b.behind, cmp.AllowUnexported(lag{})); diff != "" {
				t.Errorf("behind (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBooksReadPageByPage(t *testing.T) {
	l := newLedger(t)
	l.options.Orders = 3000
	l.demand = newDemand(l.names, l.options)
	for i := range 3000 {
		id := fmt.Sprintf("order-%04d", i)
		l.order(id+strings.Repeat("x", 1000), int64(i+1), 1, "PLACED")
		l.put(id+strings.Repeat("x", 1000), 1, "order.placed")
		l.state(id+strings.Repeat("x", 1000), 1, "REQUESTED", "")
		l.told(int64(i+1), id+strings.Repeat("x", 1000), false)
	}
	begun := time.Now()
	b, err := look(t.Context(), l.options, l.history, l.demand)
	if err != nil {
		t.Fatal(err)
	}
	if b.orders != 3000 || b.events != 3000 || b.states != 3000 || len(b.behind) != 0 || b.breaches.total() != 0 || b.untold != 0 {
		t.Errorf("%d orders, %d events, %d states, %d behind, %v", b.orders, b.events, b.states, len(b.behind), b.breaches.list())
	}
	t.Logf("%d orders in %v", b.orders, time.Since(begun))
}
