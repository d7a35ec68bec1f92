package orderapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"transactional-outbox/handlers/httpapi"
	"transactional-outbox/handlers/order"
	"transactional-outbox/handlers/orderapi"
	"transactional-outbox/handlers/outbox"
	"transactional-outbox/handlers/projection"
	"transactional-outbox/handlers/tabletest"
)

// An api is the whole service in one process.
type api struct {
	*tabletest.Tables
	server *httpapi.Server
	log    bytes.Buffer
}

func newAPI(t testing.TB, db order.DynamoDB) *api {
	a := &api{Tables: tabletest.New(t, nil)}
	if db == nil {
		db = a.Client
	}
	log := slog.New(slog.NewJSONHandler(&a.log, nil))
	store := order.NewStore(db, tabletest.Orders, &order.Options{EventsTable: tabletest.Events, Source: "/test/orders"})
	a.server = &httpapi.Server{Log: log, Routes: map[string]httpapi.Handler{
		orderapi.RoutePlace:      orderapi.Place(store, log),
		orderapi.RouteCancel:     orderapi.Cancel(store, log),
		orderapi.RouteGet:        orderapi.Get(store),
		orderapi.RouteFulfilment: orderapi.Fulfilment(&projection.Reader{DynamoDB: a.Client, Table: tabletest.Fulfilments}),
	}}
	return a
}

func (a *api) call(t testing.TB, route, orderID, body string, headers map[string]string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	request := events.APIGatewayV2HTTPRequest{Version: "2.0", RouteKey: route, Body: body, Headers: headers,
		RequestContext: events.APIGatewayV2HTTPRequestContext{RequestID: "request-1"}}
	if orderID != "" {
		request.PathParameters = map[string]string{"orderId": orderID}
	}
	payload, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := a.server.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	var response events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(answer, &response); err != nil {
		t.Fatal(err)
	}
	return response
}

func (a *api) place(t testing.TB, body, key string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	headers := map[string]string{"content-type": "application/json", "x-correlation-id": "conversation"}
	if key != "" {
		headers["idempotency-key"] = key
	}
	return a.call(t, orderapi.RoutePlace, "", body, headers)
}

func decode(t testing.TB, body string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return m
}

