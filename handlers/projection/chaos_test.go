package projection_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"transactional-outbox/handlers/change"
	"transactional-outbox/handlers/projection"
	"transactional-outbox/handlers/tabletest"
	"transactional-outbox/local/awsapi"
	dynamo "transactional-outbox/local/dynamodb"
)

// faults lets operations fail before they are performed, or lose their answer after, each with a probability.
type faults struct {
	before, after float64
	mu            sync.Mutex
	random        *rand.Rand
}

func (f *faults) happens(p float64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.random != nil && f.random.Float64() < p
}

func (f *faults) Before(_ context.Context, operation string, _ []byte) error {
	if (operation == "UpdateItem" || operation == "Query") && f.happens(f.before) {
		return &awsapi.Error{Code: "ProvisionedThroughputExceededException", Message: "injected"}
	}
	return nil
}

func (f *faults) After(_ context.Context, operation string, _, response []byte, err error) ([]byte, error) {
	if operation == "UpdateItem" && err == nil && f.happens(f.after) {
		return nil, &awsapi.Error{Code: "InternalServerError", Message: "injected", Status: 500}
	}
	return response, err
}

// drain delivers a shard's records as an event source mapping does: in batches, and after a failure again from the lowest
// failed record on.
func drain(c *projection.Consumer, shard []change.Delivery, size func() int, total *tally) error {
	for attempts := 0; len(shard) > 0; attempts++ {
		if attempts > 10_000 {
			return fmt.Errorf("%d records never pass", len(shard))
		}
		batch := shard[:min(size(), len(shard))]
		out := c.Consume(context.Background(), batch)
		total.applied.Add(int64(out.Applied))
		total.parked.Add(int64(out.Parked))
		done := len(batch)
		for _, number := range out.Failures {
			for i := range batch {
				if batch[i].SequenceNumber == number {
					done = min(done, i)
				}
			}
		}
		shard = shard[done:]
	}
	return nil
}

// distinct is a clock that shows no time twice: a consumer knows its own lost answers by the microsecond.
func distinct(clock *atomic.Int64) func() time.Time {
	return func() time.Time { return time.UnixMicro(1_764_000_000_000_000 + clock.Add(1)) }
}

type tally struct{ applied, parked atomic.Int64 }

// Whatever the stream does to the records of an order, as long as its last one arrives at all: what comes out is the fold
// of exactly its events, in order, each with one effect.
func TestAnyDeliveryEndsInTheFold(t *testing.T) {
	f := &faults{}
	var clock atomic.Int64
	for name, attempts := range map[string]int{"failures that reach the consumer": 1, "a client that tries again": 4} {
		tables := tabletest.New(t, &tabletest.Options{Hook: f, Attempts: attempts})
		feed, err := tables.Engine.Feed(tabletest.Fulfilments)
		if err != nil {
			t.Fatal(err)
		}
		run := 0
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				run++
				seed := rapid.Uint64().Draw(rt, "seed")
				random := rand.New(rand.NewPCG(seed, seed))
				orders := rapid.IntRange(1, 3).Draw(rt, "orders")
				length := rapid.IntRange(1, 8)
				shards := make([][]change.Delivery, rapid.IntRange(1, 3).Draw(rt, "shards"))
				loss := rapid.Float64Range(0, 0.6).Draw(rt, "loss")
				doubling := rapid.Float64Range(0, 0.6).Draw(rt, "doubling")
				mixing := rapid.IntRange(0, 6).Draw(rt, "mixing")
				f.random = nil

				lengths := map[string]int{}
				var emitted []string
				for o := range orders {
					id := fmt.Sprintf("%s-%d-%d", name, run, o)
					lengths[id] = length.Draw(rt, "length")
					for i, e := range story(id, lengths[id]) {
						tables.Put(t, tabletest.Events, e.Item())
						if last := i+1 == lengths[id]; !last && random.Float64() < loss {
							continue
						}
						emitted = append(emitted, record(e, nil))
						for random.Float64() < doubling {
							emitted = append(emitted, record(e, nil))
						}
					}
				}
				for i := range emitted { // swap with a record up to mixing places on
					j := min(i+random.IntN(mixing+1), len(emitted)-1)
					emitted[i], emitted[j] = emitted[j], emitted[i]
				}
				for i, text := range emitted {
					s := random.IntN(len(shards))
					shards[s] = append(shards[s], change.Delivery{SequenceNumber: fmt.Sprint(i), Data: text})
				}
				f.before, f.after = rapid.Float64Range(0, 0.3).Draw(rt, "failures"), rapid.Float64Range(0, 0.3).Draw(rt, "lost answers")
				f.random = rand.New(rand.NewPCG(seed, 1))

				var total tally
				var wait sync.WaitGroup
				problems := make([]error, len(shards))
				for i := range shards {
					sizes := rand.New(rand.NewPCG(seed, uint64(i)))
					wait.Go(func() {
						c := consumer(tables.Client, &projection.Options{Concurrency: 1 + i, Now: distinct(&clock)})
						problems[i] = drain(c, shards[i], func() int { return 1 + sizes.IntN(8) }, &total)
					})
				}
				wait.Wait()
				f.random = nil
				for _, err := range problems {
					if err != nil {
						rt.Fatal(err)
					}
				}

				all := states(t, tables)
				events := 0
				for id, n := range lengths {
					events += n
					expected := &want{Last: int64(n), Status: []string{"CLOSED", "OPEN"}[n%2], ID: fmt.Sprintf("%s-%d", id, n)}
					if diff := cmp.Diff(expected, seen(all[id])); diff != "" {
						rt.Fatalf("order %s (-want +got):\n%s", id, diff)
					}
				}
				effects := effects{at: map[string]int{}}
				for effects.events < events {
					changes, err := feed.Next(t.Context(), 100)
					if err != nil {
						rt.Fatal(err)
					}
					for i := range changes {
						if err := effects.see(&changes[i], lengths); err != nil {
							rt.Fatal(err)
						}
					}
				}
				if total.parked.Load() != 0 {
					rt.Fatalf("%d records of parked orders", total.parked.Load())
				}
				// With answers lost on the way to the consumer an effect may go uncounted, but none can be counted twice.
				if got := int(total.applied.Load()); got > events || f.after == 0 && got != events {
					rt.Fatalf("%d effects of %d events", got, events)
				}
			})
		})
	}
}

