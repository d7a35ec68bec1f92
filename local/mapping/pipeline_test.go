package mapping_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb"
	"transactional-outbox/local/kinesis"
	"transactional-outbox/local/mapping"
	"transactional-outbox/local/replication"
	"transactional-outbox/local/sqs"
)

// engines are the real engines, in virtual time.
type engines struct {
	t        *testing.T
	dynamodb *dynamodb.Engine
	kinesis  *kinesis.Engine
	sqs      *sqs.Engine
}

func newEngines(t *testing.T) *engines {
	const region = "eu-central-1"
	e := &engines{
		t: t, dynamodb: dynamodb.New(&dynamodb.Options{Region: region, ExpireEvery: -1}),
		kinesis: kinesis.New(&kinesis.Options{Region: region}), sqs: sqs.New(&sqs.Options{Region: region}),
	}
	t.Cleanup(func() { e.dynamodb.Close() })
	e.call(e.dynamodb, "CreateTable", `{"TableName":"events","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"orderId","AttributeType":"S"},`+
		`{"AttributeName":"sequence","AttributeType":"N"}],"KeySchema":[{"AttributeName":"orderId","KeyType":"HASH"},{"AttributeName":"sequence","KeyType":"RANGE"}],`+
		`"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"}}`)
	e.call(e.kinesis, "CreateStream", `{"StreamName":"orders","ShardCount":3}`)
	e.call(e.sqs, "CreateQueue", `{"QueueName":"dead"}`)
	return e
}

func (e *engines) call(service awsapi.Service, operation, request string) []byte {
	e.t.Helper()
	response, err := service.Call(e.t.Context(), nil, operation, []byte(request))
	if err != nil {
		e.t.Fatalf("%s: %v", operation, err)
	}
	return response
}

func (e *engines) putEvent(order, sequence int) {
	e.t.Helper()
	e.call(e.dynamodb, "PutItem", fmt.Sprintf(`{"TableName":"events","Item":{"orderId":{"S":"o-%d"},"sequence":{"N":"%d"},"type":{"S":"order.placed"}}}`, order, sequence))
}

// applied collects the items that a function has seen.
type applied struct {
	mu   sync.Mutex
	keys []string
}

func (a *applied) add(image map[string]map[string]string) string {
	key := image["orderId"]["S"] + "/" + image["sequence"]["N"]
	a.mu.Lock()
	defer a.mu.Unlock()
	if !slices.Contains(a.keys, key) {
		a.keys = append(a.keys, key)
	}
	return key
}

func (a *applied) sorted() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	slices.Sort(a.keys)
	return a.keys
}

