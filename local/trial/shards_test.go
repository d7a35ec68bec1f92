package trial_test

import (
	"sync"
	"testing"

	"transactional-outbox/local/faults"
)

// TestOrderHoldsAcrossShards: the events of an order are on different shards, some of which split meanwhile, and their records are
// reordered on top of that; their effects are in sequence all the same.
func TestOrderHoldsAcrossShards(t *testing.T) {
	s := start(t, faults.Mix{Reorder: 0.5, Reshard: 5}, edit{"Pulumi.local.yaml", "transactional-outbox:shardCount: 4", "transactional-outbox:shardCount: 16"})
	const clients, each = 8, 40
	var mu sync.Mutex
	var orders []string
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for range each {
				order := s.place()
				s.cancel(order)
				mu.Lock()
				orders = append(orders, order)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if len(orders) != clients*each {
		t.Fatalf("%d orders, want %d", len(orders), clients*each)
	}
	for _, order := range orders {
		s.moves(order, "1 2")
	}
	apart := 0
	s.mu.Lock()
	for _, order := range orders {
		if shards := s.records[order]; shards[1] != shards[2] {
			apart++
		}
	}
	s.mu.Unlock()
	if splits := s.Cloud.Faults().Splits; apart < len(orders)/2 || splits == 0 {
		t.Errorf("%d of %d orders have their events on different shards, %d splits; want most, and some", apart, len(orders), splits)
	}
}
