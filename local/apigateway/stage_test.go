package apigateway_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/apigateway"
)

func TestThrottling(t *testing.T) {
	now := fixedClock()
	api := newAPI(t, returning(`{"statusCode":200}`), &apigateway.Options{Clock: func() time.Time { return now }}, "GET /a", "GET /b", "GET /c")
	put := func(burst int) {
		check(t, api.PutStage(apigateway.Stage{Name: "$default", AutoDeploy: true, Default: apigateway.RouteSettings{Rate: 2, Burst: burst},
			Routes: map[string]apigateway.RouteSettings{"GET /b": {Rate: 1, Burst: 1}, "GET /c": {}}}))
	}
	put(3)
	passed := func(path string) int {
		n := 0
		for range 10 {
			if got := ask(api, "GET", path); got.Status == 200 {
				n++
			} else if diff := cmp.Diff(answer{429, "application/json", `{"message":"Too Many Requests"}`}, got); diff != "" {
				t.Errorf("answer to a throttled request (-want +got):\n%s", diff)
			}
		}
		return n
	}
	expect := func(when, path string, want int) {
		t.Helper()
		if got := passed(path); got != want {
			t.Errorf("%s: %d of 10 requests for %s passed, want %d", when, got, path, want)
		}
	}
	expect("at first", "/a", 3)
	expect("at first", "/b", 1)
	expect("at first", "/c", 10)
	expect("at once again", "/a", 0)
	now = now.Add(time.Second)
	expect("a second later", "/a", 2)
	put(3)
	expect("after a change that changes nothing", "/a", 0)
	now = now.Add(time.Hour)
	expect("much later", "/a", 3)
	put(5)
	expect("with a larger burst", "/a", 5)
}

func TestAccessLog(t *testing.T) {
	var lines []string
	api := newAPI(t, returning(`{"statusCode":201,"body":"four"}`), &apigateway.Options{Clock: fixedClock, Random: new(counter)}, "GET /a/{id}")
	check(t, api.PutStage(apigateway.Stage{Name: "$default", AutoDeploy: true, AccessLog: apigateway.AccessLog{
		Format: `{"id":"$context.requestId","ip":"$context.identity.sourceIp","time":"$context.requestTime","route":"$context.routeKey",` +
			`"status":$context.status,"length":$context.responseLength,"function":"$context.integration.status",` +
			`"lambda":"$context.integrationStatus","request":"$context.integration.requestId","agent":"$context.identity.userAgent",` +
			`"error":"$context.error.message","nothing":"$context.authorizer.error","stage":"$context.stage."} $contextual`,
		Log: func(line []byte) { lines = append(lines, string(line)) },
	}}))
	for _, path := range []string{"/a/1", "/nowhere"} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("User-Agent", `a"b`)
		api.ServeHTTP(httptest.NewRecorder(), r)
	}
	want := []string{
		`{"id":"AAAAAAAAAAEAAAA=","ip":"192.0.2.1","time":"12/Mar/2020:19:03:58 +0000","route":"GET /a/{id}","status":201,"length":4,` +
			`"function":"201","lambda":"200","request":"lambda-request","agent":"a\"b","error":"-","nothing":"-","stage":"$default."} $contextual`,
		`{"id":"AAAAAAAAAAYAAAA=","ip":"192.0.2.1","time":"12/Mar/2020:19:03:58 +0000","route":"-","status":404,"length":23,` +
			`"function":"-","lambda":"-","request":"-","agent":"a\"b","error":"Not Found","nothing":"-","stage":"$default."} $contextual`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("access log (-want +got):\n%s", diff)
	}
}

func TestCORS(t *testing.T) {
	api := newAPI(t, returning(`{"statusCode":200,"headers":{"access-control-allow-origin":"function"}}`), nil, "ANY /a")
	send := func(method, origin string, preflight bool) http.Header {
		r := httptest.NewRequest(method, "/a", nil)
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		if preflight {
			r.Header.Set("Access-Control-Request-Method", "POST")
		}
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		if want := map[bool]int{true: 204, false: 200}[preflight]; w.Code != want {
			t.Errorf("%s from %q: status = %d, want %d", method, origin, w.Code, want)
		}
		for _, name := range []string{"Apigw-Requestid", "Content-Type", "Content-Length"} {
			w.Header().Del(name)
		}
		return w.Header()
	}
	expect := func(name string, want, got http.Header) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	expect("not configured", http.Header{"Access-Control-Allow-Origin": {"function"}}, send("GET", "https://shop.example", false))
	check(t, api.Configure(apigateway.Settings{CORS: &apigateway.CORS{
		AllowOrigins: []string{"https://shop.example", "http://*"}, AllowMethods: []string{"GET", "POST"}, AllowHeaders: []string{"Content-Type", "Idempotency-Key"},
		ExposeHeaders: []string{"Location"}, MaxAge: 300, AllowCredentials: true,
	}}))
	expect("preflight", http.Header{
		"Access-Control-Allow-Origin": {"https://shop.example"}, "Access-Control-Allow-Methods": {"GET,POST"},
		"Access-Control-Allow-Headers": {"content-type,idempotency-key"}, "Access-Control-Max-Age": {"300"}, "Access-Control-Allow-Credentials": {"true"},
	}, send("OPTIONS", "https://shop.example", true))
	expect("preflight from elsewhere", http.Header{}, send("OPTIONS", "https://other.example", true))
	expect("request", http.Header{
		"Access-Control-Allow-Origin": {"http://any.example"}, "Access-Control-Expose-Headers": {"location"}, "Access-Control-Allow-Credentials": {"true"},
	}, send("GET", "http://any.example", false))
	expect("request from elsewhere", http.Header{}, send("GET", "https://other.example", false))
	expect("request without an origin", http.Header{}, send("GET", "", false))
	check(t, api.Configure(apigateway.Settings{CORS: &apigateway.CORS{AllowOrigins: []string{"*"}}}))
	expect("any origin", http.Header{"Access-Control-Allow-Origin": {"*"}}, send("GET", "https://other.example", false))
}