func TestPipelineFromTableToDeadLetterQueue(t *testing.T) {
	inVirtualTime(t, func(t *testing.T) {
		e := newEngines(t)
		feed, err := e.dynamodb.Feed("events")
		if err != nil {
			t.Fatal(err)
		}
		d, err := replication.Enable(feed, e.kinesis, streamARN, &replication.Options{Precision: replication.Microsecond, Duplicate: 0.2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Disable(); feed.Close() })
		got := &applied{}
		consumer := mapping.InvokerFunc(func(_ context.Context, event []byte) (*mapping.Response, error) {
			var in events.KinesisEvent
			if err := json.Unmarshal(event, &in); err != nil {
				return nil, err
			}
			for _, r := range in.Records {
				var change struct {
					EventName string
					DynamoDB  struct{ NewImage map[string]map[string]string }
				}
				if err := json.Unmarshal(r.Kinesis.Data, &change); err != nil {
					return nil, err
				}
				if change.DynamoDB.NewImage["orderId"]["S"] == "o-13" {
					return partial(r.Kinesis.SequenceNumber)
				}
				got.add(change.DynamoDB.NewImage)
			}
			return ok()
		})
		m, err := mapping.New(mapping.NewKinesisSource(e.kinesis, nil, streamARN, nil), consumer, &mapping.Options{
			Queue: e.sqs, FunctionARN: functionARN, RoleARN: roleARN,
			Config: mapping.Config{ParallelizationFactor: 2, BatchSize: 7, MaximumRetryAttempts: ptr(1), OnFailure: queueARN, BisectBatchOnFunctionError: true,
				FunctionResponseTypes: []string{mapping.ReportBatchItemFailures}, Filters: []string{`{"data":{"eventName":["INSERT"]}}`}},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { m.Close() })
		var want []string
		for order := range 20 {
			for sequence := range 5 {
				e.putEvent(order, sequence)
				if order != 13 {
					want = append(want, fmt.Sprintf("o-%d/%d", order, sequence))
				}
			}
		}
		e.call(e.dynamodb, "DeleteItem", `{"TableName":"events","Key":{"orderId":{"S":"o-1"},"sequence":{"N":"1"}}}`)
		time.Sleep(time.Hour)
		synctest.Wait()

		status := m.Status()
		if status.Backlog != 0 || status.FilteredOutEventCount == 0 {
			t.Errorf("status %+v", status)
		}
		letters := 0
		for {
			response := e.call(e.sqs, "ReceiveMessage", `{"QueueUrl":"`+queueURL(t, e)+`","MaxNumberOfMessages":10}`)
			n := strings.Count(string(response), "KinesisBatchInfo")
			if n == 0 {
				break
			}
			letters += n
		}
		if letters == 0 {
			t.Error("no dead letters about order 13")
		}
		// What is in a dead letter behind the poisonous record was given up too; everything else has arrived.
		if lost := int64(len(want) - len(got.sorted())); lost < 0 || lost > status.OnFailureDestinationDeliveredEventCount {
			t.Errorf("%d records have not arrived, %d are named in dead letters", lost, status.OnFailureDestinationDeliveredEventCount)
		}
	})
}

func queueURL(t *testing.T, e *engines) string {
	t.Helper()
	var out struct{ QueueUrl string }
	if err := json.Unmarshal(e.call(e.sqs, "GetQueueUrl", `{"QueueName":"dead"}`), &out); err != nil {
		t.Fatal(err)
	}
	return out.QueueUrl
}

func TestPipelineOverTheStreamOfATable(t *testing.T) {
	inVirtualTime(t, func(t *testing.T) {
		e := newEngines(t)
		var described struct {
			Table struct{ LatestStreamArn string }
		}
		if err := json.Unmarshal(e.call(e.dynamodb, "DescribeTable", `{"TableName":"events"}`), &described); err != nil {
			t.Fatal(err)
		}
		got := &applied{}
		f := mapping.InvokerFunc(func(_ context.Context, event []byte) (*mapping.Response, error) {
			var in struct {
				Records []struct {
					DynamoDB struct {
						OldImage map[string]map[string]string
					} `json:"dynamodb"`
				}
			}
			if err := json.Unmarshal(event, &in); err != nil {
				return nil, err
			}
			for _, r := range in.Records {
				got.add(r.DynamoDB.OldImage)
			}
			return ok()
		})
		source := mapping.NewDynamoDBSource(e.dynamodb.Streams(), nil, described.Table.LatestStreamArn, nil)
		m, err := mapping.New(source, f, &mapping.Options{Config: mapping.Config{Filters: []string{
			`{"eventName":["REMOVE"],"userIdentity":{"type":["Service"],"principalId":["dynamodb.amazonaws.com"]}}`}}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { m.Close() })
		e.call(e.dynamodb, "UpdateTimeToLive", `{"TableName":"events","TimeToLiveSpecification":{"AttributeName":"expiresAt","Enabled":true}}`)
		e.call(e.dynamodb, "PutItem", fmt.Sprintf(`{"TableName":"events","Item":{"orderId":{"S":"o-1"},"sequence":{"N":"1"},"expiresAt":{"N":"%d"}}}`, time.Now().Add(time.Hour).Unix()))
		e.putEvent(2, 1)
		e.call(e.dynamodb, "DeleteItem", `{"TableName":"events","Key":{"orderId":{"S":"o-2"},"sequence":{"N":"1"}}}`)
		time.Sleep(2 * time.Hour)
		if n := e.dynamodb.ExpireDue(time.Now()); n != 1 {
			t.Errorf("%d items expired, want 1", n)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if diff := cmp.Diff([]string{"o-1/1"}, got.sorted()); diff != "" {
			t.Errorf("removals by time to live (-want +got):\n%s", diff)
		}
		if status := m.Status(); status.PolledEventCount != 4 || status.FilteredOutEventCount != 3 {
			t.Errorf("status %+v", status)
		}
	})
}
