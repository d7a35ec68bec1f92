package remote_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/conformance"
	"transactional-outbox/local/dynamodb"
	"transactional-outbox/local/kinesis"
	"transactional-outbox/local/remote"
)

// endpoints are an endpoint made of the desk's own engines, in another region, and the witness that an environment variable names.
func endpoints(t *testing.T, witness string) map[string]string {
	tables := dynamodb.New(&dynamodb.Options{Region: "elsewhere-1", ExpireEvery: -1})
	streams := kinesis.New(&kinesis.Options{Region: "elsewhere-1"})
	server := httptest.NewServer(awsapi.NewHandler(&awsapi.Options{Services: map[string]awsapi.Service{
		awsapi.DynamoDB: tables, awsapi.DynamoDBStreams: tables.Streams(), awsapi.Kinesis: streams,
	}}))
	t.Cleanup(func() {
		server.Close()
		if err := tables.Close(); err != nil {
			t.Error(err)
		}
	})
	all := map[string]string{"ours": server.URL}
	if url := os.Getenv(witness); url != "" {
		all["witness"] = url
	}
	return all
}

// options are those of a desk that nobody else uses.
func options(url string) remote.Options {
	account := fmt.Sprintf("%012d", 1+rand.Int64N(1e12-1))
	return remote.Options{Endpoint: url, Region: "eu-west-1", Account: account, Poll: time.Millisecond,
		Credentials: aws.Credentials{AccessKeyID: account, SecretAccessKey: "desk"}}
}

func call(t *testing.T, service awsapi.Service, operation, request string) string {
	t.Helper()
	response, err := service.Call(t.Context(), nil, operation, []byte(request))
	if err != nil {
		t.Fatalf("%s: %v", operation, err)
	}
	return string(response)
}

const createTable = `{"TableName":"events","AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST"`