// effects are those that the table shows, write by write.
type effects struct {
	at             map[string]int // positions of orders
	events, writes int
}

// see fails unless a write moves a state forward, from exactly where it was and by as many events as it says it has applied. Orders
// that are not among some are of another run.
func (e *effects) see(c *dynamo.Change, some map[string]int) error {
	type image struct {
		OrderID      struct{ S string }
		LastSequence struct {
			N int `json:",string"`
		}
		LastCount *struct {
			N int `json:",string"`
		}
	}
	var before, after image
	for text, image := range map[*[]byte]*image{&c.OldImage: &before, &c.NewImage: &after} {
		if *text == nil {
			continue
		}
		if err := json.Unmarshal(*text, image); err != nil {
			return err
		}
	}
	id, count := after.OrderID.S, 1
	if some != nil && some[id] == 0 {
		return nil
	}
	if after.LastCount != nil {
		if count = after.LastCount.N; count < 2 {
			return fmt.Errorf("order %s: a count of %d is stored", id, count)
		}
	}
	if from, to := before.LastSequence.N, after.LastSequence.N; from != e.at[id] || to-count != from {
		return fmt.Errorf("order %s went from %d to %d by %d events, and had been at %d", id, from, to, count, e.at[id])
	}
	e.at[id] = after.LastSequence.N
	e.events += count
	e.writes++
	return nil
}

// The effects themselves, write by write, as the table sees them: each event once, in sequence.
func TestEffectsAreInSequence(t *testing.T) {
	tables := tabletest.New(t, nil)
	feed, err := tables.Engine.Feed(tabletest.Fulfilments)
	if err != nil {
		t.Fatal(err)
	}
	const orders, length = 5, 20
	var list []string
	for o := range orders {
		s := story(fmt.Sprint("o", o), length)
		putEvents(t, tables, s...)
		list = append(list, records(s...)...)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, seed))
	random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	var total tally
	var wait sync.WaitGroup
	for part := range 4 {
		wait.Go(func() {
			if err := drain(consumer(tables.Client, nil), deliver(list[part*25:part*25+25]...), func() int { return 7 }, &total); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	effects := effects{at: map[string]int{}}
	for effects.events < orders*length {
		changes, err := feed.Next(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		for i := range changes {
			if err := effects.see(&changes[i], nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := total.applied.Load(); effects.events != orders*length || got != orders*length {
		t.Errorf("the table has %d effects, the consumers count %d, want %d", effects.events, got, orders*length)
	}
	if got, want := tables.Engine.Stats().ItemsWritten, int64(orders*length+effects.writes); got != want {
		t.Errorf("%d items written, want each event and each write of effects: %d", got, want)
	}
}

var _ projection.DynamoDB = (*dynamodb.Client)(nil)
