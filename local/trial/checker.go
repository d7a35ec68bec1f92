package trial

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/dynamodb"
)

// Findings is what the tables say.
type Findings struct {
	// Committed counts events in the outbox, Delivered those whose effect the consumer's state shows.
	Committed, Delivered int64
	// Lost counts events without an effect, Doubled effects of events that had one already, OutOfOrder effects that
	// skipped an event or were not those of the event whose turn it was.
	Lost, Doubled, OutOfOrder int64
	// P50 and P99 are percentiles of the time from the commit of an event to the commit of its effect.
	P50, P99 time.Duration
}

// checker follows both tables during a trial.
type checker struct {
	seed  maphash.Seed
	feeds []*dynamodb.Feed
	group sync.WaitGroup
	moved chan struct{} // holds a token after each step

	mu                   sync.Mutex
	orders               map[string]*order
	committed, delivered int64
	doubled, outOfOrder  int64
	latencies            []time.Duration
	effects              []time.Time
	failure              error
}

// order is what is known of one order: its events and effects, by sequence - 1.
type order struct {
	events  []moment
	effects []moment
}

// moment is the commit of an event or of its effect.
type moment struct {
	at time.Time
	id uint64 // hash of the event's id; 0 if it has not been seen
}

// watch opens the feeds before the first order is placed.
func watch(ctx context.Context, options Options) (*checker, error) {
	c := &checker{seed: maphash.MakeSeed(), orders: map[string]*order{}, moved: make(chan struct{}, 1)}
	for table, observe := range map[string]func(dynamodb.Change) error{
		options.EventsTable: c.event, options.FulfilmentsTable: c.effect,
	} {
		feed, err := options.Feed(table)
		if err != nil {
			c.close()
			return nil, err
		}
		c.feeds = append(c.feeds, feed)
		c.group.Go(func() { c.follow(ctx, feed, observe) })
	}
	return c, nil
}

func (c *checker) follow(ctx context.Context, feed *dynamodb.Feed, observe func(dynamodb.Change) error) {
	for {
		changes, err := feed.Next(ctx, 1000)
		if err != nil {
			return
		}
		c.mu.Lock()
		for _, change := range changes {
			if err := observe(change); err != nil && c.failure == nil {
				c.failure = err
			}
		}
		c.mu.Unlock()
		select {
		case c.moved <- struct{}{}:
		default:
		}
	}
}

func (c *checker) close() {
	for _, feed := range c.feeds {
		feed.Close()
	}
}

type text struct{ S string }
type number struct{ N string }

// event notes an event that was put into the outbox. Changes of its item afterwards are not events.
func (c *checker) event(change dynamodb.Change) error {
	if change.EventName != "INSERT" {
		return nil
	}
	var item struct {
		OrderID  text   `json:"orderId"`
		EventID  text   `json:"eventId"`
		Sequence number `json:"sequence"`
	}
	if err := json.Unmarshal(change.NewImage, &item); err != nil {
		return err
	}
	sequence, err := strconv.Atoi(item.Sequence.N)
	if err != nil || sequence < 1 {
		return errors.New("an event without a sequence in the outbox")
	}
	o := c.order(item.OrderID.S)
	o.events = put(o.events, sequence, moment{change.Time, maphash.String(c.seed, item.EventID.S)})
	c.committed++
	c.compare(o, sequence)
	return nil
}

// effect notes how the consumer's state of an order moved.
func (c *checker) effect(change dynamodb.Change) error {
	before, err := stateOf(change.OldImage)
	if err != nil {
		return err
	}
	after, err := stateOf(change.NewImage)
	if err != nil {
		return err
	}
	switch {
	case change.EventName == "REMOVE" || after.sequence < before.sequence:
		c.doubled++ // a position that goes back lets effects happen again
		return nil
	case after.sequence == before.sequence && after.eventID == before.eventID:
		return nil // the position stands: the order was parked or released
	case after.sequence == before.sequence:
		c.doubled++
		return nil
	case after.sequence > before.sequence+1:
		c.outOfOrder++
	}
	o := c.order(after.orderID)
	o.effects = put(o.effects, after.sequence, moment{change.Time, maphash.String(c.seed, after.eventID)})
	c.delivered++
	c.effects = append(c.effects, change.Time)
	c.compare(o, after.sequence)
	return nil
}

