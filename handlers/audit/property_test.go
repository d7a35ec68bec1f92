package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"pgregory.net/rapid"

	"transactional-outbox/handlers/audit"
	"transactional-outbox/handlers/change"
	"transactional-outbox/handlers/fold"
	"transactional-outbox/handlers/outbox"
	"transactional-outbox/handlers/projection"
	"transactional-outbox/handlers/tabletest"
	"transactional-outbox/local/awsapi"
	engine "transactional-outbox/local/dynamodb"
)

// faults lets the auditor's calls fail before they are performed, or lose their answer after.
type faults struct {
	mu     sync.Mutex
	random *rand.Rand // nil while all is calm
}

func (f *faults) happens(p float64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.random != nil && f.random.Float64() < p
}

func (f *faults) set(random *rand.Rand) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.random = random
}

func (f *faults) Before(context.Context, string, []byte) error {
	if f.happens(0.1) {
		return &awsapi.Error{Code: "ProvisionedThroughputExceededException", Message: "injected"}
	}
	return nil
}

func (f *faults) After(_ context.Context, _ string, _, response []byte, err error) ([]byte, error) {
	if err == nil && f.happens(0.1) {
		return nil, &awsapi.Error{Code: "InternalServerError", Message: "injected", Status: 500}
	}
	return response, err
}

// A world is an outbox with time to live, the auditor and the consumer behind it, and what is on its way between them.
type world struct {
	t        *rapid.T
	tb       testing.TB
	tables   *tabletest.Tables
	faults   *faults
	feed     *engine.Feed
	auditor  *audit.Auditor
	consumer *projection.Consumer
	now      time.Time
	markers  int
	taken    int // changes

	events   map[string]int64 // committed, by order
	records  []change.Delivery
	removals []string // records of the table's stream
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func newWorld(t *rapid.T, tb testing.TB) *world {
	w := &world{t: t, tb: tb, faults: &faults{}, now: time.Now(), events: map[string]int64{}}
	w.tables = tabletest.New(tb, &tabletest.Options{Hook: w.faults})
	_, err := w.tables.Client.UpdateTimeToLive(tb.Context(), &dynamodb.UpdateTimeToLiveInput{
		TableName:               aws.String(tabletest.Events),
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("expiresAt"), Enabled: aws.Bool(true)},
	})
	w.must(err)
	w.feed, err = w.tables.Engine.Feed(tabletest.Events)
	w.must(err)
	clock := func() time.Time { return w.now }
	w.auditor = audit.New(w.tables.Client, tabletest.Events, tabletest.Fulfilments, 10*time.Hour, &audit.Options{Now: clock})
	w.consumer = projection.New(w.tables.Client, tabletest.Events, tabletest.Fulfilments, fold.Rule(), &projection.Options{Now: clock})
	return w
}

// commit adds an order's next event, which expires whenever chance wants.
func (w *world) commit(orderID string) {
	if w.events[orderID] == 2 {
		return
	}
	w.events[orderID]++
	sequence := w.events[orderID]
	e := &outbox.Event{
		OrderID: orderID, Sequence: sequence, ID: fmt.Sprintf("%s-%d", orderID, sequence), Source: "/test", Data: "{}", Time: w.now,
		Type:      []string{"order.placed", "order.cancelled"}[sequence-1],
		ExpiresAt: w.now.Add(time.Duration(rapid.IntRange(0, 20).Draw(w.t, "hours to live")) * time.Hour),
	}
	w.tables.Put(w.tb, tabletest.Events, e.Item())
}

// pump takes the changes of the outbox to where they go.
func (w *world) pump() {
	w.markers++
	marker := strconv.Itoa(w.markers)
	w.tables.Put(w.tb, tabletest.Events, map[string]types.AttributeValue{
		"orderId": &types.AttributeValueMemberS{Value: "marker"}, "sequence": &types.AttributeValueMemberN{Value: marker},
	})
	for {
		changes, err := w.feed.Next(w.tb.Context(), 0)
		w.must(err)
		for i := range changes {
			c := &changes[i]
			if bytes.Contains(c.Keys, []byte(`"marker"`)) {
				if bytes.Contains(c.Keys, []byte(`"`+marker+`"`)) {
					return
				}
				continue
			}
			w.take(c)
		}
	}
}

func (w *world) take(c *engine.Change) {
	w.taken++
	number := strconv.Itoa(w.taken)
	if c.EventName == "REMOVE" {
		w.removals = append(w.removals, fmt.Sprintf(`{"eventName":"REMOVE","eventSource":"aws:dynamodb","dynamodb":{"Keys":%s,"OldImage":%s,"SequenceNumber":"%s"},`+
			`"userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"}}`, c.Keys, c.OldImage, c.EventID))
		return
	}
	old := ""
	if c.OldImage != nil {
		old = fmt.Sprintf(`"OldImage":%s,`, c.OldImage)
	}
	w.records = append(w.records, change.Delivery{SequenceNumber: number, Data: fmt.Sprintf(
		`{"eventName":"%s","tableName":"events","eventSource":"aws:dynamodb","dynamodb":{"ApproximateCreationDateTime":1,"Keys":%s,%s"NewImage":%s}}`,
		c.EventName, c.Keys, old, c.NewImage)})
}

