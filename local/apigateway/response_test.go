package apigateway_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/apigateway"
	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/lambda"
)

func TestResponseRules(t *testing.T) {
	failed := answer{500, "application/json", `{"message":"Internal Server Error"}`}
	for _, test := range []struct {
		name, payload string
		want          answer
	}{
		{"complete", `{"statusCode":201,"headers":{"content-type":"text/html"},"body":"<p>"}`, answer{201, "text/html", "<p>"}},
		{"without a type", `{"statusCode":200,"body":"x"}`, answer{200, "text/plain;charset=UTF-8", "x"}},
		{"without a body", `{"statusCode":202}`, answer{202, "text/plain;charset=UTF-8", ""}},
		{"null members", `{"statusCode":200,"headers":null,"cookies":null,"body":null,"multiValueHeaders":null}`, answer{200, "text/plain;charset=UTF-8", ""}},
		{"status as a string", `{"statusCode":"418","body":"tea"}`, answer{418, "text/plain;charset=UTF-8", "tea"}},
		{"base64", `{"statusCode":200,"headers":{"Content-Type":"image/png"},"isBase64Encoded":true,"body":"AAEC"}`, answer{200, "image/png", "\x00\x01\x02"}},
		{"no content", `{"statusCode":204,"body":"ignored"}`, answer{204, "text/plain;charset=UTF-8", ""}},
		{"object without a status", `{"message":"hi"}`, answer{200, "application/json", `{"message":"hi"}`}},
		{"object with a body but no status", `{"body":"hi"}`, answer{200, "application/json", `{"body":"hi"}`}},
		{"object with malformed headers but no status", `{"headers":[],"cookies":{}}`, answer{200, "application/json", `{"headers":[],"cookies":{}}`}},
		{"object with a null status", `{"statusCode":null}`, answer{200, "application/json", `{"statusCode":null}`}},
		{"body before the status", `{"body":"\u0041\n","isBase64Encoded":false,"statusCode":200}`, answer{200, "text/plain;charset=UTF-8", "A\n"}},
		{"string", `"hello\n"`, answer{200, "application/json", "hello\n"}},
		{"array", `[1, 2]`, answer{200, "application/json", "[1, 2]"}},
		{"null", `null`, answer{200, "application/json", "null"}},
		{"not JSON", `hello`, failed},
		{"two values", `{"statusCode":200} {}`, failed},
		{"truncated", `{"statusCode":200,"headers":{"a":"b"`, failed},
		{"cookie that is a number", `{"statusCode":200,"cookies":[1]}`, failed},
		{"cookies that are a string", `{"statusCode":200,"cookies":"a=b"}`, failed},
		{"empty", ``, failed},
		{"status that is none", `{"statusCode":"many"}`, failed},
		{"status out of range", `{"statusCode":42}`, failed},
		{"body that is an object", `{"statusCode":200,"body":{"a":1}}`, failed},
		{"headers that are a list", `{"statusCode":200,"headers":["a"]}`, failed},
		{"header that is an object", `{"statusCode":200,"headers":{"a":{}}}`, failed},
		{"broken base64", `{"statusCode":200,"isBase64Encoded":true,"body":"?"}`, failed},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, ask(newAPI(t, returning(test.payload), nil, "$default"), "GET", "/")); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestResponseHeadersAndCookies(t *testing.T) {
	api := newAPI(t, returning(`{"statusCode":200,"headers":{"x-one":"1","X-Two":2,"connection":"close","content-length":"99"},"cookies":["a=1; Path=/","b=2"],"body":"ok"}`), nil, "$default")
	w := httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	w.Header().Del("Apigw-Requestid")
	want := http.Header{"Content-Type": {"text/plain;charset=UTF-8"}, "Content-Length": {"2"}, "X-One": {"1"}, "X-Two": {"2"},
		"Set-Cookie": {"a=1; Path=/", "b=2"}}
	if diff := cmp.Diff(want, w.Header()); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestIntegrationFailures(t *testing.T) {
	for _, test := range []struct {
		name   string
		result *lambda.Result
		err    error
		want   answer
	}{
		{"function error", &lambda.Result{FunctionError: "Unhandled", Payload: []byte(`{"errorType":"x"}`)}, nil, answer{500, "application/json", `{"message":"Internal Server Error"}`}},
		{"throttled", nil, &awsapi.Error{Code: "TooManyRequestsException", Status: 429}, answer{503, "application/json", `{"message":"Service Unavailable"}`}},
		{"slow", nil, context.DeadlineExceeded, answer{503, "application/json", `{"message":"Service Unavailable"}`}},
		{"no such function", nil, &awsapi.Error{Code: "ResourceNotFoundException", Status: 404}, answer{500, "application/json", `{"message":"Internal Server Error"}`}},
		{"event too large", nil, &awsapi.Error{Code: "RequestTooLargeException", Status: 413}, answer{413, "application/json", `{"message":"Request Too Long"}`}},
		{"desk closing", nil, lambda.ErrClosed, answer{503, "application/json", `{"message":"Service Unavailable"}`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := newAPI(t, invoker{func(context.Context, string, string, []byte, *lambda.InvokeOptions) (*lambda.Result, error) {
				return test.result, test.err
			}}, nil, "$default")
			if diff := cmp.Diff(test.want, ask(api, "GET", "/")); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestIntegrationTimeout(t *testing.T) {
	api := newAPI(t, invoker{func(ctx context.Context, _, _ string, _ []byte, _ *lambda.InvokeOptions) (*lambda.Result, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}, nil, "$default")
	check(t, api.PutIntegration("hello", apigateway.Integration{Type: "AWS_PROXY", URI: functionARN, PayloadFormatVersion: "2.0", Timeout: 50e6}))
	if diff := cmp.Diff(answer{503, "application/json", `{"message":"Service Unavailable"}`}, ask(api, "GET", "/")); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

// The permission is looked for where Lambda keeps it, so a real service takes part.
func TestMissingPermission(t *testing.T) {
	functions := lambda.New(nil)
	t.Cleanup(func() { functions.Close() })
	check(t, functions.Create(lambda.Function{Name: "hello", ARN: functionARN, Executable: "/nowhere/bootstrap"}))
	var log strings.Builder
	api := newAPI(t, functions, &apigateway.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, "GET /orders/{id}")
	if diff := cmp.Diff(answer{500, "application/json", `{"message":"Internal Server Error"}`}, ask(api, "GET", "/orders/1")); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	for _, want := range []string{"apigateway.amazonaws.com", "lambda:InvokeFunction", functionARN,
		"arn:aws:execute-api:us-east-1:000000000000:api-id/$default/GET/orders/{id}"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log %q does not name %s", log.String(), want)
		}
	}
	for _, test := range []struct {
		sourceARN string
		allowed   bool
	}{
		{"arn:aws:execute-api:us-east-1:000000000000:other/*/*", false},
		{"arn:aws:execute-api:us-east-1:000000000000:api-id/*/POST/*", false},
		{"arn:aws:execute-api:us-east-1:000000000000:api-id/*/*", true},
		{"arn:aws:execute-api:us-east-1:000000000000:api-id/*/GET/orders/{id}", true},
	} {
		check(t, functions.AddPermission("hello", lambda.Permission{StatementID: "s", Principal: "apigateway.amazonaws.com", SourceARN: test.sourceARN}))
		log.Reset()
		ask(api, "GET", "/orders/1")
		if allowed := !strings.Contains(log.String(), "not authorized"); allowed != test.allowed {
			t.Errorf("permission for %s: allowed = %v, want %v", test.sourceARN, allowed, test.allowed)
		}
		check(t, functions.RemovePermission("hello", "s"))
	}
}

func TestLimits(t *testing.T) {
	api := newAPI(t, returning(`{"statusCode":200}`), nil, "$default")
	post := func(body string, length int64, header string) answer {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.ContentLength = length
		r.Header.Set("X-Large", header)
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		return answer{w.Code, w.Header().Get("Content-Type"), w.Body.String()}
	}
	large := strings.Repeat("x", 10<<20)
	tooLong := answer{413, "application/json", `{"message":"Request Too Long"}`}
	for _, test := range []struct {
		name      string
		got, want answer
	}{
		{"10 MB", post(large, 10<<20, ""), answer{200, "text/plain;charset=UTF-8", ""}},
		{"10 MB of unknown length", post(large, -1, ""), answer{200, "text/plain;charset=UTF-8", ""}},
		{"more than 10 MB", post(large+"x", 10<<20+1, ""), tooLong},
		{"more than 10 MB of unknown length", post(large+"x", -1, ""), tooLong},
		{"long header", post("", 0, strings.Repeat("x", 10240)), answer{431, "application/json", `{"message":"Request Header Fields Too Large"}`}},
	} {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestDeletedIntegration(t *testing.T) {
	api := newAPI(t, invoker{func(context.Context, string, string, []byte, *lambda.InvokeOptions) (*lambda.Result, error) {
		return nil, errors.New("unexpected call")
	}}, nil, "$default")
	api.DeleteIntegration("hello")
	if got := ask(api, "GET", "/").Status; got != 500 {
		t.Errorf("status = %d, want 500", got)
	}
}