// compare looks at an event and its effect once both are known; the feeds may bring them in either order.
func (c *checker) compare(o *order, sequence int) {
	if len(o.events) < sequence || len(o.effects) < sequence {
		return
	}
	event, effect := o.events[sequence-1], o.effects[sequence-1]
	if event.id == 0 || effect.id == 0 {
		return
	}
	if event.id != effect.id {
		c.outOfOrder++
	}
	c.latencies = append(c.latencies, effect.at.Sub(event.at))
}

func (c *checker) order(id string) *order {
	o := c.orders[id]
	if o == nil {
		o = &order{}
		c.orders[id] = o
	}
	return o
}

// put sets the moment of a sequence, growing the list as needed.
func put(list []moment, sequence int, m moment) []moment {
	for len(list) < sequence {
		list = append(list, moment{})
	}
	list[sequence-1] = m
	return list
}

type state struct {
	orderID, eventID string
	sequence         int
}

func stateOf(image []byte) (state, error) {
	if image == nil {
		return state{}, nil
	}
	var item struct {
		OrderID      text   `json:"orderId"`
		LastEventID  text   `json:"lastEventId"`
		LastSequence number `json:"lastSequence"`
	}
	if err := json.Unmarshal(image, &item); err != nil {
		return state{}, err
	}
	s := state{orderID: item.OrderID.S, eventID: item.LastEventID.S}
	var err error
	if item.LastSequence.N != "" {
		s.sequence, err = strconv.Atoi(item.LastSequence.N)
	}
	return s, err
}

// settle waits until every event has its effect, or nothing has moved for as long as patience lasts.
func (c *checker) settle(ctx context.Context, patience time.Duration) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		c.mu.Lock()
		settled, failure := c.delivered >= c.committed && c.pending() == 0, c.failure
		c.mu.Unlock()
		if failure != nil || settled {
			return failure
		}
		select {
		case <-c.moved:
			timer.Reset(patience)
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pending counts events without an effect. The caller holds the lock.
func (c *checker) pending() int64 {
	var pending int64
	for _, o := range c.orders {
		for i, event := range o.events {
			if event.id != 0 && (len(o.effects) <= i || o.effects[i].id == 0) {
				pending++
			}
		}
	}
	return pending
}

func (c *checker) counts() (committed, delivered int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.committed, c.delivered
}

func (c *checker) findings() Findings {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := Findings{Committed: c.committed, Delivered: c.delivered, Lost: c.pending(), Doubled: c.doubled, OutOfOrder: c.outOfOrder}
	if n := len(c.latencies); n > 0 {
		slices.Sort(c.latencies)
		f.P50, f.P99 = c.latencies[n/2], c.latencies[n*99/100]
	}
	return f
}

// without counts the orders that have no event.
func (c *checker) without(ids []string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	var missing int64
	for _, id := range ids {
		if o := c.orders[id]; o == nil || len(o.events) == 0 {
			missing++
		}
	}
	return missing
}

// lastEffect is when the last effect was committed.
func (c *checker) lastEffect() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.effects) == 0 {
		return time.Now()
	}
	return c.effects[len(c.effects)-1]
}

// halves is the rate of effects per second in each half of the run.
func (c *checker) halves(begun time.Time) (first, second float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.effects)
	if n < 2 {
		return 0, 0
	}
	middle, end := c.effects[n/2-1], c.effects[n-1]
	return float64(n/2) / middle.Sub(begun).Seconds(), float64(n-n/2) / max(end.Sub(middle).Seconds(), 1e-9)
}
