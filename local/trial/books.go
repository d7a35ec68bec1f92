package trial

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"
)

// segments is how many parts of a table are read at once.
const segments = 4

// books is a look at all tables, order by order.
type books struct {
	options  Options
	history  *history
	demand   *demand
	breaches breaches

	orders, events, states int64 // found order by order; guarded by the demand's mu
	behind                 []lag // likewise
	untold                 int64
}

// lag is an order whose consumer has not reached what the outbox has.
type lag struct {
	order    string
	position int
	parked   string // the reason; "" if it is not
	left     []int  // sequences beyond the position that are in the outbox
}

type orderItem struct {
	OrderID     text   `json:"orderId"`
	Status      text   `json:"status"`
	Version     number `json:"version"`
	Description text   `json:"description"`
}

type stateItem struct {
	OrderID      text   `json:"orderId"`
	LastEventID  text   `json:"lastEventId"`
	LastSequence number `json:"lastSequence"`
	LastCount    number `json:"lastCount"`
	Status       text   `json:"status"`
	Parked       *struct {
		M struct {
			Reason text `json:"reason"`
		}
	} `json:"parked"`
}

func (i *stateItem) state() (state, error) {
	s := state{orderID: i.OrderID.S, eventID: i.LastEventID.S, parked: i.Parked != nil, count: 1}
	var err error
	if i.LastSequence.N != "" {
		s.sequence, err = strconv.Atoi(i.LastSequence.N)
	}
	if i.LastCount.N != "" && err == nil {
		s.count, err = strconv.Atoi(i.LastCount.N)
	}
	return s, err
}

// look reads everything. Memory is bounded by the size of a page, apart from what is wrong.
func look(ctx context.Context, options Options, history *history, demand *demand) (*books, error) {
	b := &books{options: options, history: history, demand: demand}
	demand.forget()
	group, inner := errgroup.WithContext(ctx)
	for segment := range segments {
		group.Go(func() error {
			return scan(inner, options.Tables, options.OrdersTable, segment, "orderId, #s, #v, description",
				map[string]string{"#s": "status", "#v": "version"}, func(page []orderItem) error { return b.page(inner, page) })
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for table, seen := range map[string]int64{options.EventsTable: b.events, options.FulfilmentsTable: b.states} {
		total, err := count(ctx, options.Tables, table)
		if err != nil {
			return nil, err
		}
		if total != seen {
			b.breaches.add(ruleOrphan, "%s has %d items, %d of them belong to orders", table, total, seen)
		}
	}
	b.untold = demand.check(&b.breaches)
	return b, nil
}

// page checks some orders.
func (b *books) page(ctx context.Context, page []orderItem) error {
	for some := range slices.Chunk(page, 100) {
		states, err := statesOf(ctx, b.options.Tables, b.options.FulfilmentsTable, some)
		if err != nil {
			return err
		}
		for i := range some {
			events, err := eventsOf(ctx, b.options.Tables, b.options.EventsTable, some[i].OrderID.S)
			if err != nil {
				return err
			}
			if err := b.order(&some[i], events, states[some[i].OrderID.S]); err != nil {
				return err
			}
		}
	}
	return nil
}

// order checks one order. item is nil if the consumer has not heard of it.
func (b *books) order(order *orderItem, events []eventItem, item *stateItem) error {
	id := order.OrderID.S
	version, err := strconv.Atoi(order.Version.N)
	if err != nil {
		return fmt.Errorf("order %s: version %q", id, order.Version.N)
	}
	if item == nil {
		item = &stateItem{}
	}
	state, err := item.state()
	if err != nil {
		return fmt.Errorf("state of order %s: %w", id, err)
	}
	b.requests(order, len(events), item.OrderID.S != "")

	left, last, ids := b.sequence(id, version, events, state.sequence)
	switch {
	case state.sequence < version:
		l := lag{order: id, position: state.sequence, left: left}
		if state.parked {
			l.parked = item.Parked.M.Reason.S
		}
		b.late(l)
		return nil
	case state.parked:
		b.breaches.add(ruleParked, "%s at %d: %s", id, state.sequence, item.Parked.M.Reason.S)
	case state.sequence > version || item.Status.S != last.consumer || b.history.names.hash(state.eventID) != ids:
		b.breaches.add(ruleFold, "%s at %d, %s after event %s; its order has %d events, the last of which makes it %s",
			id, state.sequence, item.Status.S, state.eventID, version, last.consumer)
	}
	if order.Status.S != last.order {
		b.breaches.add(ruleFold, "order %s is %s, its events make it %s", id, order.Status.S, last.order)
	}
	return nil
}

// requests holds an order against what clients asked for.
func (b *books) requests(order *orderItem, events int, known bool) {
	d := b.demand
	d.mu.Lock()
	defer d.mu.Unlock()
	b.orders++
	b.events += int64(events)
	if known {
		b.states++
	}
	i, ok := d.number(order.Description.S)
	if !ok {
		b.breaches.add(ruleAsked, "%s, %q", order.OrderID.S, order.Description.S)
		return
	}
	a := &d.asks[i]
	if a.found < 255 {
		a.found++
	}
	if a.told && a.order == d.names.of(order.OrderID.S) {
		a.right = true
		if a.cancelled && order.Status.S != "CANCELLED" {
			b.breaches.add(ruleCancelled, "%s is %s", order.OrderID.S, order.Status.S)
		}
	}
}

func (b *books) late(l lag) {
	b.demand.mu.Lock()
	defer b.demand.mu.Unlock()
	b.behind = append(b.behind, l)
}

// outcome is what events make of an order and of the consumer's state.
type outcome struct{ order, consumer string }

// then is what an event makes of an outcome; ok is false where it cannot follow.
func (o outcome) then(k kind) (next outcome, ok bool) {
	switch {
	case k == placed && o == outcome{}:
		return outcome{"PLACED", "REQUESTED"}, true
	case k == cancelled && o.order == "PLACED":
		return outcome{"CANCELLED", "CANCELLED"}, true
	}
	return o, false
}

// sequence follows an order's events from 1 to its version, those included that have expired, and returns the sequences beyond a
// position that the outbox has, what the events make of the order, and the hash of the last one's id.
func (b *books) sequence(id string, version int, events []eventItem, position int) (left []int, last outcome, lastID uint64) {
	next := 0
	for n := 1; n <= version; n++ {
		var k kind
		if next < len(events) && events[next].Sequence.N == strconv.Itoa(n) {
			k, lastID = kindOf(events[next].Type.S), b.history.names.hash(events[next].EventID.S)
			next++
			if n > position {
				left = append(left, n)
			}
		} else {
			var expired bool
			lastID, k, expired = b.history.gone(id, n)
			if !expired || n > position {
				b.breaches.add(ruleComplete, "%s lacks event %d of %d; its consumer is at %d", id, n, version, position)
				continue
			}
		}
		var ok bool
		if last, ok = last.then(k); !ok {
			b.breaches.add(ruleFold, "event %d of %s cannot follow", n, id)
		}
	}
	if next < len(events) {
		b.breaches.add(ruleOrphan, "%s has %d events, its order only %d", id, len(events), version)
	}
	return left, last, lastID
}
