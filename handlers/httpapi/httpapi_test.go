package httpapi_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"transactional-outbox/handlers/alloctest"
	"transactional-outbox/handlers/fault"
	"transactional-outbox/handlers/httpapi"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestParseRequest(t *testing.T) {
	key := "checkout-7"
	for name, want := range map[string]*httpapi.Request{
		"place.json": {
			RouteKey: "POST /orders", ID: "JKJaXmPLvHcESHA=", Caller: "iam arn:aws:iam::123456789012:user/shop", ContentType: "application/json; charset=utf-8",
			IdempotencyKey: &key, TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", CorrelationID: "conversation 7",
		},
		"get.json": {
			RouteKey: "GET /orders/{orderId}", ID: "JKJaXmPLvHcESHB=", Caller: "jwt https://issuer.example user-1", OrderID: "01KAV8Q3ZJ4M5T6W7X8Y9Z0ABC",
			CorrelationID: "JKJaXmPLvHcESHB=",
		},
	} {
		got, err := httpapi.ParseRequest(read(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(httpapi.Request{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// event is a request with some members replaced.
func event(t testing.TB, edit func(*events.APIGatewayV2HTTPRequest)) []byte {
	t.Helper()
	var e events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(read(t, "place.json"), &e); err != nil {
		t.Fatal(err)
	}
	edit(&e)
	payload, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

func parse(t testing.TB, edit func(*events.APIGatewayV2HTTPRequest)) *httpapi.Request {
	t.Helper()
	r, err := httpapi.ParseRequest(event(t, edit))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestHeaders(t *testing.T) {
	r := parse(t, func(e *events.APIGatewayV2HTTPRequest) {
		e.Headers = map[string]string{"Content-Type": "a", "IDEMPOTENCY-KEY": "", "Traceparent": "b", "X-Correlation-ID": "c"}
		e.RequestContext.Authorizer = nil
	})
	if r.ContentType != "a" || r.IdempotencyKey == nil || *r.IdempotencyKey != "" || r.TraceParent != "b" || r.CorrelationID != "c" || r.Caller != "anonymous" {
		t.Errorf("got %+v", r)
	}
	for _, id := range []string{"", strings.Repeat("c", 129), "a\tb", "é", "a\x7f"} {
		r := parse(t, func(e *events.APIGatewayV2HTTPRequest) { e.Headers["x-correlation-id"] = id })
		if r.CorrelationID != r.ID || r.ID == "" {
			t.Errorf("%q: got %q", id, r.CorrelationID)
		}
	}
	longest := strings.Repeat("c", 128)
	if r := parse(t, func(e *events.APIGatewayV2HTTPRequest) { e.Headers["x-correlation-id"] = longest }); r.CorrelationID != longest {
		t.Errorf("got %q", r.CorrelationID)
	}
}

func TestCallersOfDifferentKindsDoNotMix(t *testing.T) {
	jwt := func(claims map[string]string) *events.APIGatewayV2HTTPRequestContextAuthorizerDescription {
		return &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: claims}}
	}
	iam := func(arn string) *events.APIGatewayV2HTTPRequestContextAuthorizerDescription {
		return &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{IAM: &events.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription{UserARN: arn}}
	}
	for want, authorizer := range map[string]*events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		"anonymous":       jwt(map[string]string{"iss": "i"}),
		"jwt-client i c":  jwt(map[string]string{"client_id": "c", "iss": "i", "aud": "a"}),
		"jwt i s":         jwt(map[string]string{"sub": "s", "iss": "i", "aud": "a"}),
		"iam anonymous":   iam("anonymous"),
		"iam arn:aws:sts": iam("arn:aws:sts"),
	} {
		if r := parse(t, func(e *events.APIGatewayV2HTTPRequest) { e.RequestContext.Authorizer = authorizer }); r.Caller != want {
			t.Errorf("got %q, want %q", r.Caller, want)
		}
	}
}

func TestParseRequestRefusesOtherEvents(t *testing.T) {
	for name, test := range map[string]struct{ payload, want string }{
		"no JSON":         {"", "not an event of an HTTP API"},
		"format 1.0":      {`{"version":"1.0"}`, `payload format version is "1.0", want 2.0`},
		"a Kinesis batch": {`{"Records":[]}`, `payload format version is "", want 2.0`},
		"odd headers":     {`{"version":"2.0","headers":[]}`, "want an object"},
	} {
		if _, err := httpapi.ParseRequest([]byte(test.payload)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
	if _, err := httpapi.ParseRequest([]byte(`{"version":"2.0","headers":null,"pathParameters":null,"requestContext":{"authorizer":null},"body":null}`)); err != nil {
		t.Error(err)
	}
}

func code(err error) fault.Code {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Code
	}
	return ""
}

func TestJSONBody(t *testing.T) {
	const limit = 128 << 10
	long := strings.Repeat("a", limit)
	for name, test := range map[string]struct {
		contentType, body string
		base64            bool
		want              fault.Code
	}{
		"plain":               {"application/json", "{}", false, ""},
		"with charset":        {"application/json; charset=utf-8", "{}", false, ""},
		"charset upper case":  {`Application/JSON;charset="UTF-8"`, "{}", false, ""},
		"base64":              {"application/json", base64.StdEncoding.EncodeToString([]byte("{}")), true, ""},
		"longest":             {"application/json", long, false, ""},
		"longest as base64":   {"application/json", base64.StdEncoding.EncodeToString([]byte(long)), true, ""},
		"too long":            {"application/json", long + "a", false, fault.TooLarge},
		"too long in base64":  {"application/json", base64.StdEncoding.EncodeToString([]byte(long + "a")), true, fault.TooLarge},
		"far too long":        {"application/json", base64.StdEncoding.EncodeToString([]byte(long + long)), true, fault.TooLarge},
		"no base64":           {"application/json", "{}", true, fault.Malformed},
		"another charset":     {"application/json; charset=latin1", "{}", false, fault.UnsupportedMedia},
		"another parameter":   {"application/json; profile=x", "{}", false, fault.UnsupportedMedia},
		"no type":             {"", "{}", false, fault.UnsupportedMedia},
		"a form":              {"application/x-www-form-urlencoded", "{}", false, fault.UnsupportedMedia},
		"another JSON":        {"application/problem+json", "{}", false, fault.UnsupportedMedia},
		"two types":           {"application/json, text/plain", "{}", false, fault.UnsupportedMedia},
		"type before length":  {"text/plain", long + "a", false, fault.UnsupportedMedia},
		"no type, and broken": {"application/json; charset", "{}", false, fault.UnsupportedMedia},
	} {
		t.Run(name, func(t *testing.T) {
			r := parse(t, func(e *events.APIGatewayV2HTTPRequest) {
				e.Headers["content-type"], e.Body, e.IsBase64Encoded = test.contentType, test.body, test.base64
			})
			got, err := r.JSONBody()
			want := test.body
			if test.base64 && test.want == "" {
				decoded, err := base64.StdEncoding.DecodeString(test.body)
				if err != nil {
					t.Fatal(err)
				}
				want = string(decoded)
			}
			if code(err) != test.want || err == nil && got != want {
				t.Errorf("got %.40q, %v; want code %q", got, err, test.want)
			}
		})
	}
}

func TestEmptyBody(t *testing.T) {
	for body, want := range map[string]fault.Code{
		"": "", " \n": "", "{}": "", " { } ": "",
		"null": fault.Malformed, "[]": fault.Malformed, `{"a":1}`: fault.Malformed, "{": fault.Malformed, "{}{}": fault.Malformed, "x": fault.Malformed,
		strings.Repeat(" ", 200<<10): fault.TooLarge,
	} {
		r := parse(t, func(e *events.APIGatewayV2HTTPRequest) { e.Body = body })
		if err := r.EmptyBody(); code(err) != want || (err == nil) != (want == "") {
			t.Errorf("%.20q: got %v, want code %q", body, err, want)
		}
	}
}

// serve answers a request with what handler does, and returns the response as API Gateway reads it and the log.
func serve(t testing.TB, handler httpapi.Handler) (events.APIGatewayV2HTTPResponse, map[string]any) {
	t.Helper()
	var log bytes.Buffer
	s := &httpapi.Server{Routes: map[string]httpapi.Handler{"POST /orders": handler}, Log: slog.New(slog.NewJSONHandler(&log, nil))}
	answer, err := s.Invoke(t.Context(), read(t, "place.json"))
	if err != nil {
		t.Fatal(err)
	}
	var response events.APIGatewayV2HTTPResponse
	decoder := json.NewDecoder(bytes.NewReader(answer))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&response); err != nil {
		t.Fatalf("%v in %s", err, answer)
	}
	var line map[string]any
	if log.Len() > 0 {
		if err := json.Unmarshal(log.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		delete(line, "time")
	}
	return response, line
}

func TestAnswers(t *testing.T) {
	got, line := serve(t, func(context.Context, *httpapi.Request) (*httpapi.Response, error) {
		return &httpapi.Response{Status: 201, Location: "/orders/1", Replayed: true, Body: []byte(`{"text":"a\n\"é"}`)}, nil
	})
	want := events.APIGatewayV2HTTPResponse{StatusCode: 201, Body: `{"text":"a\n\"é"}`, Headers: map[string]string{
		"content-type": "application/json", "cache-control": "no-store", "x-content-type-options": "nosniff", "x-request-id": "JKJaXmPLvHcESHA=",
		"location": "/orders/1", "idempotent-replayed": "true",
	}}
	if diff := cmp.Diff(want, got); diff != "" || line != nil {
		t.Errorf("(-want +got):\n%s%v", diff, line)
	}
	plain, _ := serve(t, func(context.Context, *httpapi.Request) (*httpapi.Response, error) {
		return &httpapi.Response{Status: 200, Body: []byte(`{}`)}, nil
	})
	if plain.Headers["location"] != "" || plain.Headers["idempotent-replayed"] != "" || plain.Headers["retry-after"] != "" {
		t.Errorf("got %v", plain.Headers)
	}
}

func TestProblems(t *testing.T) {
	secret := errors.New("secret of the table")
	for name, test := range map[string]struct {
		err    error
		status int
		body   string
		retry  string
		level  string
	}{
		"malformed": {&fault.Error{Code: fault.Malformed, Detail: "Why.", Err: secret}, 400, `{"type":"/problems/malformed","title":"Malformed request","status":400,"detail":"Why."}`, "", "WARN"},
		"not found": {&fault.Error{Code: fault.NotFound, Detail: "Why."}, 404, `{"type":"/problems/not-found","title":"Not found","status":404,"detail":"Why."}`, "", "WARN"},
		"busy":      {&fault.Error{Code: fault.InProgress, Detail: "Why.", RetryAfter: time.Second}, 409, `{"type":"/problems/in-progress","title":"Request in progress","status":409,"detail":"Why."}`, "1", "WARN"},
		"too large": {&fault.Error{Code: fault.TooLarge, Detail: "Why."}, 413, `{"type":"/problems/too-large","title":"Too large","status":413,"detail":"Why."}`, "", "WARN"},
		"type":      {&fault.Error{Code: fault.UnsupportedMedia, Detail: "Why."}, 415, `{"type":"/problems/unsupported-media-type","title":"Unsupported content type","status":415,"detail":"Why."}`, "", "WARN"},
		"invalid": {&fault.Error{Code: fault.Invalid, Detail: "Why.", Fields: []fault.Field{{Field: "items[3].quantity", Message: "is odd"}, {Field: `a"b`, Message: "is not known"}}}, 422,
			`{"type":"/problems/validation","title":"Validation failed","status":422,"detail":"Why.","errors":[{"field":"items[3].quantity","message":"is odd"},{"field":"a\"b","message":"is not known"}]}`, "", "WARN"},
		"key reused":   {&fault.Error{Code: fault.KeyReused, Detail: "Why."}, 422, `{"type":"/problems/idempotency-key-reused","title":"Idempotency key reused","status":422,"detail":"Why."}`, "", "WARN"},
		"throttled":    {&fault.Error{Code: fault.Throttled, Detail: "Why.", RetryAfter: 1500 * time.Millisecond}, 429, `{"type":"/problems/throttled","title":"Too many requests","status":429,"detail":"Why."}`, "2", "WARN"},
		"unavailable":  {fmt.Errorf("wrapped: %w", &fault.Error{Code: fault.Unavailable, Detail: "Why.", RetryAfter: time.Second, Err: secret}), 503, `{"type":"/problems/unavailable","title":"Service unavailable","status":503,"detail":"Why."}`, "1", "ERROR"},
		"internal":     {secret, 500, `{"type":"/problems/internal","title":"Internal error","status":500,"detail":"Something went wrong on our side."}`, "", "ERROR"},
		"unknown code": {&fault.Error{Code: "new", Detail: "secret"}, 500, `{"type":"/problems/internal","title":"Internal error","status":500,"detail":"Something went wrong on our side."}`, "", "ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			got, line := serve(t, func(context.Context, *httpapi.Request) (*httpapi.Response, error) { return nil, test.err })
			if got.StatusCode != test.status || got.Body != test.body || got.Headers["content-type"] != "application/problem+json" ||
				got.Headers["retry-after"] != test.retry || got.Headers["cache-control"] != "no-store" || got.Headers["x-request-id"] == "" {
				t.Errorf("got %+v", got)
			}
			message := map[string]string{"WARN": "request refused", "ERROR": "request failed"}[test.level]
			if line["level"] != test.level || line["msg"] != message || line["status"] != float64(test.status) || line["error"] != test.err.Error() {
				t.Errorf("log: %v", line)
			}
		})
	}
}

func TestUnknownRoute(t *testing.T) {
	answer, err := (&httpapi.Server{}).Invoke(t.Context(), read(t, "get.json"))
	if err != nil || !bytes.Contains(answer, []byte(`"statusCode":404`)) || !bytes.Contains(answer, []byte("application/problem+json")) {
		t.Errorf("got %s, %v", answer, err)
	}
	if _, err := (&httpapi.Server{}).Invoke(t.Context(), []byte(`{}`)); err == nil {
		t.Error("no event of an HTTP API, no error")
	}
}

func TestHandlersKnowOfTheDeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	outer, _ := ctx.Deadline()
	s := &httpapi.Server{Routes: map[string]httpapi.Handler{"POST /orders": func(ctx context.Context, _ *httpapi.Request) (*httpapi.Response, error) {
		if inner, ok := ctx.Deadline(); !ok || !inner.Before(outer) {
			t.Errorf("deadline %s, of the invocation %s", inner, outer)
		}
		return &httpapi.Response{Status: 200}, nil
	}}}
	if _, err := s.Invoke(ctx, read(t, "place.json")); err != nil {
		t.Error(err)
	}
}

// What is read of an event is what aws-lambda-go's types read.
func FuzzParseRequest(f *testing.F) {
	f.Add(read(f, "place.json"))
	f.Add(read(f, "get.json"))
	f.Add([]byte(`{"version":"2.0","headers":null,"pathParameters":{"orderId":"x"}}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		r, err := httpapi.ParseRequest(payload)
		if err != nil {
			return
		}
		if !json.Valid(payload) || r.Caller == "" || len(r.CorrelationID) > 128 && r.CorrelationID != r.ID {
			t.Fatalf("%q: got %+v", payload, r)
		}
	})
}

func TestAllocationsAreBounded(t *testing.T) {
	payload := read(t, "place.json")
	response := &httpapi.Response{Status: 201, Location: "/orders/01KAV8Q3ZJ4M5T6W7X8Y9Z0ABC", Body: []byte(`{"orderId":"01KAV8Q3ZJ4M5T6W7X8Y9Z0ABC","status":"PLACED","version":1}`)}
	s := &httpapi.Server{Routes: map[string]httpapi.Handler{"POST /orders": func(context.Context, *httpapi.Request) (*httpapi.Response, error) { return response, nil }}}
	alloctest.Hold(t, alloctest.Path{Name: "request and response", Most: 7, Run: func() error {
		_, err := s.Invoke(context.Background(), payload)
		return err
	}})
}

func BenchmarkInvoke(b *testing.B) {
	payload := read(b, "place.json")
	response := &httpapi.Response{Status: 201, Location: "/orders/01KAV8Q3ZJ4M5T6W7X8Y9Z0ABC", Body: []byte(`{"orderId":"01KAV8Q3ZJ4M5T6W7X8Y9Z0ABC","status":"PLACED","version":1}`)}
	s := &httpapi.Server{Routes: map[string]httpapi.Handler{"POST /orders": func(context.Context, *httpapi.Request) (*httpapi.Response, error) { return response, nil }}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Invoke(context.Background(), payload); err != nil {
			b.Fatal(err)
		}
	}
}
