package orderapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"transactional-outbox/handlers/dynamo"
	"transactional-outbox/handlers/httpapi"
	"transactional-outbox/handlers/metrics"
	"transactional-outbox/handlers/order"
	"transactional-outbox/handlers/orderapi"
	"transactional-outbox/handlers/tabletest"
)

const (
	traceID     = "4bf92f3577b34da6a3ce929d0e0e4736"
	traceParent = "00-" + traceID + "-00f067aa0ba902b7-01"
)

// watchedAPI is an API whose log and metrics go where those of a function go: into one stream of lines.
func watchedAPI(db order.DynamoDB, out io.Writer) *httpapi.Server {
	log := slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	count := metrics.New(out, "placeorder-1a2b3c4", nil)
	store := order.NewStore(db, tabletest.Orders, &order.Options{
		EventsTable: tabletest.Events, Source: "/test/orders",
		Conflict: func() { count.Add(metrics.TransactionConflicts, 1) }, Jitter: func(int64) int64 { return 0 },
	})
	return &httpapi.Server{Log: log, Count: count, Routes: map[string]httpapi.Handler{
		orderapi.RoutePlace: orderapi.Place(store, log), orderapi.RouteCancel: orderapi.Cancel(store, log), orderapi.RouteGet: orderapi.Get(store),
	}}
}

// fakeTables is DynamoDB that is not there.
type fakeTables struct{ err error }

func (f *fakeTables) GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return nil, f.err
}

func (f *fakeTables) TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return nil, f.err
}

func textOf(value types.AttributeValue) string {
	s, _ := value.(*types.AttributeValueMemberS)
	if s == nil {
		return ""
	}
	return s.Value
}

// lines are the lines of a log, decoded.
func lines(t *testing.T, text string) []map[string]any {
	t.Helper()
	var list []map[string]any
	for line := range strings.Lines(text) {
		list = append(list, decode(t, line))
	}
	return list
}

// said reduces lines to what is the same in every run.
func said(list []map[string]any) []map[string]any {
	var short []map[string]any
	for _, line := range list {
		s := map[string]any{}
		for _, name := range []string{"msg", "traceId", "sequence", "status", "problem", "OrdersPlaced", "OrdersReplayed", "OrdersCancelled", "TransactionConflicts"} {
			if value, ok := line[name]; ok {
				s[name] = value
			}
		}
		short = append(short, s)
	}
	return short
}

func TestARequestIsFollowedByItsTraceAndCounted(t *testing.T) {
	a := &api{Tables: tabletest.New(t, nil)}
	var out bytes.Buffer
	a.server = watchedAPI(a.Client, &out)
	headers := map[string]string{"content-type": "application/json", "idempotency-key": "key-1", "traceparent": traceParent, "x-correlation-id": "conversation"}
	placed := a.call(t, orderapi.RoutePlace, "", `{"description":"desk"}`, headers)
	a.call(t, orderapi.RoutePlace, "", `{"description":"desk"}`, headers)
	id := decode(t, placed.Body)["orderId"].(string)
	a.call(t, orderapi.RouteCancel, id, "", map[string]string{"traceparent": traceParent})
	a.call(t, orderapi.RouteCancel, id, "", map[string]string{"traceparent": traceParent})
	a.call(t, orderapi.RouteGet, "nothing", "", map[string]string{"traceparent": traceParent})
	want := []map[string]any{
		{"msg": "order placed", "traceId": traceID, "sequence": 1.0},
		{"OrdersPlaced": 1.0},
		{"msg": "order replayed", "traceId": traceID},
		{"OrdersReplayed": 1.0},
		{"msg": "order cancelled", "traceId": traceID, "sequence": 2.0},
		{"OrdersCancelled": 1.0},
		{"msg": "request refused", "traceId": traceID, "status": 404.0, "problem": "not-found"},
	}
	if diff := cmp.Diff(want, said(lines(t, out.String()))); diff != "" {
		t.Errorf("lines (-want +got):\n%s\n%s", diff, out.String())
	}
	for _, item := range a.Items(t, tabletest.Events) {
		if got := textOf(item["traceparent"]); len(got) != 55 || got[3:35] != traceID || got[36:52] == traceParent[36:52] {
			t.Errorf("the event has the traceparent %q, want a child of %s", got, traceParent)
		}
		if textOf(item["causationId"]) != "request-1" {
			t.Errorf("the event was caused by %q, want the request's id", textOf(item["causationId"]))
		}
	}
}

func TestARequestWithoutATraceBeginsOne(t *testing.T) {
	a := &api{Tables: tabletest.New(t, nil)}
	var out bytes.Buffer
	a.server = watchedAPI(a.Client, &out)
	a.call(t, orderapi.RoutePlace, "", `{"description":"desk"}`, map[string]string{"content-type": "application/json", "traceparent": "nonsense"})
	got, _ := lines(t, out.String())[0]["traceId"].(string)
	event := textOf(a.Items(t, tabletest.Events)[0]["traceparent"])
	if len(got) != 32 || !strings.Contains(event, got) {
		t.Errorf("the log has the trace %q, the event %q", got, event)
	}
}

