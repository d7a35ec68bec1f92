package conformance_test

import (
	"flag"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/conformance"
	"transactional-outbox/local/dynamodb"
)

const table = "../../docs/conformance.md"

var record = flag.Bool("record", false, "write the witnesses' answers into testdata")

// account makes access keys that no other run has used, each of which is an empty DynamoDB Local.
var account = func() func() string {
	var n atomic.Int64
	start := strconv.FormatInt(time.Now().UnixNano(), 36)
	return func() string { return "K" + start + strconv.FormatInt(n.Add(1), 36) }
}()

func startDynamoDB(tb testing.TB) *conformance.Endpoint {
	engine := dynamodb.New(&dynamodb.Options{ExpireEvery: -1})
	server := httptest.NewServer(awsapi.NewHandler(&awsapi.Options{
		Services: map[string]awsapi.Service{awsapi.DynamoDB: engine, awsapi.DynamoDBStreams: engine.Streams()},
	}))
	tb.Cleanup(func() {
		server.Close()
		if err := engine.Close(); err != nil {
			tb.Error(err)
		}
	})
	return &conformance.Endpoint{URL: server.URL, AccessKey: "ours", Service: awsapi.DynamoDB}
}

func differences(tb testing.TB, section string) []*conformance.Difference {
	rows, err := conformance.LoadDifferences(table, section)
	if err != nil {
		tb.Fatal(err)
	}
	return rows
}

func reach(tb testing.TB, variable string) (string, bool) {
	url, present, err := conformance.Reach(tb.Context(), variable)
	if err != nil {
		tb.Fatal(err)
	}
	return url, present
}

func TestDynamoDB(t *testing.T) {
	url, present := reach(t, conformance.DynamoDBWitness)
	suite := conformance.Suite{
		Scripts: "testdata/dynamodb/*.txt", Start: func(t *testing.T) *conformance.Endpoint { return startDynamoDB(t) },
		Present: present, Record: *record, Differences: differences(t, "DynamoDB"),
		Witness: func(string) *conformance.Endpoint {
			return &conformance.Endpoint{URL: url, AccessKey: account(), Service: awsapi.DynamoDB}
		},
	}
	suite.Run(t)
}