func TestAnOrdersLife(t *testing.T) {
	a := newAPI(t, nil)
	const body = `{"description":" desk ","customerId":"c-1","items":[{"sku":"d","quantity":1,"unitPrice":25000}]}`
	placed := a.place(t, body, "key-1")
	o := decode(t, placed.Body)
	id, _ := o["orderId"].(string)
	if placed.StatusCode != 201 || placed.Headers["location"] != "/orders/"+id || !order.ValidID(id) || placed.Headers["idempotent-replayed"] != "" || placed.Headers["x-request-id"] != "request-1" {
		t.Fatalf("placed: %+v", placed)
	}
	want := map[string]any{"orderId": id, "status": "PLACED", "version": 1.0, "description": "desk", "customerId": "c-1",
		"items": []any{map[string]any{"sku": "d", "quantity": 1.0, "unitPrice": 25000.0}}, "createdAt": o["createdAt"], "updatedAt": o["createdAt"]}
	if diff := cmp.Diff(want, o); diff != "" {
		t.Errorf("placed (-want +got):\n%s", diff)
	}
	if got := a.call(t, orderapi.RouteGet, id, "", nil); got.StatusCode != 200 || got.Body != placed.Body {
		t.Errorf("read: %+v", got)
	}
	if got := a.call(t, orderapi.RouteFulfilment, id, "", nil); got.StatusCode != 404 {
		t.Errorf("fulfilment too early: %+v", got)
	}
	cancelled := a.call(t, orderapi.RouteCancel, id, "", nil)
	c := decode(t, cancelled.Body)
	if cancelled.StatusCode != 200 || c["status"] != "CANCELLED" || c["version"] != 2.0 || c["createdAt"] != o["createdAt"] || c["description"] != "desk" {
		t.Errorf("cancelled: %+v", cancelled)
	}
	if again := a.call(t, orderapi.RouteCancel, id, "{}", nil); again.StatusCode != 200 || again.Body != cancelled.Body {
		t.Errorf("cancelled again: %+v", again)
	}
	if got := a.call(t, orderapi.RouteGet, id, "", nil); got.Body != cancelled.Body {
		t.Errorf("read again: %+v", got)
	}
	replayed := a.place(t, body, "key-1")
	if replayed.StatusCode != 201 || replayed.Body != placed.Body || replayed.Headers["idempotent-replayed"] != "true" || replayed.Headers["location"] != placed.Headers["location"] {
		t.Errorf("replayed: %+v", replayed)
	}
	if reused := a.place(t, `{"description":"lamp"}`, "key-1"); reused.StatusCode != 422 || decode(t, reused.Body)["type"] != "/problems/idempotency-key-reused" {
		t.Errorf("reused: %+v", reused)
	}
	items := a.Items(t, tabletest.Events)
	if len(items) != 2 {
		t.Fatalf("%d events, want 2", len(items))
	}
	for _, item := range items {
		e, err := outbox.FromItem(item)
		if err != nil || e.CausationID != "request-1" || e.Sequence == 1 && (e.Data != placed.Body || e.CorrelationID != "conversation") || e.Sequence == 2 && (e.Data != cancelled.Body || e.CorrelationID != "request-1") {
			t.Errorf("event %+v, %v", e, err)
		}
	}
	var messages []string
	for line := range strings.Lines(a.log.String()) {
		l := decode(t, line)
		messages = append(messages, l["msg"].(string))
		switch l["msg"] {
		case "order placed", "order cancelled":
			if l["orderId"] != id || l["eventId"] == "" || l["sequence"] == nil || l["type"] == nil {
				t.Errorf("line %s", line)
			}
		case "order replayed":
			if l["orderId"] != id {
				t.Errorf("line %s", line)
			}
		}
	}
	if diff := cmp.Diff([]string{"order placed", "request refused", "order cancelled", "order replayed", "request refused"}, messages); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestRefusals(t *testing.T) {
	a := newAPI(t, nil)
	json := map[string]string{"content-type": "application/json"}
	key := func(k string) map[string]string {
		return map[string]string{"content-type": "application/json", "idempotency-key": k}
	}
	const unknown = "01KAV8Q3ZJ4M5T6W7X8Y9Z0ABC"
	for name, test := range map[string]struct {
		route, id, body string
		headers         map[string]string
		status          int
		problem         string
		fields          []string
	}{
		"no content type":     {orderapi.RoutePlace, "", `{"description":"a"}`, nil, 415, "unsupported-media-type", nil},
		"malformed":           {orderapi.RoutePlace, "", `{`, json, 400, "malformed", nil},
		"malformed, bad key":  {orderapi.RoutePlace, "", `{`, key("é"), 400, "malformed", nil},
		"too large":           {orderapi.RoutePlace, "", strings.Repeat(" ", 200<<10), json, 413, "too-large", nil},
		"invalid":             {orderapi.RoutePlace, "", `{"items":[]}`, json, 422, "validation", []string{"items", "description"}},
		"bad key":             {orderapi.RoutePlace, "", `{"description":"a"}`, key("é"), 422, "validation", []string{"Idempotency-Key"}},
		"empty key":           {orderapi.RoutePlace, "", `{"description":"a"}`, key(""), 422, "validation", []string{"Idempotency-Key"}},
		"bad key and body":    {orderapi.RoutePlace, "", `{"x":1}`, key(strings.Repeat("k", 256)), 422, "validation", []string{"Idempotency-Key", "x", "description"}},
		"cancel with a body":  {orderapi.RouteCancel, unknown, `{"why":"x"}`, json, 400, "malformed", nil},
		"cancel of nothing":   {orderapi.RouteCancel, unknown, "", nil, 404, "not-found", nil},
		"cancel of no ULID":   {orderapi.RouteCancel, "7", "", nil, 404, "not-found", nil},
		"read of nothing":     {orderapi.RouteGet, unknown, "", nil, 404, "not-found", nil},
		"read of no ULID":     {orderapi.RouteGet, strings.ToLower(unknown), "", nil, 404, "not-found", nil},
		"fulfilment, no ULID": {orderapi.RouteFulfilment, "x", "", nil, 404, "not-found", nil},
		"fulfilment, nothing": {orderapi.RouteFulfilment, unknown, "", nil, 404, "not-found", nil},
		"route":               {"$default", "", "", nil, 404, "not-found", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := a.call(t, test.route, test.id, test.body, test.headers)
			p := decode(t, got.Body)
			if got.StatusCode != test.status || p["status"] != float64(test.status) || p["type"] != "/problems/"+test.problem || p["title"] == "" || p["detail"] == "" || got.Headers["content-type"] != "application/problem+json" {
				t.Errorf("got %+v", got)
			}
			var fields []string
			list, _ := p["errors"].([]any)
			for _, f := range list {
				fields = append(fields, f.(map[string]any)["field"].(string))
			}
			if diff := cmp.Diff(test.fields, fields); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
	if n := len(a.Items(t, tabletest.Orders)) + len(a.Items(t, tabletest.Events)); n != 0 {
		t.Errorf("%d items were written", n)
	}
}

func TestFulfilment(t *testing.T) {
	a := newAPI(t, nil)
	const id = "01KAV8Q3ZJ4M5T6W7X8Y9Z0ABC"
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	number := func(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }
	parked := &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"reason": text("rule"), "detail": text("secret"), "sequence": number("2"), "at": text("2026-11-24T12:00:00.000000Z")}}
	for name, test := range map[string]struct {
		item   map[string]types.AttributeValue
		status int
		body   string
	}{
		"applied": {map[string]types.AttributeValue{"lastSequence": number("1"), "status": text("REQUESTED"), "lastEventId": text("e-1")}, 200,
			`{"orderId":"01KAV8Q3ZJ4M5T6W7X8Y9Z0ABC","status":"REQUESTED","lastSequence":1,"lastEventId":"e-1","updatedAt":"2026-11-24T12:00:00.000001Z"}`},
		"parked later": {map[string]types.AttributeValue{"lastSequence": number("1"), "status": text("REQUESTED"), "lastEventId": text("e-1"), "parked": parked}, 200,
			`{"orderId":"01KAV8Q3ZJ4M5T6W7X8Y9Z0ABC","status":"REQUESTED","lastSequence":1,"lastEventId":"e-1","parked":true,"updatedAt":"2026-11-24T12:00:00.000001Z"}`},
		"parked at once": {map[string]types.AttributeValue{"lastSequence": number("0"), "parked": parked}, 200,
			`{"orderId":"01KAV8Q3ZJ4M5T6W7X8Y9Z0ABC","lastSequence":0,"parked":true,"updatedAt":"2026-11-24T12:00:00.000001Z"}`},
		"unparked, no effect yet": {map[string]types.AttributeValue{"lastSequence": number("0")}, 404, ""},
		"item that is no state":   {map[string]types.AttributeValue{"lastSequence": text("1")}, 500, ""},
	} {
		t.Run(name, func(t *testing.T) {
			test.item["orderId"], test.item["updatedAt"] = text(id), text("2026-11-24T12:00:00.000001Z")
			a.Put(t, tabletest.Fulfilments, test.item)
			got := a.call(t, orderapi.RouteFulfilment, id, "", nil)
			if got.StatusCode != test.status || test.body != "" && got.Body != test.body || strings.Contains(got.Body, "secret") {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// broken fails every call.
type broken struct{ err error }

func (b broken) GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return nil, b.err
}

func (b broken) TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return nil, b.err
}

func TestAFailedWriteNeverLooksLikeSuccess(t *testing.T) {
	for err, status := range map[error]int{
		errors.New("dial tcp: secret"):                  503,
		&types.InternalServerError{}:                    503,
		&types.ProvisionedThroughputExceededException{}: 429,
		&types.ResourceNotFoundException{}:              500,
		&types.TransactionInProgressException{}:         409,
	} {
		a := newAPI(t, broken{err})
		got := a.place(t, `{"description":"a"}`, "")
		if got.StatusCode != status || (got.Headers["retry-after"] == "") != (status == 500) || strings.Contains(got.Body, "secret") {
			t.Errorf("%v: got %+v", err, got)
		}
	}
}
