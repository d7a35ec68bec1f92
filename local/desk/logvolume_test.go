package desk_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"transactional-outbox/local/cloud"
	"transactional-outbox/local/desk"
	"transactional-outbox/stack"
)

// What docs/scaling.md says that logs cost rests on these bounds, in bytes with the 26 that CloudWatch Logs adds to each line.
const (
	mostPerRequest = 1700 // of placeorder and the access log
	mostPerBatch   = 1100 // of fulfilment
	lineOverhead   = 26
)

// However many orders there are, each logs no more than this at the level INFO.
func TestAnOrderLogsNoMoreThanItsShare(t *testing.T) {
	var mu sync.Mutex
	counted := regexp.MustCompile(`"batch done".*"applied":(\d+)`)
	bytes, batches, applied := map[string]int{}, 0, 0
	b := &bench{t: t}
	d, err := desk.Start(t.Context(), desk.Options{
		Root: root(t), Stage: "local", Program: stack.Deploy,
		Config: map[string]string{"transactional-outbox:logLevel": "INFO"},
		Cloud: cloud.Options{Duplicate: -1, Log: func(line cloud.LogLine) {
			text := string(line.Text)
			if strings.Contains(text, "platform.initStart") || strings.Contains(text, "platform.initRuntimeDone") {
				return // once in the life of a process
			}
			mu.Lock()
			defer mu.Unlock()
			name, _, _ := strings.Cut(line.Function, "-")
			bytes[name] += len(text) + lineOverhead
			if found := counted.FindStringSubmatch(text); name == "fulfilment" && found != nil {
				n, _ := strconv.Atoi(found[1]) // only digits
				batches, applied = batches+1, applied+n
			}
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Desk = d
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	const orders = 20
	for range orders {
		if status := b.place(map[string]string{"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}); status != http.StatusCreated {
			t.Fatalf("status %d", status)
		}
	}
	b.eventually("all orders are applied", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return applied >= orders
	})
	mu.Lock()
	defer mu.Unlock()
	request, batch := (bytes["placeorder"]+bytes[""])/orders, bytes["fulfilment"]/batches
	t.Logf("%d bytes a request, of which the access log %d, and %d a batch", request, bytes[""]/orders, batch)
	if request > mostPerRequest || batch > mostPerBatch {
		t.Errorf("%d bytes a request and %d a batch, more than %d and %d", request, batch, mostPerRequest, mostPerBatch)
	}
}
