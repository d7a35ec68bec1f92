package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/outbox"
	"transactional-outbox/handlers/projection"
	"transactional-outbox/ops/shards"
)

func traceCommand() *command {
	return &command{
		name: "trace", summary: "tell one order's whole life",
		about: `Tells what the tables know of one order: the order itself, its events, what the consumer made of them, whether it is parked and
whether a dead letter is about it. With -stream it also looks for the order's records in the stream, shard by shard. Dead letters
are hidden from others for a moment while they are looked through; -letters=false leaves them alone.
Exit code 0 means that the consumer has had every event of the order.`,
		flags: func(set *flag.FlagSet) func(context.Context, *session) error {
			t := &trace{}
			set.StringVar(&t.orderID, "order", "", "`id` of the order")
			set.BoolVar(&t.stream, "stream", false, "look for the order's records in the stream")
			set.IntVar(&t.limit, "max-records", 1_000_000, "with -stream: read at most this `number` of records")
			set.BoolVar(&t.letters, "letters", true, "look through the dead letters")
			return func(ctx context.Context, s *session) error {
				if t.orderID == "" {
					return usagef("trace: -order says which order is meant")
				}
				t.session = s
				return t.run(ctx)
			}
		},
	}
}

// A trace puts an order's life together.
type trace struct {
	*session
	orderID string
	stream  bool
	limit   int
	letters bool
}

// A life is everything that is known of an order.
type life struct {
	Kind     string        `json:"kind"`
	OrderID  string        `json:"orderId"`
	Verdict  string        `json:"verdict"` // delivered, behind, parked, dead, or incomplete where the outbox lacks an event it should have
	Order    *lifeOrder    `json:"order,omitzero"`
	Events   []lifeEvent   `json:"events"`
	Consumer *lifeConsumer `json:"consumer,omitzero"`
	Letters  []string      `json:"deadLetters,omitzero"`
	Searched string        `json:"stream,omitzero"` // how the search of the stream ended: complete or cut short
	Timeline []instant     `json:"timeline"`
}

type lifeOrder struct {
	Status    string `json:"status"`
	Version   int64  `json:"version"`
	CreatedAt string `json:"createdAt"`
	UpdatedAt string `json:"updatedAt"`
}

type lifeEvent struct {
	Sequence      int64     `json:"sequence"`
	EventID       string    `json:"eventId,omitzero"`
	Type          string    `json:"type,omitzero"`
	Time          time.Time `json:"time,omitzero"`
	ExpiresAt     time.Time `json:"expiresAt,omitzero"`
	RepublishedAt time.Time `json:"republishedAt,omitzero"`
	TraceParent   string    `json:"traceparent,omitzero"`
	Delivered     bool      `json:"delivered"`
	Problem       string    `json:"problem,omitzero"` // why the item is no event
}

type lifeConsumer struct {
	Position    int64     `json:"position"`
	Status      string    `json:"status,omitzero"`
	LastEventID string    `json:"lastEventId,omitzero"`
	UpdatedAt   time.Time `json:"updatedAt,omitzero"`
	Parked      string    `json:"parked,omitzero"`
}

// An instant is an entry of the timeline.
type instant struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
}

func (l *life) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "order %s: %s\n", l.OrderID, l.Verdict)
	if l.Order != nil {
		fmt.Fprintf(&b, "  is %s at version %d\n", l.Order.Status, l.Order.Version)
	} else {
		b.WriteString("  is not in the orders table\n")
	}
	if c := l.Consumer; c != nil {
		fmt.Fprintf(&b, "  the consumer is at event %d, status %s\n", c.Position, cmp.Or(c.Status, "none"))
	} else {
		b.WriteString("  the consumer has not heard of it\n")
	}
	for _, id := range l.Letters {
		fmt.Fprintf(&b, "  dead letter %s is about it: go run ./ops redrive\n", id)
	}
	if l.Searched != "" {
		fmt.Fprintf(&b, "  the search of the stream was %s\n", l.Searched)
	}
	b.WriteString("\n")
	for _, m := range l.Timeline {
		fmt.Fprintf(&b, "  %s  %s\n", outbox.FormatTime(m.At), m.What)
	}
	return b.String()
}

