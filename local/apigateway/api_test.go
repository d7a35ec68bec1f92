package apigateway_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"transactional-outbox/local/apigateway"
	"transactional-outbox/local/lambda"
)

const functionARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"

// invoker answers for Lambda.
type invoker struct {
	InvokeAsFn func(ctx context.Context, sourceARN, function string, payload []byte, opts *lambda.InvokeOptions) (*lambda.Result, error)
}

func (i invoker) InvokeAs(ctx context.Context, principal, sourceARN, function string, payload []byte, opts *lambda.InvokeOptions) (*lambda.Result, error) {
	if principal != "apigateway.amazonaws.com" {
		panic("unexpected principal " + principal)
	}
	return i.InvokeAsFn(ctx, sourceARN, function, payload, opts)
}

// returning is a function that always returns payload.
func returning(payload string) invoker {
	return invoker{func(context.Context, string, string, []byte, *lambda.InvokeOptions) (*lambda.Result, error) {
		return &lambda.Result{Payload: []byte(payload), RequestID: "lambda-request"}, nil
	}}
}

// counter is a source of numbers that are not random.
type counter uint64

func (c *counter) Uint64() uint64 { *c++; return uint64(*c) }

// fixedClock is when the tests take place.
func fixedClock() time.Time { return time.Date(2020, 3, 12, 19, 3, 58, 390e6, time.UTC) }

// newAPI returns an API with an integration named "hello", the $default stage and routes to the integration.
func newAPI(t testing.TB, i apigateway.Invoker, opts *apigateway.Options, keys ...string) *apigateway.API {
	t.Helper()
	api := apigateway.New("api-id", i, opts)
	check(t, api.PutIntegration("hello", apigateway.Integration{Type: "AWS_PROXY", URI: functionARN, PayloadFormatVersion: "2.0"}))
	for _, key := range keys {
		check(t, api.PutRoute(key, apigateway.Route{Key: key, Target: "integrations/hello"}))
	}
	check(t, api.PutStage(apigateway.Stage{Name: "$default", AutoDeploy: true}))
	return api
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// answer is what a client sees.
type answer struct {
	Status int
	Type   string
	Body   string
}

func ask(h http.Handler, method, target string) answer {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader("")))
	return answer{w.Code, w.Header().Get("Content-Type"), w.Body.String()}
}
