package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"transactional-outbox/e2e/client"
	"transactional-outbox/e2e/wait"
)

// life is what one client does to one order.
type life struct {
	order *request
	key   client.Header
	// together is how many clients send the same request at the same time; retries, how many send it again later.
	together, retries int
	// cancellations is how many clients cancel at the same time; none means that the order stays.
	cancellations int
}

func (s *scenario) life() life {
	l := life{order: s.order(), key: client.IdempotencyKey(s.unique()), together: 1}
	if s.rand.IntN(5) == 0 {
		l.together = 2 + s.rand.IntN(3)
	}
	if s.rand.IntN(4) == 0 {
		l.retries = 1 + s.rand.IntN(2)
	}
	if s.rand.IntN(5) < 2 {
		l.cancellations = 1 + s.rand.IntN(3)
	}
	return l
}

func TestRandomLivesEndInAgreement(t *testing.T) {
	s := begin(t)
	orders := 200
	if testing.Short() {
		orders = 40
	}
	lives := make([]life, orders)
	for i := range lives {
		lives[i] = s.life()
	}
	ids := make([]string, orders)
	crowd, ctx := errgroup.WithContext(s.Context())
	crowd.SetLimit(8)
	for i, l := range lives {
		crowd.Go(func() (err error) {
			ids[i], err = s.live(ctx, l)
			return err
		})
	}
	s.must(crowd.Wait())

	seen := map[string]bool{}
	for i, orderID := range ids {
		if seen[orderID] {
			t.Errorf("two keys made one order %s", orderID)
		}
		seen[orderID] = true
		s.must(s.audited(s.Context(), orderID))
		order, err := s.ledger.Order(s.Context(), orderID)
		s.must(err)
		want := "PLACED"
		if lives[i].cancellations > 0 {
			want = "CANCELLED"
		}
		if order.Status != want || order.Description != lives[i].order.Description {
			t.Errorf("order %s is %s %q, want %s %q", orderID, order.Status, order.Description, want, lives[i].order.Description)
		}
	}
}

// live plays one life to its end and returns the order's id.
func (s *scenario) live(ctx context.Context, l life) (orderID string, err error) {
	place := func(ctx context.Context) (*client.Answer, error) { return s.client.Place(ctx, l.order, l.key) }
	placed, err := s.insist(ctx, l.together, http.StatusCreated, place)
	if err != nil {
		return "", err
	}
	orderID = placed.OrderID
	if l.cancellations > 0 {
		_, err = s.insist(ctx, l.cancellations, http.StatusOK, func(ctx context.Context) (*client.Answer, error) {
			return s.client.Cancel(ctx, orderID)
		})
		if err != nil {
			return "", err
		}
	}
	for range l.retries {
		again, err := s.insist(ctx, 1, http.StatusCreated, place)
		if err != nil {
			return "", err
		}
		if again.OrderID != orderID {
			return "", fmt.Errorf("a retry made %s of %s", again.OrderID, orderID)
		}
	}
	return orderID, nil
}

// insist sends one request from several clients at once, each of which asks again as long as it is told to, and returns
// the order that they all got.
func (s *scenario) insist(ctx context.Context, clients, status int, send func(context.Context) (*client.Answer, error)) (client.Order, error) {
	var mu sync.Mutex
	var got client.Order
	together, ctx := errgroup.WithContext(ctx)
	for range clients {
		together.Go(func() error {
			return wait.Until(ctx, suite.patience, func(ctx context.Context) error {
				answer, err := send(ctx)
				if err != nil {
					return wait.Stop(err)
				}
				switch answer.Status {
				case status:
				case http.StatusConflict, http.StatusTooManyRequests, http.StatusServiceUnavailable:
					return fmt.Errorf("told to wait: %v", answer)
				default:
					return wait.Stop(fmt.Errorf("want %d, got %v", status, answer))
				}
				order, err := answer.Order()
				if err != nil {
					return wait.Stop(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if got.OrderID != "" && got.OrderID != order.OrderID {
					return wait.Stop(fmt.Errorf("one request made %s and %s", got.OrderID, order.OrderID))
				}
				got = order
				return nil
			})
		})
	}
	return got, together.Wait()
}
