package dynamodb_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb"
)

const (
	createHash = `{"TableName":"hash","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]}`
	createSort = `{"TableName":"sort","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"N"}],"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}]}`
)

// clock is a time that only moves when told.
type clock struct{ now time.Time }

func (c *clock) time() time.Time { return c.now }

// newEngine returns an engine with the tables "hash" and "sort", and its clock.
func newEngine(t testing.TB) (*dynamodb.Engine, *clock) {
	c := &clock{time.Date(2026, 11, 24, 12, 0, 0, 250_000_000, time.UTC)}
	e := dynamodb.New(&dynamodb.Options{Clock: c.time, ExpireEvery: -1, Region: "eu-central-1"})
	t.Cleanup(func() { e.Close() })
	must(t, e, "CreateTable", createHash)
	must(t, e, "CreateTable", createSort)
	return e, c
}

// step is one call and what must come of it.
type step struct {
	operation, request string
	// want is the response, or the start of the error as code and message.
	want string
}

// run performs steps in order.
func run(t *testing.T, e *dynamodb.Engine, steps []step) {
	t.Helper()
	for i, s := range steps {
		got := call(e, s.operation, s.request)
		if !strings.HasPrefix(s.want, "{") {
			if got != s.want {
				t.Fatalf("step %d, %s %s\n got: %s\nwant: %s", i, s.operation, s.request, got, s.want)
			}
			continue
		}
		if diff := cmp.Diff(parse(t, s.want), parse(t, got)); diff != "" {
			t.Fatalf("step %d, %s %s (-want +got):\n%s", i, s.operation, s.request, diff)
		}
	}
}

// call returns a response, or an error as its code, its message and the JSON of its further fields.
func call(e *dynamodb.Engine, operation, request string) string {
	return callAs(e, nil, operation, request)
}

func callAs(e *dynamodb.Engine, auth awsapi.Authorizer, operation, request string) string {
	service := awsapi.Service(e)
	switch operation {
	case "ListStreams", "DescribeStream", "GetShardIterator", "GetRecords":
		service = e.Streams()
	}
	response, err := service.Call(context.Background(), auth, operation, []byte(request))
	var known *awsapi.Error
	if errors.As(err, &known) {
		out := known.Error()
		if known.Fields != nil {
			fields, _ := json.Marshal(known.Fields)
			out += " " + string(fields)
		}
		return out
	}
	if err != nil {
		return fmt.Sprintf("not an *awsapi.Error: %v", err)
	}
	return string(response)
}

func parse(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%q is not JSON: %v", text, err)
	}
	return v
}
