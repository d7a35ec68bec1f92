package apigateway_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"transactional-outbox/local/apigateway"
	"transactional-outbox/local/lambda"
)

// discard is a response writer that costs nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// BenchmarkAPI measures what the API adds to a request: routing, the event, the response.
func BenchmarkAPI(b *testing.B) {
	result := &lambda.Result{Payload: []byte(`{"statusCode":201,"headers":{"Content-Type":"application/json","Location":"/orders/01"},"body":"{\"orderId\":\"01\"}"}`)}
	api := newAPI(b, invoker{func(context.Context, string, string, []byte, *lambda.InvokeOptions) (*lambda.Result, error) {
		return result, nil
	}}, nil, "POST /orders", "GET /orders/{orderId}", "POST /orders/{orderId}/cancel")
	check(b, api.PutStage(apigateway.Stage{Name: "$default", AutoDeploy: true, AccessLog: apigateway.AccessLog{
		Format: `{"requestId":"$context.requestId","status":"$context.status","latency":"$context.responseLatency"}`, Log: func([]byte) {},
	}}))
	body := strings.Repeat("x", 200)
	for _, bench := range []struct{ name, method, path string }{
		{"POST", "POST", "/orders"},
		{"GET with a path variable", "GET", "/orders/01JD0000000000000000000000"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			r, err := http.NewRequest(bench.method, "http://127.0.0.1:8080"+bench.path, nil)
			check(b, err)
			r.RemoteAddr, r.RequestURI = "127.0.0.1:5000", bench.path
			r.Header = http.Header{"Content-Type": {"application/json"}, "User-Agent": {"bench"}, "Accept": {"*/*"}, "Idempotency-Key": {"k"}}
			reader := strings.NewReader("")
			w := discard{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				if bench.method == "POST" {
					reader.Reset(body)
					r.Body, r.ContentLength = nopCloser{reader}, int64(len(body))
				}
				clear(w.header)
				api.ServeHTTP(w, r)
			}
		})
	}
}

type nopCloser struct{ *strings.Reader }

func (nopCloser) Close() error { return nil }
