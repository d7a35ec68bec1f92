package apigateway_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"transactional-outbox/local/apigateway"
	"transactional-outbox/local/lambda"
)

// recorder is a function that keeps its last event.
type recorder struct {
	event     map[string]any
	sourceARN string
	trace     string
}

func (rec *recorder) InvokeAs(_ context.Context, _, sourceARN, _ string, payload []byte, opts *lambda.InvokeOptions) (*lambda.Result, error) {
	rec.event, rec.sourceARN, rec.trace = nil, sourceARN, opts.TraceID
	if err := json.Unmarshal(payload, &rec.event); err != nil {
		return nil, err
	}
	return &lambda.Result{Payload: []byte(`{"statusCode":200}`)}, nil
}

// The event has the structure of the example in AWS's documentation, member by member.
func TestEvent(t *testing.T) {
	rec := &recorder{}
	api := newAPI(t, rec, &apigateway.Options{
		AccountID: "123456789012", DomainName: "id.execute-api.us-east-1.amazonaws.com", Clock: fixedClock, Random: new(counter),
	}, "POST /my/{parameter1}")
	check(t, api.PutStage(apigateway.Stage{Name: "$default", AutoDeploy: true,
		Variables: map[string]string{"stageVariable1": "value1", "stageVariable2": "value2"}}))
	r := httptest.NewRequest("POST", "http://api.example.com:8443/my/path%20with%20space?parameter1=value1&parameter1=value%202&parameter2=value&flag",
		strings.NewReader("Hello from \"me\"\n€"))
	r.Header = http.Header{
		"Content-Type": {"text/plain; charset=utf-8"}, "Header1": {"value1"}, "Header2": {"value1", "value2"}, "User-Agent": {"agent"},
		"Cookie": {"cookie1=a; cookie2=b", "cookie3=c"}, "X-Amzn-Trace-Id": {"Root=1-5e6a889e-3bd33ecce1aa62f85a62d91d"},
		"X-Forwarded-For": {"203.0.113.9"}, "Connection": {"keep-alive"},
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	if w.Code != 200 {
		t.Fatalf("status = %d: %s", w.Code, w.Body)
	}
	golden, err := os.ReadFile("testdata/event.json")
	check(t, err)
	var want map[string]any
	check(t, json.Unmarshal(golden, &want))
	want["headers"].(map[string]any)["content-length"] = "19" // the euro sign has three bytes
	if diff := cmp.Diff(want, rec.event); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if got, want := w.Header().Get("Apigw-Requestid"), "AAAAAAAAAAEAAAA="; got != want {
		t.Errorf("Apigw-Requestid = %q, want %q", got, want)
	}
	if got, want := rec.sourceARN, "arn:aws:execute-api:us-east-1:123456789012:api-id/$default/POST/my/{parameter1}"; got != want {
		t.Errorf("source ARN = %q, want %q", got, want)
	}
	if got, want := rec.trace, "Root=1-5e6a889e-3bd33ecce1aa62f85a62d91d;Parent=0000000000000003;Sampled=1"; got != want {
		t.Errorf("trace handed to Lambda = %q, want %q", got, want)
	}
}

func TestEventLeavesOutWhatIsEmpty(t *testing.T) {
	rec := &recorder{}
	api := newAPI(t, rec, nil, "GET /orders")
	ask(api, "GET", "/orders")
	for _, name := range []string{"cookies", "queryStringParameters", "pathParameters", "stageVariables", "body"} {
		if v, ok := rec.event[name]; ok {
			t.Errorf("event has %s = %v, want it left out", name, v)
		}
	}
	if rec.event["isBase64Encoded"] != false || rec.event["rawQueryString"] != "" {
		t.Errorf("isBase64Encoded = %v, rawQueryString = %q, want false and empty", rec.event["isBase64Encoded"], rec.event["rawQueryString"])
	}
	headers := rec.event["headers"].(map[string]any)
	if trace := headers["x-amzn-trace-id"].(string); !strings.HasPrefix(trace, "Root=1-") || !strings.HasPrefix(rec.trace, trace+";Parent=") {
		t.Errorf("trace header = %q, handed to Lambda %q", trace, rec.trace)
	}
}

func TestBodyEncoding(t *testing.T) {
	rec := &recorder{}
	api := newAPI(t, rec, nil, "POST /")
	for _, test := range []struct {
		contentType, contentEncoding string
		text                         bool
	}{
		{"application/json", "", true},
		{"application/json; charset=utf-8", "", true},
		{"APPLICATION/JSON", "", true},
		{"application/xml", "", true},
		{"application/javascript", "", true},
		{"text/csv", "", true},
		{"text/html; charset", "", true},
		{"", "", false},
		{"application/x-www-form-urlencoded", "", false},
		{"application/octet-stream", "", false},
		{"image/png", "", false},
		{"application/json", "gzip", false},
	} {
		r := httptest.NewRequest("POST", "/", strings.NewReader("a=1"))
		r.Header.Set("Content-Type", test.contentType)
		if test.contentType == "" {
			r.Header.Del("Content-Type")
		}
		if test.contentEncoding != "" {
			r.Header.Set("Content-Encoding", test.contentEncoding)
		}
		api.ServeHTTP(httptest.NewRecorder(), r)
		want := map[bool]string{true: "a=1", false: "YT0x"}[test.text]
		if rec.event["body"] != want || rec.event["isBase64Encoded"] != !test.text {
			t.Errorf("type %q, encoding %q: body = %v, isBase64Encoded = %v, want %q, %v",
				test.contentType, test.contentEncoding, rec.event["body"], rec.event["isBase64Encoded"], want, !test.text)
		}
	}
}

func TestNamedStage(t *testing.T) {
	rec := &recorder{}
	api := newAPI(t, rec, nil, "GET /orders", "GET /")
	check(t, api.PutStage(apigateway.Stage{Name: "dev", AutoDeploy: true}))
	for _, test := range []struct{ target, stage, rawPath, routeKey string }{
		{"/dev/orders", "dev", "/dev/orders", "GET /orders"},
		{"/dev", "dev", "/dev", "GET /"},
		{"/orders", "$default", "/orders", "GET /orders"},
	} {
		ask(api, "GET", test.target)
		got := []any{rec.event["requestContext"].(map[string]any)["stage"], rec.event["rawPath"], rec.event["routeKey"]}
		if diff := cmp.Diff([]any{test.stage, test.rawPath, test.routeKey}, got); diff != "" {
			t.Errorf("GET %s (-want +got):\n%s", test.target, diff)
		}
	}
	api.DeleteStage("$default")
	if got := ask(api, "GET", "/orders").Status; got != 404 {
		t.Errorf("status without a $default stage = %d, want 404", got)
	}
}

// Whatever a client sends, the event is JSON that says the same.
func TestAnyRequestMakesAValidEvent(t *testing.T) {
	rec := &recorder{}
	api := newAPI(t, rec, nil, "ANY /{first}/{rest+}")
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.StringN(1, 10, -1).Draw(t, "first")
		rest := rapid.StringN(1, 10, -1).Draw(t, "rest")
		pairs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) [2]string {
			return [2]string{rapid.StringMatching(`[ab]`).Draw(t, "name"), rapid.String().Draw(t, "value")}
		}), 0, 5).Draw(t, "query")
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		header := rapid.StringMatching(`[ -~]{0,10}`).Draw(t, "header")

		var query []string
		parameters := map[string]any{}
		for _, pair := range pairs {
			query = append(query, pair[0]+"="+url.QueryEscape(pair[1]))
			if before, ok := parameters[pair[0]].(string); ok {
				pair[1] = before + "," + pair[1]
			}
			parameters[pair[0]] = pair[1]
		}
		r, err := http.NewRequest("POST", "http://desk/"+url.PathEscape(first)+"/"+url.PathEscape(rest)+"?"+strings.Join(query, "&"), bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Any", header)
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		if w.Code != 200 {
			t.Fatalf("status = %d", w.Code)
		}
		want := map[string]any{"pathParameters": map[string]any{"first": first, "rest": rest}, "rawPath": "/" + first + "/" + rest, "x-any": header}
		if len(parameters) > 0 {
			want["queryStringParameters"] = parameters
		}
		if len(body) > 0 {
			want["body"] = base64.StdEncoding.EncodeToString(body)
		}
		got := map[string]any{"x-any": rec.event["headers"].(map[string]any)["x-any"]}
		for _, name := range []string{"pathParameters", "rawPath", "queryStringParameters", "body"} {
			if v, ok := rec.event[name]; ok {
				got[name] = v
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("event (-want +got):\n%s", diff)
		}
	})
}
