package desk_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/cloud"
	"transactional-outbox/local/cloudwatch"
	"transactional-outbox/local/desk"
	"transactional-outbox/local/faults"
	"transactional-outbox/local/monitor"
	"transactional-outbox/local/replication"
	"transactional-outbox/stack"
	"transactional-outbox/stack/stage"
)

// watched is a desk on which something goes wrong, with a clock that can be put forward.
type watched struct {
	*bench
	clock    *clock
	fired    map[string]bool
	failures map[string]int64 // of mappings, as of the last look
}

// builds remembers the commands that programs ran, which compile the handlers: once is enough for all desks of a test run.
var builds = struct {
	sync.Mutex
	done map[string]resource.PropertyMap
}{done: map[string]resource.PropertyMap{}}

// spoiled is a cloud whose resources are changed on their way to it.
type spoiled struct {
	*cloud.Cloud
	change func(typ, name string, inputs resource.PropertyMap)
}

func (s spoiled) Create(ctx context.Context, typ, name string, inputs resource.PropertyMap) (string, resource.PropertyMap, error) {
	if s.change != nil {
		inputs = inputs.Copy()
		s.change(typ, name, inputs)
	}
	return s.Cloud.Create(ctx, typ, name, inputs)
}

func (s spoiled) Invoke(ctx context.Context, token string, arguments resource.PropertyMap) (resource.PropertyMap, error) {
	builds.Lock()
	defer builds.Unlock()
	key := fmt.Sprint(token, arguments)
	if done, ok := builds.done[key]; ok {
		return done, nil
	}
	done, err := s.Cloud.Invoke(ctx, token, arguments)
	if err == nil {
		builds.done[key] = done
	}
	return done, err
}

