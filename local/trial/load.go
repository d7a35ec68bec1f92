package trial

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/go-json-experiment/json"
	"golang.org/x/sync/errgroup"
)

// How many in a thousand orders are treated how.
const (
	keyed        = 600 // carry an Idempotency-Key
	repeated     = 150 // of the keyed: the request is sent again after the answer
	simultaneous = 150 // of the keyed: two clients send it at the same time
	toCancel     = 100 // are cancelled once they are placed
	contested    = 250 // of those: by two clients at the same time

	// On a hostile desk.
	impatient = 50 // of the clients hang up before the first answer can be there, and try again
	leaving   = 30 // likewise, and never come back
)

// load sends the requests of a trial.
type load struct {
	options Options
	demand  *demand
	client  *client

	next                            atomic.Int64
	placed, cancels, gone, failures atomic.Int64

	mu      sync.Mutex
	failure string
}

func newLoad(options Options, demand *demand) *load {
	return &load{options: options, demand: demand, client: newClient(options)}
}

// run sends everything and returns when every request is answered or has failed for good.
func (l *load) run(ctx context.Context) error {
	defer l.client.close()
	group, ctx := errgroup.WithContext(ctx)
	for range l.options.Clients {
		group.Go(func() error {
			for {
				i := l.next.Add(1)
				if i > int64(l.options.Orders) {
					return nil
				}
				l.order(ctx, i)
				if err := ctx.Err(); err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}

// order places order number i and does with it what chance wants.
func (l *load) order(ctx context.Context, i int64) {
	chance := rand.New(rand.NewPCG(l.options.Seed, uint64(i)))
	r := request{
		path: "/orders", want: http.StatusCreated,
		body: fmt.Appendf(nil, `{"description":%q,"customerId":"customer-%d","items":[{"sku":"sku-%d","quantity":%d,"unitPrice":%d}]}`,
			l.demand.describe(i), chance.IntN(1000), chance.IntN(100), 1+chance.IntN(9), chance.IntN(10_000)),
	}
	if chance.IntN(1000) < keyed {
		r.key = fmt.Sprintf("trial-%d-%d", l.options.Seed, i)
		l.demand.change(i, func(a *ask) { a.keyed = true })
	}
	lot := chance.IntN(1000)
	cancel, twice := chance.IntN(1000) < toCancel, chance.IntN(1000) < contested
	mood, haste := chance.IntN(1000), chance.Float64()
	if l.options.Hostile && mood < impatient+leaving {
		r.haste, r.leaves = soon(haste), mood < leaving
	}

	id, ok := l.place(ctx, i, r)
	if r.leaves && !ok {
		l.gone.Add(1)
		return
	}
	again := r
	again.haste, again.leaves = 0, false
	if r.key != "" && ok && lot < repeated {
		if other, ok := l.placeOnce(ctx, i, again); ok && other != id {
			l.fail(fmt.Sprintf("one idempotency key, two orders: %s and %s", id, other))
		}
	}
	if !ok {
		return
	}
	l.placed.Add(1)
	name := l.demand.names.of(id)
	l.demand.change(i, func(a *ask) { a.order, a.told = name, true })
	if cancel {
		l.cancel(ctx, i, id, twice)
	}
}

// place sends a request for an order, at once from two clients if it is one of those, and returns the id of the order.
func (l *load) place(ctx context.Context, i int64, r request) (id string, ok bool) {
	if r.key == "" || rand.New(rand.NewPCG(l.options.Seed, ^uint64(i))).IntN(1000) >= simultaneous {
		return l.placeOnce(ctx, i, r)
	}
	var other string
	var fine bool
	second := r
	second.haste, second.leaves = 0, false
	var pair sync.WaitGroup
	pair.Go(func() { other, fine = l.placeOnce(ctx, i, second) })
	id, ok = l.placeOnce(ctx, i, r)
	pair.Wait()
	if ok && fine && id != other {
		l.fail(fmt.Sprintf("one idempotency key, two orders: %s and %s", id, other))
	}
	if !ok {
		return other, fine
	}
	return id, ok
}

// placeOnce sends a request until it is answered for good.
func (l *load) placeOnce(ctx context.Context, i int64, r request) (id string, ok bool) {
	if r.key == "" {
		r.unanswered = func() {
			l.demand.change(i, func(a *ask) { a.unsure = min(a.unsure, 254) + 1 })
		}
	}
	answer, problem := l.client.send(ctx, r)
	if problem != "" {
		l.fail(problem)
	}
	if answer == nil {
		return "", false
	}
	var order struct {
		OrderID string `json:"orderId"`
	}
	if err := json.Unmarshal(answer, &order); err != nil || order.OrderID == "" {
		l.fail(fmt.Sprintf("POST /orders answered %q", answer))
		return "", false
	}
	return order.OrderID, true
}

// cancel cancels an order.
func (l *load) cancel(ctx context.Context, i int64, id string, twice bool) {
	var done atomic.Bool
	send := func() {
		answer, problem := l.client.send(ctx, request{path: "/orders/" + id + "/cancel", want: http.StatusOK})
		if problem != "" {
			l.fail(problem)
		}
		if answer != nil {
			done.Store(true)
		}
	}
	var pair sync.WaitGroup
	if twice {
		pair.Go(send)
	}
	send()
	pair.Wait()
	if done.Load() {
		l.cancels.Add(1)
		l.demand.change(i, func(a *ask) { a.cancelled = true })
	}
}

func (l *load) fail(problem string) {
	l.failures.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failure == "" {
		l.failure = problem
	}
}

// tell writes down what the clients have seen.
func (l *load) tell(r *Report) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Requests, r.Replayed, r.Retried = l.client.requests.Load(), l.client.replayed.Load(), l.client.retried.Load()
	r.Placed, r.Cancelled, r.Gone = l.placed.Load(), l.cancels.Load(), l.gone.Load()
	r.Failed, r.Failure = l.failures.Load(), l.failure
}