// deliver has the consumer read records, in any order.
func (w *world) deliver(batch []change.Delivery) {
	batch = rapid.Permutation(batch).Draw(w.t, "order of records")
	out := w.consumer.Consume(w.tb.Context(), batch)
	for _, number := range out.Failures {
		i := slices.IndexFunc(batch, func(d change.Delivery) bool { return d.SequenceNumber == number })
		w.records = append(w.records, batch[i])
	}
}

// audit has the auditor read the first n removals. As an event source mapping does, it sends everything again from the first that
// failed on.
func (w *world) audit(n int) {
	n = min(n, len(w.removals))
	batch := w.removals[:n]
	payload := `{"Records":[` + string(bytes.Join(toBytes(batch), []byte(","))) + `]}`
	response, err := w.auditor.Invoke(w.tb.Context(), []byte(payload))
	w.must(err)
	var failures struct {
		BatchItemFailures []struct {
			ItemIdentifier string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	w.must(json.Unmarshal(response, &failures))
	done := n
	for _, f := range failures.BatchItemFailures {
		i := slices.IndexFunc(batch, func(r string) bool { return bytes.Contains([]byte(r), []byte(f.ItemIdentifier)) })
		done = min(done, i)
	}
	w.removals = w.removals[done:]
}

func toBytes(texts []string) [][]byte {
	out := make([][]byte, len(texts))
	for i := range texts {
		out[i] = []byte(texts[i])
	}
	return out
}

// check looks for events that the consumer has not reached and that the outbox does not have.
func (w *world) check() {
	positions := map[string]int64{}
	for _, item := range w.tables.Items(w.tb, tabletest.Fulfilments) {
		state, err := projection.StateFromItem(item)
		w.must(err)
		positions[state.OrderID] = state.LastSequence
	}
	present := map[string]bool{}
	for _, item := range w.tables.Items(w.tb, tabletest.Events) {
		if e, err := outbox.FromItem(item); err == nil {
			present[fmt.Sprintf("%s/%d", e.OrderID, e.Sequence)] = true
		}
	}
	for orderID, last := range w.events {
		for sequence := positions[orderID] + 1; sequence <= last; sequence++ {
			if !present[fmt.Sprintf("%s/%d", orderID, sequence)] {
				w.t.Errorf("event %d of order %s is neither delivered (position %d) nor in the outbox", sequence, orderID, positions[orderID])
			}
		}
	}
}

// Whatever expires at whatever time, and whatever the stream loses or reorders: once the auditor and the consumer have run, nothing
// undelivered is missing from the outbox.
func TestNothingUndeliveredLeavesTheOutbox(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt, t)
		orders := rapid.IntRange(1, 4).Draw(rt, "orders")
		var random *rand.Rand
		if rapid.Bool().Draw(rt, "faults") {
			seed := rapid.Uint64().Draw(rt, "seed")
			random = rand.New(rand.NewPCG(seed, seed))
		}
		rt.Repeat(w.actions(orders, random))
		// Until nothing is on its way any more.
		for w.pump(); len(w.removals)+len(w.records) > 0; w.pump() {
			w.audit(len(w.removals))
			batch := w.records
			w.records = nil
			w.deliver(batch)
		}
		w.check()
	})
}

// actions are what may happen; faults happen only to the auditor and the consumer.
func (w *world) actions(orders int, random *rand.Rand) map[string]func(*rapid.T) {
	troubled := func(f func()) {
		w.faults.set(random)
		f()
		w.faults.set(nil)
	}
	return map[string]func(*rapid.T){
		"commit": func(t *rapid.T) { w.commit(fmt.Sprintf("order-%d", rapid.IntRange(1, orders).Draw(t, "order"))) },
		"expire": func(t *rapid.T) {
			w.now = w.now.Add(time.Duration(rapid.IntRange(1, 12).Draw(t, "hours")) * time.Hour)
			w.tables.Engine.ExpireDue(w.now)
		},
		"deliver": func(t *rapid.T) {
			w.pump()
			n := rapid.IntRange(0, len(w.records)).Draw(t, "records")
			batch := w.records[:n]
			w.records = slices.Clone(w.records[n:])
			troubled(func() { w.deliver(batch) })
		},
		"lose": func(t *rapid.T) {
			w.pump()
			w.records = w.records[rapid.IntRange(0, len(w.records)).Draw(t, "records"):]
		},
		"audit": func(t *rapid.T) {
			w.pump()
			troubled(func() { w.audit(rapid.IntRange(0, 5).Draw(t, "records")) })
		},
	}
}
