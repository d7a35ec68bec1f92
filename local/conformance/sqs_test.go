package conformance_test

import (
	"net/http/httptest"
	"testing"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/conformance"
	"transactional-outbox/local/sqs"
)

func startSQS(tb testing.TB) *conformance.Endpoint {
	engine := sqs.New(nil)
	server := httptest.NewServer(awsapi.NewHandler(&awsapi.Options{Services: map[string]awsapi.Service{awsapi.SQS: engine}}))
	tb.Cleanup(server.Close)
	engine.SetEndpoint(server.URL)
	return &conformance.Endpoint{URL: server.URL, AccessKey: "ours", Service: awsapi.SQS}
}

func TestSQS(t *testing.T) {
	url, present := reach(t, conformance.SQSWitness)
	suite := conformance.Suite{
		Scripts: "testdata/sqs/*.txt", Start: func(t *testing.T) *conformance.Endpoint { return startSQS(t) },
		Present: present, Record: *record, Differences: differences(t, "SQS"),
		// ElasticMQ has one account only, in which everybody sees every queue.
		Witness: func(string) *conformance.Endpoint {
			e := &conformance.Endpoint{URL: url, AccessKey: "theirs", Service: awsapi.SQS}
			deleteQueues(t, e)
			return e
		},
	}
	suite.Run(t)
}

func deleteQueues(t *testing.T, e *conformance.Endpoint) {
	answer, err := e.Call(t.Context(), "ListQueues", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ QueueUrls []string }
	if err := json.Unmarshal(answer.Body, &list); err != nil {
		t.Fatalf("ListQueues: %s: %v", answer.Body, err)
	}
	for _, url := range list.QueueUrls {
		if _, err := e.Call(t.Context(), "DeleteQueue", []byte(`{"QueueUrl":"`+url+`"}`)); err != nil {
			t.Fatal(err)
		}
	}
}