// What clients send is theirs: neither what is stored nor what is refused may appear in a log, whatever becomes of the request.
func TestNoLogHasAPayload(t *testing.T) {
	const secret = "s3cr3t"
	body := `{"description":"` + secret + `","customerId":"` + secret + `","items":[{"sku":"` + secret + `","quantity":1,"unitPrice":1}]}`
	plain := map[string]string{"content-type": "application/json"}
	with := func(name, value string) map[string]string {
		return map[string]string{"content-type": "application/json", name: value}
	}
	down := &fakeTables{err: io.ErrUnexpectedEOF}
	for name, c := range map[string]struct {
		db      order.DynamoDB
		route   string
		order   string
		body    string
		headers map[string]string
	}{
		"placed":                   {nil, orderapi.RoutePlace, "", body, plain},
		"placed with a key":        {nil, orderapi.RoutePlace, "", body, with("idempotency-key", secret)},
		"key too long":             {nil, orderapi.RoutePlace, "", body, with("idempotency-key", strings.Repeat(secret, 100))},
		"key not printable":        {nil, orderapi.RoutePlace, "", body, with("idempotency-key", secret+"\x01")},
		"cut short":                {nil, orderapi.RoutePlace, "", body[:len(body)/2], plain},
		"unknown member":           {nil, orderapi.RoutePlace, "", `{"description":"a","` + secret + `":1}`, plain},
		"values of the wrong type": {nil, orderapi.RoutePlace, "", `{"description":["` + secret + `"],"items":"` + secret + `"}`, plain},
		"rules broken":             {nil, orderapi.RoutePlace, "", strings.Replace(body, `"quantity":1`, `"quantity":0`, 1), plain},
		"another type":             {nil, orderapi.RoutePlace, "", body, map[string]string{"content-type": "text/" + secret}},
		"tables gone":              {down, orderapi.RoutePlace, "", body, with("idempotency-key", secret)},
		"cancel nothing":           {nil, orderapi.RouteCancel, secret, "", nil},
		"cancel with a body":       {nil, orderapi.RouteCancel, secret, body, plain},
		"read nothing":             {nil, orderapi.RouteGet, secret, "", nil},
		"trace of their own":       {nil, orderapi.RoutePlace, "", body, with("traceparent", secret)},
		"correlation of their own": {nil, orderapi.RoutePlace, "", body, with("x-correlation-id", secret)},
		"no route":                 {nil, "PUT /orders", "", body, plain},
	} {
		t.Run(name, func(t *testing.T) {
			a := &api{Tables: tabletest.New(t, nil)}
			db := c.db
			if db == nil {
				db = a.Client
			}
			var out bytes.Buffer
			a.server = watchedAPI(db, &out)
			a.call(t, c.route, c.order, c.body, c.headers)
			if out.Len() == 0 {
				t.Error("nothing was logged")
			}
			if strings.Contains(out.String(), secret) {
				t.Errorf("the log has what the client sent:\n%s", out.String())
			}
		})
	}
}

// answering is DynamoDB as a transport that answers every call at once.
type answering struct{}

func (answering) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), ContentLength: 2}, nil
}

// BenchmarkPlace is everything a request costs the function's process but the network: with neither log nor metrics, with the log,
// and with both. Lines go to a file, as they do on Lambda.
func BenchmarkPlace(b *testing.B) {
	payload, err := json.Marshal(events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: orderapi.RoutePlace, Body: `{"description":"two desks and a lamp","customerId":"c-1","items":[{"sku":"desk","quantity":2,"unitPrice":25000},{"sku":"lamp","quantity":1,"unitPrice":4900}]}`,
		Headers:        map[string]string{"content-type": "application/json", "idempotency-key": "0123456789", "traceparent": traceParent, "user-agent": "curl/8", "host": "example.com"},
		RequestContext: events.APIGatewayV2HTTPRequestContext{RequestID: "JKJaXmPLvHcESHA=", Stage: "$default"},
	})
	if err != nil {
		b.Fatal(err)
	}
	file, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	client, err := dynamo.New(dynamo.Config{Region: "eu-west-1", KeyID: "key", Secret: "secret", Token: strings.Repeat("t", 800), Transport: answering{}})
	if err != nil {
		b.Fatal(err)
	}
	quiet, loud := slog.New(slog.DiscardHandler), slog.New(slog.NewJSONHandler(file, nil))
	for _, c := range []struct {
		name  string
		log   *slog.Logger
		count *metrics.Log
	}{{"silent", quiet, nil}, {"log", loud, nil}, {"log and metrics", loud, metrics.New(file, "placeorder-1a2b3c4", nil)}} {
		b.Run(c.name, func(b *testing.B) {
			store := order.NewStore(client, "orders", &order.Options{EventsTable: "events", Source: "/test/orders", Retention: time.Hour})
			s := &httpapi.Server{Log: c.log, Count: c.count, Routes: map[string]httpapi.Handler{orderapi.RoutePlace: orderapi.Place(store, c.log)}}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Invoke(b.Context(), payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
