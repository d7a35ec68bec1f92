package stage_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/ops/stage"
)

// connect returns a stage whose endpoint answers with status and body, and the request it gets.
func connect(t *testing.T, status int, body string) (*stage.Stage, *http.Request) {
	t.Helper()
	got := new(http.Request)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*got = *r
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	s, err := stage.Connect(&stage.Outputs{Region: "eu-central-1", AWSEndpoint: server.URL}, func(name string) string {
		return map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, got
}

func TestMappingAsksLambda(t *testing.T) {
	s, request := connect(t, http.StatusOK, `{"UUID":"14e0db71-0000-4000-8000-000000000001","State":"Enabled","StartingPosition":"TRIM_HORIZON","MaximumRetryAttempts":10,
		"BisectBatchOnFunctionError":true,"FunctionResponseTypes":["ReportBatchItemFailures"],"EventSourceArn":"arn:aws:kinesis:eu-central-1:123456789012:stream/s",
		"FilterCriteria":{"Filters":[{"Pattern":"{\"data\":{}}"}]},"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:eu-central-1:123456789012:q"}},
		"LastModified":1764000000.5,"ParallelizationFactor":1}`)
	got, err := s.Mapping(t.Context(), "14e0db71-0000-4000-8000-000000000001", time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	retries := 10
	want := &stage.Mapping{
		UUID: "14e0db71-0000-4000-8000-000000000001", State: "Enabled", StartingPosition: "TRIM_HORIZON", MaximumRetryAttempts: &retries,
		BisectBatchOnFunctionError: true, FunctionResponseTypes: []string{"ReportBatchItemFailures"},
		EventSourceArn: "arn:aws:kinesis:eu-central-1:123456789012:stream/s",
	}
	want.FilterCriteria.Filters = []struct{ Pattern string }{{`{"data":{}}`}}
	want.DestinationConfig.OnFailure.Destination = "arn:aws:sqs:eu-central-1:123456789012:q"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if request.Method != http.MethodGet || request.URL.Path != "/2015-03-31/event-source-mappings/14e0db71-0000-4000-8000-000000000001" {
		t.Errorf("request %s %s", request.Method, request.URL)
	}
	if scope := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261124/eu-central-1/lambda/aws4_request"; !strings.HasPrefix(request.Header.Get("Authorization"), scope) {
		t.Errorf("Authorization: %s", request.Header.Get("Authorization"))
	}
	if request.Header.Get("X-Amz-Security-Token") != "token" || request.Header.Get("X-Amz-Date") != "20261124T120000Z" {
		t.Errorf("headers %v", request.Header)
	}
}

func TestMappingAnswersOtherThanSuccess(t *testing.T) {
	tests := map[string]struct {
		status   int
		body     string
		unserved bool
	}{
		"no such mapping":          {http.StatusNotFound, `{"Message":"The resource you requested does not exist.","__type":"ResourceNotFoundException"}`, false},
		"not allowed":              {http.StatusForbidden, `{"Message":"not authorized"}`, false},
		"an endpoint without it":   {http.StatusBadRequest, `{"__type":"UnknownOperationException"}`, true},
		"an endpoint without path": {http.StatusNotFound, `404 page not found`, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, _ := connect(t, test.status, test.body)
			_, err := s.Mapping(t.Context(), "id", time.Now())
			answer, ok := errors.AsType[*stage.StatusError](err)
			if !ok || answer.Status != test.status || answer.Unserved() != test.unserved {
				t.Errorf("error %v", err)
			}
		})
	}
}
