package trial

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/dynamodb"
)

// Findings is what the changes of the tables say.
type Findings struct {
	// Committed counts events in the outbox, Delivered those whose effect the consumer's state shows.
	Committed, Delivered int64
	// Lost counts events without an effect, Doubled effects of events that had one already, OutOfOrder effects that
	// skipped an event or were not those of the event whose turn it was.
	Lost, Doubled, OutOfOrder int64
	// Expired counts events that time to live has removed, Restored those that were put back, each time it happened.
	Expired, Restored int64
	// Parked counts orders that were set aside, and Released those that were taken up again, each time it happened.
	Parked, Released int64
	// Unheeded counts effects on orders while they were set aside.
	Unheeded int64
	// Rewritten counts events that were replaced by others, or removed by anyone but time to live.
	Rewritten int64
	// P50 and P99 are percentiles of the time from the commit of an event to the commit of its effect.
	P50, P99 time.Duration
}

// history follows both tables during a trial.
type history struct {
	names *names
	begun time.Time
	feeds []*dynamodb.Feed
	moved chan struct{} // holds a token after each step

	mu        sync.Mutex
	steps     map[key]step
	open      int64 // steps with an event and without an effect
	found     Findings
	latencies []int32  // microseconds
	effects   []uint32 // milliseconds since begun
	failure   error
}

// key names an event.
type key struct {
	order    name
	sequence int
}

// step is an event and its effect, of which the feeds may bring either one first.
type step struct {
	event, effect uint64 // hash of the event's id; 0 if it has not been seen
	at            int64  // when the one that came first was committed, in microseconds since begun
	kind          kind
	expired       bool // it is not in the outbox any more
}

// kind is the type of an event.
type kind uint8

const (
	unknown kind = iota
	placed
	cancelled
)

func kindOf(text string) kind {
	switch text {
	case "order.placed":
		return placed
	case "order.cancelled":
		return cancelled
	}
	return unknown
}

// newHistory returns a history that is told changes instead of following feeds.
func newHistory(names *names, begun time.Time) *history {
	return &history{names: names, begun: begun, steps: map[key]step{}, moved: make(chan struct{}, 1)}
}

// watch opens the feeds before the first order is placed.
func watch(ctx context.Context, names *names, begun time.Time, options Options) (*history, error) {
	h := newHistory(names, begun)
	for table, observe := range map[string]func(*dynamodb.Change) error{
		options.EventsTable: h.event, options.FulfilmentsTable: h.effect,
	} {
		feed, err := options.Feed(table)
		if err != nil {
			h.close()
			return nil, err
		}
		h.feeds = append(h.feeds, feed)
		go h.follow(ctx, feed, observe)
	}
	return h, nil
}

// follow ends with ctx or when its feed is closed.
func (h *history) follow(ctx context.Context, feed *dynamodb.Feed, observe func(*dynamodb.Change) error) {
	for {
		changes, err := feed.Next(ctx, 1000)
		if err != nil {
			return
		}
		h.mu.Lock()
		for i := range changes {
			if err := observe(&changes[i]); err != nil && h.failure == nil {
				h.failure = err
			}
		}
		h.mu.Unlock()
		select {
		case h.moved <- struct{}{}:
		default:
		}
	}
}

func (h *history) close() {
	for _, feed := range h.feeds {
		feed.Close()
	}
}

type text struct{ S string }
type number struct{ N string }

type eventItem struct {
	OrderID  text   `json:"orderId"`
	EventID  text   `json:"eventId"`
	Sequence number `json:"sequence"`
	Type     text   `json:"type"`
}

// event notes what happens to an event. It is committed when it first appears; it may expire and be put back, and be touched to be
// emitted again, but it stays the same event.
func (h *history) event(change *dynamodb.Change) error {
	image := change.NewImage
	if change.EventName == "REMOVE" {
		image = change.OldImage
	}
	var item eventItem
	if err := json.Unmarshal(image, &item); err != nil {
		return err
	}
	sequence, err := strconv.Atoi(item.Sequence.N)
	if err != nil || sequence < 1 {
		return errors.New("an event without a sequence in the outbox")
	}
	k := key{h.names.of(item.OrderID.S), sequence}
	s := h.steps[k]
	known, id := s.event != 0, h.names.hash(item.EventID.S)
	switch {
	case known && s.event != id:
		h.found.Rewritten++
	case change.EventName == "REMOVE" && change.ByTTL:
		h.found.Expired++
		s.expired = true
	case change.EventName == "REMOVE":
		h.found.Rewritten++
	case change.EventName == "INSERT" && known:
		h.found.Restored++
		s.expired = false
	}
	if !known {
		s.event, s.kind = id, kindOf(item.Type.S)
		h.found.Committed++
		h.open++
		h.compare(&s, change.Time, -1)
	}
	h.steps[k] = s
	return nil
}