func start(t *testing.T, s scenario) *watched {
	t.Helper()
	project, config, err := stage.Load(root(t), "local")
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range s.config {
		config[project+":"+key] = value
	}
	w := &watched{bench: &bench{t: t}, clock: &clock{}, fired: map[string]bool{}, failures: map[string]int64{}}
	c, err := cloud.New(cloud.Options{
		Root: root(t), Folder: t.TempDir(), Region: config["aws:region"], Duplicate: -1, Limits: s.limits,
		Faults: faults.New(s.mix, 1, nil), Clock: w.clock.now,
		Backoff: func(int) time.Duration { return 100 * time.Millisecond },
		Log: func(line cloud.LogLine) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.lines = append(w.lines, string(line.Text))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	outputs, err := monitor.Run(t.Context(), stack.Deploy, spoiled{c, s.change}, monitor.Options{Project: project, Stage: "local", Config: config, Root: root(t)})
	if err != nil {
		t.Fatal(err)
	}
	w.Desk = &desk.Desk{Cloud: c, Outputs: outputs}
	return w
}

// look evaluates the alarms and remembers which fire.
func (w *watched) look() {
	w.Cloud.EvaluateAlarms()
	for name, state := range w.alarms() {
		if state == cloudwatch.InAlarm {
			w.fired[name] = true
		}
	}
}

// pass looks, and lets time pass.
func (w *watched) pass(d time.Duration) {
	w.look()
	w.clock.forward(d)
}

// next looks, and puts the clock forward to the beginning of the next period. Real time goes on meanwhile, and must not pass one over.
func (w *watched) next(period time.Duration) {
	now := w.clock.now()
	w.pass(now.Truncate(period).Add(period).Sub(now))
}

// until waits until an alarm has fired.
func (w *watched) until(what, alarm string) {
	w.t.Helper()
	w.eventually(what, func() bool {
		w.look()
		return w.fired[alarm]
	})
}

// attempts waits until mappings have failed once more.
func (w *watched) attempts(outputs ...string) {
	w.t.Helper()
	for _, output := range outputs {
		w.eventually(output+" fails", func() bool { return w.mappingOf(output).FailedInvokeEventCount > w.failures[output] })
	}
	for _, output := range outputs {
		w.failures[output] = w.mappingOf(output).FailedInvokeEventCount
	}
}

// commit writes the first event of an order as the desk's owner, whom no fault disturbs. more are further attributes.
func (w *watched) commit(order, typ string, more ...string) {
	w.t.Helper()
	w.owner(w.Cloud.Tables(), "PutItem", `{"TableName":%q,"Item":{"orderId":{"S":%q},"sequence":{"N":"1"},"eventId":{"S":%q},"source":{"S":"/test"},"type":{"S":%q},
		"time":{"S":"2026-01-01T00:00:00.000000Z"},"data":{"S":"{}"},"expiresAt":{"N":"1767225600"}%s}}`,
		w.Output("eventsTable"), order, order, typ, strings.Join(more, ""))
}

// expire has the only event of an order expire before its delivery.
func (w *watched) expire(order string) {
	w.t.Helper()
	w.commit(order, "order.placed")
	if w.Cloud.ExpireDue() == 0 {
		w.t.Fatal("nothing expires")
	}
}

// overflow commits more at once than one shard takes in a second, which is a megabyte, and waits until it has taken all of it.
func (w *watched) overflow(n int) {
	w.t.Helper()
	before := w.destination().ThrottledPutRecordCount
	for k := range 7 {
		w.commit(fmt.Sprintf("01ARZ3NDEKTSV4RRFFQ69G%02d%02d", n, k), "order.placed", `,"note":{"S":"`+strings.Repeat("x", 300_000)+`"}`)
	}
	w.eventually("the stream refuses some", func() bool { return w.destination().ThrottledPutRecordCount > before })
	w.eventually("the stream takes all", func() bool { return w.destination().AgeOfOldestUnreplicatedRecord == 0 })
}

// overread reads more often than a shard allows in a second.
func (w *watched) overread() {
	w.t.Helper()
	streams := w.Cloud.Streams()
	answer, err := streams.Call(w.t.Context(), nil, "GetShardIterator", fmt.Appendf(nil,
		`{"StreamName":%q,"ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON"}`, w.Output("streamName")))
	if err != nil {
		w.t.Fatal(err)
	}
	for range 11 { // of which the beginning of another second may allow ten
		if _, err = streams.Call(w.t.Context(), nil, "GetRecords", answer); err != nil {
			break
		}
	}
	if known, ok := errors.AsType[*awsapi.Error](err); !ok || known.Code != "ProvisionedThroughputExceededException" {
		w.t.Fatalf("the stream lets itself be read: %v", err)
	}
}

// destination is how far the streaming destination has got.
func (w *watched) destination() replication.Metrics {
	for _, m := range w.Cloud.Destinations() {
		return m
	}
	return replication.Metrics{}
}

// silentServer takes connections and answers nothing.
func silentServer(t *testing.T) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return "http://" + listener.Addr().String()
}

// owner performs an operation as the desk's owner.
func (w *watched) owner(service awsapi.Service, operation, request string, args ...any) {
	w.t.Helper()
	if _, err := service.Call(context.Background(), nil, operation, fmt.Appendf(nil, request, args...)); err != nil {
		w.t.Fatalf("%s: %v", operation, err)
	}
}

// askEverything uses every route at once.
func (w *watched) askEverything() {
	var asked sync.WaitGroup
	for _, route := range [][2]string{{"POST", "/orders"}, {"POST", "/orders/01ARZ3NDEKTSV4RRFFQ69G5FAV/cancel"}, {"GET", "/orders/01ARZ3NDEKTSV4RRFFQ69G5FAV"}} {
		asked.Go(func() { w.ask(route[0], route[1]) })
	}
	asked.Wait()
}

// placeMany places orders, several at once.
func (w *watched) placeMany(n int) {
	const clients = 10
	var placed sync.WaitGroup
	for k := range clients {
		placed.Go(func() {
			for range (n + clients - 1 - k) / clients {
				w.ask("POST", "/orders")
			}
		})
	}
	placed.Wait()
}

// ask sends a request, whatever becomes of it.
func (w *watched) ask(method, path string) {
	body := ""
	if path == "/orders" {
		body = `{"description":"two books"}`
	}
	request, err := http.NewRequestWithContext(w.t.Context(), method, w.Output("apiUrl")+path, strings.NewReader(body))
	if err != nil {
		w.t.Error(err)
		return
	}
	request.Header.Set("Content-Type", "application/json")
	if answer, err := http.DefaultClient.Do(request); err == nil {
		answer.Body.Close()
	}
}