func (l *life) at(when time.Time, format string, args ...any) {
	if !when.IsZero() {
		l.Timeline = append(l.Timeline, instant{when.UTC(), fmt.Sprintf(format, args...)})
	}
}

func (t *trace) run(ctx context.Context) error {
	l := &life{Kind: "trace", OrderID: t.orderID, Events: []lifeEvent{}, Timeline: []instant{}}
	state, err := t.tables(ctx, l)
	if err != nil {
		return err
	}
	if l.Order == nil && len(l.Events) == 0 && l.Consumer == nil {
		return fmt.Errorf("nothing is known of order %s", t.orderID)
	}
	if t.stream && len(l.Events) > 0 {
		if err := t.search(ctx, l); err != nil {
			return err
		}
	}
	l.consumer(state)
	if t.letters {
		if err := t.dead(ctx, l); err != nil {
			return err
		}
	}
	l.judge(state)
	// The stream keeps milliseconds: within one, what was entered first was first.
	slices.SortStableFunc(l.Timeline, func(a, b instant) int {
		return a.At.Truncate(time.Millisecond).Compare(b.At.Truncate(time.Millisecond))
	})
	t.print(l)
	if l.Verdict != "delivered" {
		return errLeft
	}
	return nil
}

// judge says in a word how the order is.
func (l *life) judge(state *projection.State) {
	newest, next := int64(0), false
	for i := range l.Events {
		newest = max(newest, l.Events[i].Sequence)
		next = next || l.Events[i].Sequence == state.LastSequence+1
	}
	if l.Order != nil {
		newest = max(newest, l.Order.Version)
	}
	switch {
	case state.Parked != nil:
		l.Verdict = "parked"
	case state.LastSequence >= newest:
		l.Verdict = "delivered"
	case !next:
		l.Verdict = "incomplete"
	case len(l.Letters) > 0:
		l.Verdict = "dead"
	default:
		l.Verdict = "behind"
	}
}

// tables reads the order, its events and the consumer's state, which is empty if there is none.
func (t *trace) tables(ctx context.Context, l *life) (*projection.State, error) {
	state := new(projection.State)
	item, err := t.item(ctx, t.FulfilmentsTable)
	if err != nil {
		return nil, err
	}
	if len(item) > 0 {
		if state, err = projection.StateFromItem(item); err != nil {
			return nil, err
		}
		l.Consumer = &lifeConsumer{Position: state.LastSequence, Status: state.Status, LastEventID: state.LastEventID, UpdatedAt: state.UpdatedAt}
	}
	if item, err = t.item(ctx, t.OrdersTable); err != nil {
		return nil, err
	}
	l.order(item)
	err = walk(ctx, t.session.events, t.orderID, 1, func(sequence int64, e *outbox.Event, problem error) {
		l.event(sequence, e, problem, sequence <= state.LastSequence)
	})
	return state, err
}

func (t *trace) item(ctx context.Context, table string) (map[string]types.AttributeValue, error) {
	out, err := t.DynamoDB.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: aws.String(table), ConsistentRead: aws.Bool(true),
		Key: map[string]types.AttributeValue{"orderId": &types.AttributeValueMemberS{Value: t.orderID}},
	})
	if err != nil {
		return nil, fmt.Errorf("get order %s of %s: %w", t.orderID, table, err)
	}
	return out.Item, nil
}

// search looks for the order's records in the stream.
func (t *trace) search(ctx context.Context, l *life) error {
	end := t.watch(func() string { return "trace: looking through the stream" })
	defer end()
	stream := &shards.Stream{Client: t.Kinesis, Name: t.StreamName}
	// Clocks differ a little: a record is not looked for at the very moment of its event.
	records, complete, err := stream.Find(ctx, t.orderID, l.Events[0].Time.Add(-time.Minute), t.limit)
	if err != nil {
		return err
	}
	if l.Searched = "cut short: see -max-records"; complete {
		l.Searched = "complete"
	}
	for _, r := range records {
		l.at(r.Arrived, "event %d in the stream: %s, %s", r.Sequence, r.ShardID, r.SequenceNumber)
	}
	return nil
}
