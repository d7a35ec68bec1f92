package trial_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"transactional-outbox/local/faults"
)

// insist sends a request until it is answered with success, always under the same idempotency key, and returns the id of the order.
func (s *stage) insist(path, body, key string) string {
	said := ""
	for range 100 {
		request, err := http.NewRequestWithContext(s.Context(), http.MethodPost, strings.TrimSuffix(s.Output("apiUrl"), "/")+path, strings.NewReader(body))
		if err != nil {
			s.Error(err)
			return ""
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", key)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			said = err.Error()
			continue
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err == nil && response.StatusCode < 300 {
			return strings.TrimPrefix(response.Header.Get("Location"), "/orders/")
		}
		said = fmt.Sprintf("%s %s, %v", response.Status, text, err)
	}
	s.Errorf("POST %s was never answered with success, at last with %s", path, said)
	return ""
}

// TestOperatorsEndWhatFaultsLeave: everything goes wrong at once, and a batch that fails becomes a dead letter without another try.
// What is left then is brought to its end with the operator's own commands, and with nothing else.
func TestOperatorsEndWhatFaultsLeave(t *testing.T) {
	s := start(t, faults.Mix{
		Duplicate: 0.1, Reorder: 0.3, Delay: 30 * time.Millisecond, Lose: 0.2, Crash: 0.1, Throttle: 0.1, Fail: 0.05, Timeout: 0.02, Reshard: 1,
	}, edit{"Pulumi.local.yaml", "  transactional-outbox:protect: false\n", "  transactional-outbox:protect: false\n  transactional-outbox:consumerMaxRetries: 0\n"})
	const count, clients = 120, 8
	orders := make([]string, count)
	var group sync.WaitGroup
	for c := range clients {
		group.Go(func() {
			for i := c; i < count; i += clients {
				orders[i] = s.insist("/orders", `{"description":"two books"}`, fmt.Sprintf("place-%d", i))
				if i%2 == 0 {
					s.insist("/orders/"+orders[i]+"/cancel", "", fmt.Sprintf("cancel-%d", i))
				}
			}
		})
	}
	group.Wait()
	s.until("the consumer has done what it can", func() bool { return !s.Cloud.Busy() })

	redriven := 0
	s.until("the operator's commands have nothing left to do", func() bool {
		said, letters := s.ops("redrive")
		if !strings.Contains(said, "no dead letters") {
			redriven++
		}
		said, behind := s.ops("reconcile", "-repair", "-grace", "0s")
		if letters > 1 || behind > 1 {
			t.Fatalf("redrive ended with %d and reconcile with %d:\n%s", letters, behind, said)
		}
		return letters == 0 && behind == 0 && !s.Cloud.Busy() && strings.Contains(first(s.ops("redrive")), "no dead letters")
	})
	if redriven == 0 {
		t.Error("there was no dead letter to redrive")
	}
	for i, order := range orders {
		want := []string{"1"}
		if i%2 == 0 {
			want = append(want, "2")
		}
		if got := effects(s.path(order)); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("order %s moved %s, want %s", order, s.path(order), strings.Join(want, " "))
		}
	}
	if said, code := s.ops("parked"); code != 0 || strings.Contains(said, "gap") {
		t.Errorf("parked ended with %d, want 0 and no order:\n%s", code, said)
	}
}

func first(said string, _ int) string { return said }

// effects are the positions of a path, without its being parked and released in between.
func effects(path string) []string {
	var all []string
	for _, step := range strings.Fields(path) {
		position := strings.TrimSuffix(step, "P")
		if n, _ := strconv.Atoi(position); n > 0 && (len(all) == 0 || all[len(all)-1] != position) {
			all = append(all, position)
		}
	}
	return all
}
