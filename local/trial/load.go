package trial

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/sync/errgroup"
)

// How many in a thousand orders are treated how.
const (
	keyed     = 600 // carry an Idempotency-Key
	repeated  = 150 // of the keyed: the request is sent again after the answer
	simulated = 150 // of the keyed: two clients send it at the same time
	cancelled = 100 // are cancelled once they are placed
)

// attempts is how often a request is sent before its failure counts: answers 409, 429 and 503 ask for another try.
const attempts = 8

// load sends the requests of a trial.
type load struct {
	options Options
	client  *http.Client

	next                                          atomic.Int64
	requests, placed, cancels, replayed, failures atomic.Int64

	mu      sync.Mutex
	ids     []string
	failure string
}

func newLoad(options Options) *load {
	return &load{
		options: options,
		client: &http.Client{
			Timeout:   time.Minute,
			Transport: &http.Transport{MaxIdleConns: 4 * options.Clients, MaxIdleConnsPerHost: 4 * options.Clients},
		},
	}
}

// run sends everything and returns when every request is answered or has failed for good.
func (l *load) run(ctx context.Context) error {
	defer l.client.CloseIdleConnections()
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
	body := fmt.Appendf(nil, `{"description":"order %d of trial %d","customerId":"customer-%d","items":[{"sku":"sku-%d","quantity":%d,"unitPrice":%d}]}`,
		i, l.options.Seed, chance.IntN(1000), chance.IntN(100), 1+chance.IntN(9), chance.IntN(10_000))
	var key string
	if chance.IntN(1000) < keyed {
		key = fmt.Sprintf("trial-%d-%d", l.options.Seed, i)
	}
	lot := chance.IntN(1000)
	cancel := chance.IntN(1000) < cancelled

	var id string
	switch {
	case key != "" && lot < simulated:
		var other string
		var pair sync.WaitGroup
		pair.Go(func() { other = l.place(ctx, body, key) })
		id = l.place(ctx, body, key)
		pair.Wait()
		if id != other {
			l.fail(fmt.Sprintf("one idempotency key, two orders: %s and %s", id, other))
		}
	case key != "" && lot < simulated+repeated:
		id = l.place(ctx, body, key)
		if again := l.place(ctx, body, key); again != id {
			l.fail(fmt.Sprintf("one idempotency key, two orders: %s and %s", id, again))
		}
	default:
		id = l.place(ctx, body, key)
	}
	if id == "" {
		return
	}
	l.placed.Add(1)
	l.mu.Lock()
	l.ids = append(l.ids, id)
	l.mu.Unlock()
	if cancel && l.send(ctx, "/orders/"+id+"/cancel", nil, "", http.StatusOK) != nil {
		l.cancels.Add(1)
	}
}

// place sends one POST /orders and returns the id of the order, or "" if it failed.
func (l *load) place(ctx context.Context, body []byte, key string) string {
	answer := l.send(ctx, "/orders", body, key, http.StatusCreated)
	if answer == nil {
		return ""
	}
	var order struct {
		OrderID string `json:"orderId"`
	}
	if err := json.Unmarshal(answer, &order); err != nil || order.OrderID == "" {
		l.fail(fmt.Sprintf("POST /orders answered %q", answer))
		return ""
	}
	return order.OrderID
}

// send sends a request until it is answered for good, and returns the body of the wanted answer, or nil.
func (l *load) send(ctx context.Context, path string, body []byte, key string, want int) []byte {
	var problem string
	for try := range attempts {
		l.requests.Add(1)
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.options.APIURL+path, bytes.NewReader(body))
		if err != nil {
			l.fail(err.Error())
			return nil
		}
		if body != nil {
			request.Header.Set("Content-Type", "application/json")
		}
		if key != "" {
			request.Header.Set("Idempotency-Key", key)
		}
		response, err := l.client.Do(request)
		if err != nil {
			l.fail(err.Error())
			return nil
		}
		answer, err := io.ReadAll(response.Body)
		response.Body.Close()
		switch {
		case err != nil:
			l.fail(err.Error())
			return nil
		case response.StatusCode == want:
			if response.Header.Get("Idempotent-Replayed") == "true" {
				l.replayed.Add(1)
			}
			return answer
		}
		problem = fmt.Sprintf("POST %s: %s %s", path, response.Status, answer)
		switch response.StatusCode {
		case http.StatusConflict, http.StatusTooManyRequests, http.StatusServiceUnavailable:
			if !pause(ctx, time.Duration(try+1)*20*time.Millisecond) {
				return nil
			}
		default:
			l.fail(problem)
			return nil
		}
	}
	l.fail(problem)
	return nil
}

// pause waits before another try and reports whether there is to be one.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
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

func (l *load) placedIDs() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ids
}

func (l *load) report() Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Report{
		Requests: l.requests.Load(), Placed: l.placed.Load(), Cancelled: l.cancels.Load(),
		Replayed: l.replayed.Load(), Failed: l.failures.Load(), Failure: l.failure,
	}
}