func openDynamoDB(t *testing.T, o remote.Options) *remote.DynamoDB {
	d, err := remote.NewDynamoDB(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestChangesOfATable(t *testing.T) {
	for name, url := range endpoints(t, conformance.DynamoDBWitness) {
		t.Run(name, func(t *testing.T) {
			o := options(url)
			d := openDynamoDB(t, o)
			description := call(t, d, "CreateTable", createTable+"}")
			if own := `"arn:aws:dynamodb:eu-west-1:` + o.Account + `:table/events"`; !strings.Contains(description, own) {
				t.Errorf("no %s in %s", own, description)
			}
			call(t, d, "PutItem", `{"TableName":"events","Item":{"id":{"S":"before"}}}`)
			feed, err := d.Feed("events")
			if err != nil {
				t.Fatal(err)
			}
			second, err := d.Feed("events")
			if err != nil {
				t.Fatal(err)
			}
			defer second.Close()
			call(t, d, "PutItem", `{"TableName":"events","Item":{"id":{"S":"a"},"n":{"N":"1"}}}`)
			call(t, d, "PutItem", `{"TableName":"events","Item":{"id":{"S":"a"},"n":{"N":"1"}}}`)
			call(t, d, "PutItem", `{"TableName":"events","Item":{"id":{"S":"a"},"n":{"N":"2"}}}`)
			call(t, d, "DeleteItem", `{"TableName":"events","Key":{"id":{"S":"a"}}}`)
			want := []string{
				`INSERT {"id":{"S":"a"}} new {"id":{"S":"a"},"n":{"N":"1"}} old `,
				`MODIFY {"id":{"S":"a"}} new {"id":{"S":"a"},"n":{"N":"2"}} old {"id":{"S":"a"},"n":{"N":"1"}}`,
				`REMOVE {"id":{"S":"a"}} new  old {"id":{"S":"a"},"n":{"N":"2"}}`,
			}
			for _, f := range []*dynamodb.Feed{feed, second} {
				if diff := cmp.Diff(want, read(t, f, len(want))); diff != "" {
					t.Errorf("changes (-want +got):\n%s", diff)
				}
			}

			ended := make(chan error)
			go func() {
				_, err := feed.Next(context.Background(), 0)
				ended <- err
			}()
			feed.Close()
			if err := <-ended; err != dynamodb.ErrClosed {
				t.Errorf("Next of a closed feed: %v", err)
			}
			call(t, d, "DeleteTable", `{"TableName":"events"}`)
		})
	}
}

// read reads n changes of a feed and words them.
func read(t *testing.T, feed *dynamodb.Feed, n int) []string {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var got []string
	for len(got) < n {
		changes, err := feed.Next(ctx, 0)
		if err != nil {
			t.Fatalf("after %d changes: %v", len(got), err)
		}
		for _, c := range changes {
			if len(c.EventID) != 36 || c.Table != "events" || c.SizeBytes == 0 {
				t.Errorf("change %+v", c)
			}
			got = append(got, sorted(fmt.Sprintf("%s %s new %s old %s", c.EventName, c.Keys, c.NewImage, c.OldImage)))
		}
	}
	return got
}

// sorted undoes that endpoints order the two attributes of these items as they please.
func sorted(text string) string {
	for _, n := range []string{"1", "2"} {
		text = strings.ReplaceAll(text, `{"n":{"N":"`+n+`"},"id":{"S":"a"}}`, `{"id":{"S":"a"},"n":{"N":"`+n+`"}}`)
	}
	return text
}

func TestChangesOfATableWhoseStreamIsEmpty(t *testing.T) {
	for name, url := range endpoints(t, conformance.DynamoDBWitness) {
		t.Run(name, func(t *testing.T) {
			d := openDynamoDB(t, options(url))
			call(t, d, "CreateTable", createTable+`,"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"}}`)
			feed, err := d.Feed("events")
			if err != nil {
				t.Fatal(err)
			}
			defer feed.Close()
			call(t, d, "PutItem", `{"TableName":"events","Item":{"id":{"S":"a"},"n":{"N":"1"}}}`)
			want := []string{`INSERT {"id":{"S":"a"}} new {"id":{"S":"a"},"n":{"N":"1"}} old `}
			if diff := cmp.Diff(want, read(t, feed, 1)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStreamWithoutImagesIsRefused(t *testing.T) {
	d := openDynamoDB(t, options(endpoints(t, "")["ours"]))
	call(t, d, "CreateTable", createTable+`,"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"KEYS_ONLY"}}`)
	if _, err := d.Feed("events"); err == nil || !strings.Contains(err.Error(), "KEYS_ONLY") {
		t.Errorf("got %v", err)
	}
	if _, err := d.Feed("absent"); err == nil || !strings.Contains(err.Error(), "ResourceNotFoundException") {
		t.Errorf("got %v", err)
	}
}

func TestPermissionsAreChecked(t *testing.T) {
	d := openDynamoDB(t, options(endpoints(t, "")["ours"]))
	k, err := remote.NewKinesis(options(endpoints(t, "")["ours"]))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		service            awsapi.Service
		operation, request string
		want               []string
	}{
		{d, "PutItem", `{"TableName":"t"}`, []string{"dynamodb:PutItem table/t"}},
		{d, "BatchGetItem", `{"RequestItems":{"t":{}}}`, []string{"dynamodb:BatchGetItem table/t"}},
		{d, "TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"a"}},{"ConditionCheck":{"TableName":"b"}}]}`, []string{"dynamodb:PutItem table/a", "dynamodb:ConditionCheckItem table/b"}},
		{d, "ListTables", `{}`, []string{"dynamodb:ListTables table/*"}},
		{d.Streams(), "GetRecords", `{"ShardIterator":"arn:aws:dynamodb:x:1:table/t/stream/l|1"}`, []string{"dynamodb:GetRecords table/t/stream/l"}},
		{d.Streams(), "DescribeStream", `{"StreamArn":"arn:aws:dynamodb:x:1:table/t/stream/l"}`, []string{"dynamodb:DescribeStream table/t/stream/l"}},
		{k, "PutRecord", `{"StreamName":"s"}`, []string{"kinesis:PutRecord stream/s"}},
		{k, "ListStreams", `{}`, []string{"kinesis:ListStreams *"}},
	} {
		t.Run(row.operation, func(t *testing.T) {
			var asked []string
			denied := awsapi.Errorf("AccessDeniedException", "no")
			_, err := row.service.Call(t.Context(), func(action, resource string) error {
				if _, rest, ok := strings.Cut(resource, ":table/"); ok {
					resource = "table/" + rest
				} else if _, rest, ok := strings.Cut(resource, ":stream/"); ok {
					resource = "stream/" + rest
				}
				asked = append(asked, action+" "+resource)
				if len(asked) == len(row.want) {
					return denied
				}
				return nil
			}, row.operation, []byte(row.request))
			if err != error(denied) {
				t.Errorf("got %v, want the denial", err)
			}
			if diff := cmp.Diff(row.want, asked); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRecordsOfAStream(t *testing.T) {
	for name, url := range endpoints(t, conformance.KinesisWitness) {
		t.Run(name, func(t *testing.T) {
			k, err := remote.NewKinesis(options(url))
			if err != nil {
				t.Fatal(err)
			}
			call(t, k, "CreateStream", `{"StreamName":"s","ShardCount":1}`)
			var arn string
			for deadline := time.After(30 * time.Second); arn == ""; {
				out, err := k.DescribeStreamSummary(t.Context(), nil, &kinesis.DescribeStreamSummaryInput{StreamName: "s"})
				if err == nil && out.StreamDescriptionSummary.StreamStatus == "ACTIVE" {
					arn = out.StreamDescriptionSummary.StreamARN
				}
				select {
				case <-deadline:
					t.Fatal("the stream does not become active")
				default:
				}
			}
			if !strings.HasPrefix(arn, "arn:aws:kinesis:eu-west-1:") {
				t.Errorf("ARN %s", arn)
			}
			put, err := k.PutRecords(t.Context(), nil, &kinesis.PutRecordsInput{StreamARN: arn, Records: []kinesis.PutRecordsEntry{{Data: []byte("x"), PartitionKey: "k"}}})
			if err != nil || put.FailedRecordCount != 0 {
				t.Fatal(put, err)
			}
			shards, err := k.ListShards(t.Context(), nil, &kinesis.ListShardsInput{StreamARN: arn})
			if err != nil || len(shards.Shards) != 1 {
				t.Fatal(shards, err)
			}
			iterator, err := k.GetShardIterator(t.Context(), nil, &kinesis.GetShardIteratorInput{StreamARN: arn, ShardId: shards.Shards[0].ShardId, ShardIteratorType: "TRIM_HORIZON"})
			if err != nil {
				t.Fatal(err)
			}
			records, err := k.GetRecords(t.Context(), nil, &kinesis.GetRecordsInput{ShardIterator: iterator.ShardIterator, StreamARN: arn})
			if err != nil || len(records.Records) != 1 || string(records.Records[0].Data) != "x" || records.Records[0].SequenceNumber != put.Records[0].SequenceNumber {
				t.Errorf("got %+v, %v", records, err)
			}
		})
	}
}

func TestEndpointThatIsNone(t *testing.T) {
	for _, url := range []string{"", "127.0.0.1:8000", "ftp://127.0.0.1"} {
		if _, err := remote.NewDynamoDB(remote.Options{Endpoint: url}); err == nil {
			t.Errorf("%q is accepted", url)
		}
	}
	k, err := remote.NewKinesis(remote.Options{Endpoint: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Call(t.Context(), nil, "ListStreams", []byte("{}")); err == nil {
		t.Error("no error though nobody is there")
	}
}
