package awsapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/awsapi"
)

const signature = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261124/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00"

type serviceFunc func(ctx context.Context, auth awsapi.Authorizer, operation string, request []byte) ([]byte, error)

func (f serviceFunc) Call(ctx context.Context, auth awsapi.Authorizer, operation string, request []byte) ([]byte, error) {
	return f(ctx, auth, operation, request)
}

func answering(response string, err error) awsapi.Service {
	return serviceFunc(func(context.Context, awsapi.Authorizer, string, []byte) ([]byte, error) { return []byte(response), err })
}

func everywhere(s awsapi.Service) map[string]awsapi.Service {
	return map[string]awsapi.Service{awsapi.DynamoDB: s, awsapi.DynamoDBStreams: s, awsapi.Kinesis: s, awsapi.SQS: s}
}

func post(target, body string, headers ...string) *http.Request {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("Authorization", signature)
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
		r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	return r
}

type wire struct {
	Status                          int
	ContentType, Query, CRC32, Body string
}

func serve(opts *awsapi.Options, r *http.Request) wire {
	w := httptest.NewRecorder()
	awsapi.NewHandler(opts).ServeHTTP(w, r)
	h := w.Result().Header
	return wire{w.Code, h.Get("Content-Type"), h.Get("x-amzn-query-error"), h.Get("x-amz-crc32"), w.Body.String()}
}

