package conformance_test

import (
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"testing"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/conformance"
	"transactional-outbox/local/kinesis"
)

func startKinesis(tb testing.TB) *conformance.Endpoint {
	engine := kinesis.New(nil)
	server := httptest.NewServer(awsapi.NewHandler(&awsapi.Options{Services: map[string]awsapi.Service{awsapi.Kinesis: engine}}))
	tb.Cleanup(server.Close)
	return &conformance.Endpoint{URL: server.URL, AccessKey: "ours", Service: awsapi.Kinesis}
}

// otherAccount is an access key that kinesis-mock takes for an account of its own, without streams.
func otherAccount() string { return fmt.Sprintf("%012d", 1+rand.Int64N(1e12-1)) }

func TestKinesis(t *testing.T) {
	url, present := reach(t, conformance.KinesisWitness)
	suite := conformance.Suite{
		Scripts: "testdata/kinesis/*.txt", Start: func(t *testing.T) *conformance.Endpoint { return startKinesis(t) },
		Present: present, Record: *record, Differences: differences(t, "Kinesis"),
		Witness: func(string) *conformance.Endpoint {
			return &conformance.Endpoint{URL: url, AccessKey: otherAccount(), Service: awsapi.Kinesis}
		},
	}
	suite.Run(t)
}

func TestFuzzKinesis(t *testing.T) {
	url, present := reach(t, conformance.KinesisWitness)
	if !present {
		t.Skipf("%s is not set: there is nothing to compare with", conformance.KinesisWitness)
	}
	f := &conformance.Fuzz{
		// kinesis-mock takes its time to delete a stream, but accounts are cheap.
		Fresh: func() (ours, theirs *conformance.Endpoint) {
			return startKinesis(t), &conformance.Endpoint{URL: url, AccessKey: otherAccount(), Service: awsapi.Kinesis}
		},
		Setup: []conformance.Request{{Operation: "CreateStream", Body: `{"StreamName":"` + conformance.KinesisStream + `","ShardCount":2}`}},
		Ready: conformance.Step{Operation: "DescribeStreamSummary", Request: `{"StreamName":"` + conformance.KinesisStream + `"}`,
			Until: conformance.Keep{Name: "ACTIVE", Path: "StreamDescriptionSummary.StreamStatus"}},
		Generate: conformance.KinesisRequest, Length: sequence, Differences: differences(t, "Kinesis"),
	}
	fuzz(t, f, nil)
}
