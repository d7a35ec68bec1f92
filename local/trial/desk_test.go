package trial_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/cloud"
	"transactional-outbox/local/desk"
	"transactional-outbox/local/dynamodb"
	"transactional-outbox/local/faults"
	"transactional-outbox/stack"
)

// edit is a replacement of text that must be in a file exactly once.
type edit struct{ file, old, new string }

// stage is a desk of a copy of the project, in which some things may be different, and what happens on it.
type stage struct {
	*testing.T
	*desk.Desk

	mu      sync.Mutex
	states  []dynamodb.Change         // of the consumer, in commit order
	moved   chan struct{}             // holds a token after each
	records map[string]map[int]string // shards of streamed events, by order and sequence
}

// start starts a desk on which only what mix says goes wrong.
func start(t *testing.T, mix faults.Mix, edits ...edit) *stage {
	t.Helper()
	s := &stage{T: t, moved: make(chan struct{}, 1), records: map[string]map[int]string{}}
	var err error
	s.Desk, err = desk.Start(t.Context(), desk.Options{
		Root: project(t, edits), Stage: "local", Program: stack.Deploy,
		Cloud: cloud.Options{Faults: faults.New(mix, 1, nil), OnStreamRecord: s.streamed},
	})
	if err != nil {
		t.Fatal(err)
	}
	feed, err := s.Cloud.Feed(s.Output("fulfilmentsTable"))
	if err != nil {
		t.Fatal(err)
	}
	var following sync.WaitGroup
	following.Go(func() { s.follow(feed) })
	t.Cleanup(func() {
		feed.Close()
		following.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// project copies what a desk needs of this module.
func project(t *testing.T, edits []edit) string {
	t.Helper()
	const root = "../.."
	folder := t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "handlers"), os.DirFS(filepath.Join(root, "handlers"))); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(root, "Pulumi*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, filepath.Join(root, "go.mod"), filepath.Join(root, "go.sum")) {
		text, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, filepath.Base(name)), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range edits {
		path := filepath.Join(folder, e.file)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(text, []byte(e.old)); n != 1 {
			t.Fatalf("%s has %d times, want once: %s", e.file, n, e.old)
		}
		if err := os.WriteFile(path, bytes.Replace(text, []byte(e.old), []byte(e.new), 1), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func (s *stage) follow(feed *dynamodb.Feed) {
	for {
		changes, err := feed.Next(context.Background(), 0)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.states = append(s.states, changes...)
		s.mu.Unlock()
		s.signal()
	}
}

func (s *stage) signal() {
	select {
	case s.moved <- struct{}{}:
	default:
	}
}

// streamed notes the shard of an event's record.
func (s *stage) streamed(record cloud.StreamRecord) {
	var envelope struct {
		DynamoDB struct{ Keys item } `json:"dynamodb"`
	}
	if json.Unmarshal(record.Data, &envelope) != nil {
		return
	}
	order, sequence := envelope.DynamoDB.Keys.text("orderId"), envelope.DynamoDB.Keys.number("sequence")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.records[order] == nil {
		s.records[order] = map[int]string{}
	}
	s.records[order][sequence] = record.ShardID
}

// item is an item in DynamoDB's JSON.
type item map[string]map[string]any

func (i item) text(name string) string {
	text, _ := i[name]["S"].(string)
	return text
}

func (i item) number(name string) (n int) {
	text, _ := i[name]["N"].(string)
	fmt.Sscan(text, &n)
	return n
}

// path is how the consumer's state of an order has moved: its position after each change, and a P where it is parked. A change that
// applies several events at once shows the position of each, by its own account of how many they were.
func (s *stage) path(order string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var steps []string
	position := 0
	for i := range s.states {
		var state item
		if err := json.Unmarshal(s.states[i].NewImage, &state); err != nil || state.text("orderId") != order {
			continue
		}
		last := state.number("lastSequence")
		if last != position {
			for n := state.number("lastCount") - 1; n > 0; n-- {
				steps = append(steps, fmt.Sprint(last-n))
			}
		}
		position = last
		step := fmt.Sprint(last)
		if state["parked"] != nil {
			step += "P"
		}
		steps = append(steps, step)
	}
	return strings.Join(steps, " ")
}

// until waits for a condition, which is asked when the consumer's states move, and now and then.
func (s *stage) until(what string, holds func() bool) {
	s.Helper()
	deadline := time.After(2 * time.Minute)
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-s.moved:
		case <-ticker.C:
		case <-deadline:
			s.Fatalf("%s: did not come true", what)
		}
	}
}

// moves waits until the state of an order has moved along a path.
func (s *stage) moves(order, want string) {
	s.Helper()
	s.until(fmt.Sprintf("order %s moves %s", order, want), func() bool { return len(s.path(order)) >= len(want) })
	if got := s.path(order); got != want {
		s.Errorf("order %s moved %q, want %q", order, got, want)
	}
}

// post sends a request to the API and returns the id of the order it answers with.
func (s *stage) post(path, body string, status int) string {
	s.Helper()
	response, err := http.Post(strings.TrimSuffix(s.Output("apiUrl"), "/")+path, "application/json", strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != status {
		s.Fatalf("POST %s: %d %s, %v", path, response.StatusCode, answer, err)
	}
	var order struct{ OrderID string }
	if err := json.Unmarshal(answer, &order, json.MatchCaseInsensitiveNames(true)); err != nil {
		s.Fatal(err)
	}
	return order.OrderID
}

func (s *stage) place() string {
	return s.post("/orders", `{"description":"two books"}`, http.StatusCreated)
}

func (s *stage) cancel(order string) { s.post("/orders/"+order+"/cancel", "", http.StatusOK) }

// call performs an operation as the desk's owner and returns the answer.
func (s *stage) call(service awsapi.Service, operation string, request, answer any) {
	s.Helper()
	body, err := json.Marshal(request)
	if err != nil {
		s.Fatal(err)
	}
	out, err := service.Call(s.Context(), nil, operation, body)
	if err != nil {
		s.Fatalf("%s: %v", operation, err)
	}
	if answer != nil {
		if err := json.Unmarshal(out, answer); err != nil {
			s.Fatal(err)
		}
	}
}

func eventKey(order string, sequence int) item {
	return item{"orderId": {"S": order}, "sequence": {"N": fmt.Sprint(sequence)}}
}

// event reads an event of an order.
func (s *stage) event(order string, sequence int) item {
	s.Helper()
	var out struct{ Item item }
	s.call(s.Cloud.Tables(), "GetItem", map[string]any{"TableName": s.Output("eventsTable"), "Key": eventKey(order, sequence), "ConsistentRead": true}, &out)
	if out.Item == nil {
		s.Fatalf("event %d of %s is not in the outbox", sequence, order)
	}
	return out.Item
}

// events is a batch of events that are put into the outbox at once.
type events struct {
	*stage
	requests []any
}

// add adds an event like a real one, of an order that nobody has placed.
func (e *events) add(model item, order string, sequence int, kind string) {
	fake := item{}
	for name, value := range model {
		fake[name] = value
	}
	fake["orderId"] = map[string]any{"S": order}
	fake["sequence"] = map[string]any{"N": fmt.Sprint(sequence)}
	fake["type"] = map[string]any{"S": kind}
	fake["eventId"] = map[string]any{"S": strangeID(fmt.Sprintf("%s%d", order[20:], sequence))}
	e.requests = append(e.requests, map[string]any{"Put": map[string]any{"TableName": e.Output("eventsTable"), "Item": fake}})
}

// write puts them into the outbox.
func (e *events) write() {
	e.Helper()
	e.call(e.Cloud.Tables(), "TransactWriteItems", map[string]any{"TransactItems": e.requests}, nil)
}

// strangeID is a ULID of long ago with a name at its end.
func strangeID(name string) string {
	return ("00000000000000000000000000" + name)[len(name):]
}

// emit touches an event, as an operator does.
func (s *stage) emit(order string, sequence int) {
	s.Helper()
	s.call(s.Cloud.Tables(), "UpdateItem", map[string]any{
		"TableName": s.Output("eventsTable"), "Key": eventKey(order, sequence), "UpdateExpression": "SET republishedAt = :now",
		"ExpressionAttributeValues": item{":now": {"S": time.Now().Format(time.RFC3339Nano)}},
	}, nil)
}