func TestAnswers(t *testing.T) {
	const json10, json11 = "application/x-amz-json-1.0", "application/x-amz-json-1.1"
	tests := []struct {
		name   string
		engine awsapi.Service
		r      *http.Request
		want   wire
	}{
		{"dynamodb success has a checksum", answering(`{"Count":1}`, nil), post("DynamoDB_20120810.Query", "{}"),
			wire{200, json10, "", "right", `{"Count":1}`}},
		{"kinesis speaks json 1.1", answering(`{}`, nil), post("Kinesis_20131202.PutRecords", "{}"),
			wire{200, json11, "", "", `{}`}},
		{"dynamodb's own error", answering("", &awsapi.Error{Code: "ResourceNotFoundException", Message: "Requested resource not found"}),
			post("DynamoDB_20120810.GetItem", "{}"),
			wire{400, json10, "", "right", `{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"Requested resource not found"}`}},
		{"dynamodb validation error", answering("", &awsapi.Error{Code: "ValidationException", Message: "no"}), post("DynamoDB_20120810.GetItem", "{}"),
			wire{400, json10, "", "right", `{"__type":"com.amazon.coral.validate#ValidationException","message":"no"}`}},
		{"denied by the framework", answering("", &awsapi.Error{Code: "AccessDeniedException", Message: "no"}), post("DynamoDB_20120810.GetItem", "{}"),
			wire{400, json10, "", "right", `{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"no"}`}},
		{"further members", answering("", &awsapi.Error{Code: "TransactionCanceledException", Message: "no", Fields: map[string]any{"CancellationReasons": []string{"a"}}}),
			post("DynamoDB_20120810.TransactWriteItems", "{}"),
			wire{400, json10, "", "right", `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","CancellationReasons":["a"],"Message":"no"}`}},
		{"kinesis errors have no namespace", answering("", &awsapi.Error{Code: "ResourceNotFoundException", Message: "no"}), post("Kinesis_20131202.PutRecords", "{}"),
			wire{400, json11, "", "", `{"__type":"ResourceNotFoundException","message":"no"}`}},
		{"sqs names the query error too", answering("", &awsapi.Error{Code: "QueueDoesNotExist", Message: "no"}), post("AmazonSQS.SendMessage", "{}"),
			wire{400, json10, "AWS.SimpleQueueService.NonExistentQueue;Sender", "", `{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no"}`}},
		{"internal failures are not told", answering("", errors.New("secret")), post("Kinesis_20131202.PutRecords", "{}"),
			wire{500, json11, "", "", `{"__type":"InternalFailure","message":"The request processing has failed because of an unknown error."}`}},
		{"a service that is not served", answering("", nil), post("AWSEvents.PutEvents", "{}"),
			wire{400, json10, "", "", `{"__type":"com.amazon.coral.service#UnknownOperationException","message":"The service AWSEvents is not served here."}`}},
		{"no target", answering("", nil), post("", "{}"),
			wire{400, json10, "", "", `{"__type":"com.amazon.coral.service#UnknownOperationException","message":"The request has no X-Amz-Target: this endpoint speaks the AWS JSON protocols only."}`}},
		{"unsigned", answering("", nil), post("Kinesis_20131202.PutRecords", "{}", "Authorization", ""),
			wire{400, json11, "", "", `{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}`}},
		{"signed with another algorithm", answering("", nil), post("Kinesis_20131202.PutRecords", "{}", "Authorization", "Basic x"),
			wire{400, json11, "", "", `{"__type":"IncompleteSignatureException","message":"Authorization header requires 'Credential' parameter. Authorization=Basic x"}`}},
		{"cbor", answering("", nil), post("Kinesis_20131202.PutRecords", "{}", "Content-Type", "application/x-amz-cbor-1.1"),
			wire{415, json10, "", "", `{"__type":"UnsupportedMediaTypeException","message":"The CBOR encoding is not supported here: send application/x-amz-json-1.1 (in the AWS SDKs for Java: AWS_CBOR_DISABLE=true or -Daws.cborEnabled=false)."}`}},
		{"compressed", answering("", nil), post("Kinesis_20131202.PutRecords", "{}", "Content-Encoding", "gzip"),
			wire{400, json11, "", "", `{"__type":"SerializationException","Message":"Content-Encoding gzip is not supported here: send the body as it is."}`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := serve(&awsapi.Options{Services: everywhere(tt.engine)}, tt.r)
			if got.CRC32 == checksum(got.Body) {
				got.CRC32 = "right"
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestQueryProtocolIsRefusedInItsOwnTongue(t *testing.T) {
	r := post("", "Action=SendMessage", "Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	got := serve(&awsapi.Options{Services: everywhere(answering("", nil))}, r)
	if got.ContentType != "text/xml" || !strings.Contains(got.Body, "<Code>UnsupportedProtocol</Code>") || !strings.Contains(got.Body, "application/x-amz-json-1.0") {
		t.Errorf("answer = %+v", got)
	}
}

func TestPrincipalIsLookedUpByAccessKey(t *testing.T) {
	presigned := httptest.NewRequest("POST", "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261124%2Fus-east-1", strings.NewReader("{}"))
	presigned.Header.Set("X-Amz-Target", "DynamoDB_20120810.GetItem")
	for name, r := range map[string]*http.Request{"header": post("DynamoDB_20120810.GetItem", "{}"), "presigned": presigned} {
		t.Run(name, func(t *testing.T) {
			var asked, resource string
			opts := &awsapi.Options{
				Services: everywhere(serviceFunc(func(_ context.Context, auth awsapi.Authorizer, operation string, _ []byte) ([]byte, error) {
					return nil, auth.Check("dynamodb:"+operation, "arn")
				})),
				Principal: func(key string) (awsapi.Authorizer, error) {
					asked = key
					return func(action, r string) error { resource = action + " " + r; return nil }, nil
				},
			}
			serve(opts, r)
			if asked != "AKIDEXAMPLE" || resource != "dynamodb:GetItem arn" {
				t.Errorf("asked for key %q, then for %q", asked, resource)
			}
		})
	}
}

func TestPanicsAreInternalFailures(t *testing.T) {
	var log bytes.Buffer
	got := serve(&awsapi.Options{
		Services: everywhere(serviceFunc(func(context.Context, awsapi.Authorizer, string, []byte) ([]byte, error) { panic("broken") })),
		Logger:   slog.New(slog.NewTextHandler(&log, nil)),
	}, post("Kinesis_20131202.PutRecords", "{}"))
	if got.Status != 500 || strings.Contains(got.Body, "broken") {
		t.Errorf("answer = %+v", got)
	}
	if !strings.Contains(log.String(), "broken") || !strings.Contains(log.String(), "operation=PutRecords") {
		t.Errorf("log = %s", log.String())
	}
}

func TestInterceptAnswersInPlaceOfTheEngine(t *testing.T) {
	engine := serviceFunc(func(context.Context, awsapi.Authorizer, string, []byte) ([]byte, error) {
		t.Error("the engine was called")
		return nil, nil
	})
	got := serve(&awsapi.Options{Services: everywhere(engine), Intercept: func(_ *http.Request, service, operation string) error {
		return awsapi.Errorf("ThrottlingException", "%s %s", service, operation)
	}}, post("Kinesis_20131202.PutRecords", "{}"))
	if want := `{"__type":"ThrottlingException","message":"Kinesis_20131202 PutRecords"}`; got.Body != want {
		t.Errorf("body = %s, want %s", got.Body, want)
	}
}

func TestRequestsWithoutAnAnswer(t *testing.T) {
	for name, tt := range map[string]struct {
		aborted func(*http.Request, string, string) bool
		err     error
	}{
		"aborted from outside":         {func(*http.Request, string, string) bool { return true }, nil},
		"aborted by the service":       {nil, awsapi.ErrNoAnswer},
		"aborted by a wrapped service": {nil, fmt.Errorf("fault: %w", awsapi.ErrNoAnswer)},
	} {
		t.Run(name, func(t *testing.T) {
			var worked atomic.Int32
			server, err := awsapi.Listen(0, awsapi.NewHandler(&awsapi.Options{
				Services: everywhere(serviceFunc(func(context.Context, awsapi.Authorizer, string, []byte) ([]byte, error) {
					worked.Add(1)
					return []byte("{}"), tt.err
				})),
				Aborted: tt.aborted,
			}))
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			r := post("Kinesis_20131202.PutRecords", "{}")
			r, _ = http.NewRequest("POST", server.URL(), r.Body)
			r.Header.Set("X-Amz-Target", "Kinesis_20131202.PutRecords")
			r.Header.Set("Authorization", signature)
			if _, err := http.DefaultTransport.RoundTrip(r); err == nil {
				t.Error("the request was answered")
			}
			server.Close()
			if worked.Load() != 1 {
				t.Errorf("the engine worked %d times, want 1", worked.Load())
			}
		})
	}
}

func TestRequestSizeIsLimited(t *testing.T) {
	limited := &awsapi.Options{Services: everywhere(answering("{}", nil)), MaxRequestBytes: 10}
	for name, tt := range map[string]struct {
		body   io.Reader
		status int
	}{
		"at the limit":             {strings.NewReader("0123456789"), 200},
		"over it, told beforehand": {strings.NewReader("01234567890"), 413},
		"over it, of unknown size": {io.MultiReader(strings.NewReader("01234567890")), 413},
	} {
		t.Run(name, func(t *testing.T) {
			r := post("Kinesis_20131202.PutRecords", "")
			body := httptest.NewRequest("POST", "/", tt.body)
			body.Header = r.Header
			if got := serve(limited, body); got.Status != tt.status {
				t.Errorf("status = %d, want %d", got.Status, tt.status)
			}
		})
	}
}

func TestRequestIDsAreUUIDs(t *testing.T) {
	seen := map[string]bool{}
	h := awsapi.NewHandler(&awsapi.Options{Services: everywhere(answering("{}", nil))})
	for range 100 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, post("Kinesis_20131202.PutRecords", "{}"))
		id := w.Result().Header.Get("x-amzn-RequestId")
		if len(id) != 36 || id[14] != '4' || !strings.ContainsRune("89ab", rune(id[19])) || seen[id] {
			t.Fatalf("request id %q is no new version 4 UUID", id)
		}
		seen[id] = true
	}
}

func BenchmarkHandler(b *testing.B) {
	h := awsapi.NewHandler(&awsapi.Options{Services: everywhere(answering(`{}`, nil))})
	body := bytes.Repeat([]byte("x"), 1024)
	b.ReportAllocs()
	r := post("DynamoDB_20120810.PutItem", "")
	for b.Loop() {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
}

// BenchmarkServer measures whole requests over connections that are kept alive, client included.
func BenchmarkServer(b *testing.B) {
	server, err := awsapi.Listen(0, awsapi.NewHandler(&awsapi.Options{Services: everywhere(answering(`{}`, nil))}))
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	b.ReportAllocs()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		c := dial(b, server.URL())
		defer c.Close()
		for pb.Next() {
			c.roundTrip(b)
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}