// effect notes how the consumer's state of an order moved.
func (h *history) effect(change *dynamodb.Change) error {
	before, err := stateOf(change.OldImage)
	if err != nil {
		return err
	}
	after, err := stateOf(change.NewImage)
	if err != nil {
		return err
	}
	switch {
	case after.parked && !before.parked:
		h.found.Parked++
	case before.parked && !after.parked:
		h.found.Released++
	case before.parked && after.sequence != before.sequence:
		h.found.Unheeded++
	}
	switch {
	case change.EventName == "REMOVE" || after.sequence < before.sequence:
		h.found.Doubled++ // a position that goes back lets effects happen again
		return nil
	case after.sequence == before.sequence && after.eventID == before.eventID:
		return nil // the position stands: the order was parked or released
	case after.sequence == before.sequence:
		h.found.Doubled++
		return nil
	case after.count < 1 || after.sequence-after.count != before.sequence:
		// Only the last event's effect can be believed: the others had theirs before, or were skipped.
		h.found.OutOfOrder++
		after.count = 1
	}
	order := h.names.of(after.orderID)
	for sequence := after.sequence - after.count + 1; sequence < after.sequence; sequence++ {
		h.deliver(key{order, sequence}, folded, change.Time)
	}
	h.deliver(key{order, after.sequence}, h.names.hash(after.eventID), change.Time)
	return nil
}

// folded stands for the id of an event that was applied together with the one after it.
const folded = 1

// deliver notes the effect of an event.
func (h *history) deliver(k key, effect uint64, at time.Time) {
	s := h.steps[k]
	if s.effect != 0 {
		h.found.Doubled++
		return
	}
	s.effect = effect
	h.found.Delivered++
	h.open--
	h.effects = append(h.effects, uint32(at.Sub(h.begun).Milliseconds()))
	h.compare(&s, at, 1)
	h.steps[k] = s
}

// compare looks at an event and its effect once both are known. sign is 1 if the effect is the later one to be seen, -1 if the event is.
func (h *history) compare(s *step, at time.Time, sign int64) {
	now := at.Sub(h.begun).Microseconds()
	if s.event == 0 || s.effect == 0 {
		s.at = now
		return
	}
	if s.event != s.effect && s.effect != folded {
		h.found.OutOfOrder++
	}
	h.latencies = append(h.latencies, int32(sign*(now-s.at)))
}

type state struct {
	orderID, eventID string
	sequence         int // of the last event that was applied
	count            int // of the events that were applied with it, that one included
	parked           bool
}

func stateOf(image []byte) (state, error) {
	if image == nil {
		return state{}, nil
	}
	var item stateItem
	if err := json.Unmarshal(image, &item); err != nil {
		return state{}, err
	}
	return item.state()
}

// settle waits until every event has its effect, or nothing has moved for as long as patience lasts.
func (h *history) settle(ctx context.Context, patience time.Duration) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		h.mu.Lock()
		settled, failure := h.open <= 0, h.failure
		h.mu.Unlock()
		if failure != nil || settled {
			return failure
		}
		select {
		case <-h.moved:
			timer.Reset(patience)
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// gone returns what is known of an event that is not in the outbox any more; ok is false if it should be there.
func (h *history) gone(order string, sequence int) (eventID uint64, k kind, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.steps[key{h.names.of(order), sequence}]
	return s.event, s.kind, s.expired
}

func (h *history) counts() (committed, delivered int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.found.Committed, h.found.Delivered
}

func (h *history) findings() Findings {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.found
	f.Lost = 0
	for _, s := range h.steps {
		if s.event != 0 && s.effect == 0 {
			f.Lost++
		}
	}
	if n := len(h.latencies); n > 0 {
		slices.Sort(h.latencies)
		f.P50, f.P99 = time.Duration(h.latencies[n/2])*time.Microsecond, time.Duration(h.latencies[n*99/100])*time.Microsecond
	}
	return f
}

// lastEffect is when the last effect was committed.
func (h *history) lastEffect() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.effects) == 0 {
		return time.Now()
	}
	return h.begun.Add(time.Duration(h.effects[len(h.effects)-1]) * time.Millisecond)
}

// halves is the rate of effects per second in each half of the run.
func (h *history) halves() (first, second float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := len(h.effects)
	if n < 2 {
		return 0, 0
	}
	middle, end := h.effects[n/2-1], h.effects[n-1]
	return float64(n/2) / max(float64(middle)/1000, 1e-3), float64(n-n/2) / max(float64(end-middle)/1000, 1e-3)
}
