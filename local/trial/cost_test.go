package trial_test

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/faults"
)

// TestCostOfAnOrder counts what reaches the tables, retries and refusals included.
func TestCostOfAnOrder(t *testing.T) {
	s := start(t, faults.Mix{})
	const n = 50
	calls := func(work func()) (delta map[string]int64, written int64) {
		before := s.Cloud.TableStats()
		work()
		after := s.Cloud.TableStats()
		for name, count := range before.Calls {
			after.Calls[name] -= count
		}
		delete(after.Calls, "GetRecords") // the auditor's mapping polls the table's stream, whether there is anything or not
		maps.DeleteFunc(after.Calls, func(_ string, count int64) bool { return count == 0 })
		return after.Calls, after.ItemsWritten - before.ItemsWritten
	}

	var orders []string
	place, written := calls(func() {
		for range n {
			orders = append(orders, s.place())
		}
		for _, order := range orders {
			s.moves(order, "1")
		}
	})
	// One transaction of two items, and at the consumer one write and no read.
	if diff := cmp.Diff(map[string]int64{"TransactWriteItems": n, "UpdateItem": n}, place); diff != "" || written != 3*n {
		t.Errorf("placing %d orders wrote %d items, want %d; calls (-want +got):\n%s", n, written, 3*n, diff)
	}

	cancel, written := calls(func() {
		for _, order := range orders {
			s.cancel(order)
		}
		for _, order := range orders {
			s.moves(order, "1 2")
		}
	})
	// One read and one transaction of two items, and at the consumer one write and no read.
	if diff := cmp.Diff(map[string]int64{"GetItem": n, "TransactWriteItems": n, "UpdateItem": n}, cancel); diff != "" || written != 3*n {
		t.Errorf("cancelling %d orders wrote %d items, want %d; calls (-want +got):\n%s", n, written, 3*n, diff)
	}
}
