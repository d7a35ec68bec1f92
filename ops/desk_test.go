package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"transactional-outbox/handlers/change"
	"transactional-outbox/handlers/fold"
	"transactional-outbox/handlers/outbox"
	"transactional-outbox/handlers/projection"
	"transactional-outbox/local/awsapi"
	localdynamodb "transactional-outbox/local/dynamodb"
	localkinesis "transactional-outbox/local/kinesis"
	"transactional-outbox/local/replication"
	localsqs "transactional-outbox/local/sqs"
	"transactional-outbox/ops/stage"
)

// A bench is the desk's engines with the tables, the stream and the queues of a stage, and a consumer that reads the stream when told.
type bench struct {
	t       testing.TB
	tables  *localdynamodb.Engine
	records *localkinesis.Engine
	*stage.Stage
	outputs string // file
	ahead   atomic.Int64

	destination *replication.Destination
	read        map[string]*string // last records read, by shard
	consumer    *projection.Consumer
	placed      int
}

const region = "eu-central-1"

// retention of events on the bench.
const eventsLive = 30 * 24 * time.Hour

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{t: t, read: map[string]*string{}}
	b.tables = localdynamodb.New(&localdynamodb.Options{Region: region, Clock: b.now, ExpireEvery: -1})
	b.records = localkinesis.New(&localkinesis.Options{Region: region, Clock: b.now})
	queues := localsqs.New(&localsqs.Options{Region: region, Clock: b.now})
	server := httptest.NewServer(awsapi.NewHandler(&awsapi.Options{Services: map[string]awsapi.Service{
		awsapi.DynamoDB: b.tables, awsapi.DynamoDBStreams: b.tables.Streams(), awsapi.Kinesis: b.records, awsapi.SQS: queues,
	}}))
	t.Cleanup(func() {
		server.Close()
		b.tables.Close()
	})
	queues.SetEndpoint(server.URL)
	out := stage.Outputs{
		Stage: "bench", Region: region, OrdersTable: "orders", EventsTable: "events", FulfilmentsTable: "fulfilments", StreamName: "stream",
		DeadLetterQueueURL: server.URL + "/000000000000/dead", AuditorDeadLetterQueueURL: server.URL + "/000000000000/audit-dead", AWSEndpoint: server.URL,
	}
	var err error
	if b.Stage, err = stage.Connect(&out, func(string) string { return "" }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Stage.Close)
	b.create()
	b.consumer = projection.New(b.DynamoDB, "events", "fulfilments", fold.Rule(), &projection.Options{Now: b.now})
	text, err := json.Marshal(map[string]any{
		"stage": "bench", "region": region, "ordersTable": "orders", "eventsTable": "events", "fulfilmentsTable": "fulfilments",
		"streamName": "stream", "streamArn": b.streamARN(), "deadLetterQueueUrl": out.DeadLetterQueueURL,
		"auditorDeadLetterQueueUrl": out.AuditorDeadLetterQueueURL, "consumerMappingId": "11111111-2222-4333-8444-555555555555",
		"awsEndpoint": server.URL, "functions": map[string]string{},
	})
	b.must(err)
	b.outputs = filepath.Join(t.TempDir(), "outputs.json")
	b.must(os.WriteFile(b.outputs, text, 0o600))
	return b
}

// now is the bench's time, which runs and can be put forward.
func (b *bench) now() time.Time { return time.Now().Add(time.Duration(b.ahead.Load())) }

func (b *bench) pass(d time.Duration) { b.ahead.Add(int64(d)) }

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) streamARN() string {
	return "arn:aws:kinesis:" + region + ":000000000000:stream/stream"
}

func (b *bench) create() {
	ctx := b.t.Context()
	hash := types.KeySchemaElement{AttributeName: aws.String("orderId"), KeyType: types.KeyTypeHash}
	order := types.AttributeDefinition{AttributeName: aws.String("orderId"), AttributeType: types.ScalarAttributeTypeS}
	for _, name := range []string{"orders", "fulfilments"} {
		_, err := b.DynamoDB.CreateTable(ctx, &dynamodb.CreateTableInput{
			TableName: aws.String(name), BillingMode: types.BillingModePayPerRequest,
			KeySchema: []types.KeySchemaElement{hash}, AttributeDefinitions: []types.AttributeDefinition{order},
		})
		b.must(err)
	}
	_, err := b.DynamoDB.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: aws.String("events"), BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{hash, {AttributeName: aws.String("sequence"), KeyType: types.KeyTypeRange}},
		AttributeDefinitions: []types.AttributeDefinition{order, {AttributeName: aws.String("sequence"), AttributeType: types.ScalarAttributeTypeN}},
		StreamSpecification:  &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages},
	})
	b.must(err)
	_, err = b.DynamoDB.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName:               aws.String("events"),
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("expiresAt"), Enabled: aws.Bool(true)},
	})
	b.must(err)
	_, err = b.Kinesis.CreateStream(ctx, &awskinesis.CreateStreamInput{StreamName: aws.String("stream"), ShardCount: aws.Int32(4)})
	b.must(err)
	for _, name := range []string{"dead", "audit-dead"} {
		_, err = b.SQS.CreateQueue(ctx, &awssqs.CreateQueueInput{QueueName: aws.String(name)})
		b.must(err)
	}
	b.replicate()
}

// replicate starts to copy changes of the outbox to the stream.
func (b *bench) replicate() {
	feed, err := b.tables.Feed("events")
	b.must(err)
	b.destination, err = replication.Enable(feed, b.records, b.streamARN(), &replication.Options{
		Precision: replication.Microsecond, Duplicate: -1, Clock: b.now,
	})
	b.must(err)
	b.t.Cleanup(func() { b.destination.Disable() })
}

// copied waits until every change is in the stream: one more, of an order that is none of the test's, is the last to arrive.
func (b *bench) copied() {
	b.t.Helper()
	const marker = "00000000000000000000000000"
	deadline := time.Now().Add(10 * time.Second)
	number := fmt.Sprintf("nonce-%d", time.Now().UnixNano())
	e := b.event(marker, 1)
	e.Data = number
	b.put(e, e.Type)
	defer func() {
		_, err := b.DynamoDB.DeleteItem(b.t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String("events"), Key: eventKey(marker, 1)})
		b.must(err)
	}()
	for time.Now().Before(deadline) {
		for _, r := range b.readAll(map[string]*string{}) {
			if strings.Contains(string(r.Data), number) {
				return
			}
		}
	}
	b.t.Fatal("the stream does not catch up")
}

// readAll reads the stream behind the last records that after names, shard by shard, and moves them.
func (b *bench) readAll(after map[string]*string) []kinesistypes.Record {
	b.t.Helper()
	ctx := b.t.Context()
	shards, err := b.Kinesis.ListShards(ctx, &awskinesis.ListShardsInput{StreamName: aws.String("stream")})
	b.must(err)
	var all []kinesistypes.Record
	for _, shard := range shards.Shards {
		in := &awskinesis.GetShardIteratorInput{
			StreamName: aws.String("stream"), ShardId: shard.ShardId, ShardIteratorType: kinesistypes.ShardIteratorTypeTrimHorizon,
		}
		if last := after[*shard.ShardId]; last != nil {
			in.ShardIteratorType, in.StartingSequenceNumber = kinesistypes.ShardIteratorTypeAfterSequenceNumber, last
		}
		start, err := b.Kinesis.GetShardIterator(ctx, in)
		b.must(err)
		for iterator := start.ShardIterator; ; {
			out, err := b.Kinesis.GetRecords(ctx, &awskinesis.GetRecordsInput{ShardIterator: iterator})
			b.must(err)
			if len(out.Records) == 0 {
				break
			}
			all = append(all, out.Records...)
			after[*shard.ShardId] = out.Records[len(out.Records)-1].SequenceNumber
			iterator = out.NextShardIterator
		}
	}
	return all
}

// deliver has the consumer read what is new in the stream, but for the records that drop wants lost.
func (b *bench) deliver(drop func(data string) bool) {
	b.t.Helper()
	b.copied()
	var batch []change.Delivery
	for _, r := range b.readAll(b.read) {
		if drop != nil && drop(string(r.Data)) {
			continue
		}
		batch = append(batch, change.Delivery{SequenceNumber: aws.ToString(r.SequenceNumber), Data: string(r.Data)})
	}
	if out := b.consumer.Consume(b.t.Context(), batch); out.Failed > 0 {
		b.t.Fatalf("the consumer failed %d of %d records", out.Failed, out.Records)
	}
}

func everything(string) bool { return true }

// place writes the events of an order: placed, and cancelled if there are two.
func (b *bench) place(events int) (orderID string) {
	b.t.Helper()
	b.placed++
	orderID = fmt.Sprintf("01ORDER%019d", b.placed)
	for sequence := int64(1); sequence <= int64(events); sequence++ {
		e := b.event(orderID, sequence)
		_, err := b.DynamoDB.PutItem(b.t.Context(), &dynamodb.PutItemInput{TableName: aws.String("events"), Item: e.Item()})
		b.must(err)
	}
	status := "PLACED"
	if events > 1 {
		status = "CANCELLED"
	}
	_, err := b.DynamoDB.PutItem(b.t.Context(), &dynamodb.PutItemInput{TableName: aws.String("orders"), Item: map[string]types.AttributeValue{
		"orderId": &types.AttributeValueMemberS{Value: orderID}, "status": &types.AttributeValueMemberS{Value: status},
		"version":   &types.AttributeValueMemberN{Value: fmt.Sprint(events)},
		"createdAt": &types.AttributeValueMemberS{Value: outbox.FormatTime(b.now())},
		"updatedAt": &types.AttributeValueMemberS{Value: outbox.FormatTime(b.now())},
	}})
	b.must(err)
	return orderID
}

func (b *bench) event(orderID string, sequence int64) *outbox.Event {
	kind := "order.placed"
	if sequence > 1 {
		kind = "order.cancelled"
	}
	now := b.now().UTC().Truncate(time.Microsecond)
	return &outbox.Event{
		OrderID: orderID, Sequence: sequence, ID: fmt.Sprintf("01EVENT%s%d", orderID[7:], sequence), Source: "/bench", Type: kind, Time: now,
		DataContentType: outbox.ContentType, Data: `{"orderId":"` + orderID + `"}`, ExpiresAt: now.Add(eventsLive).Truncate(time.Second),
	}
}

func eventKey(orderID string, sequence int64) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"orderId": &types.AttributeValueMemberS{Value: orderID}, "sequence": &types.AttributeValueMemberN{Value: fmt.Sprint(sequence)},
	}
}

// remove deletes an event from the outbox, as if it had never been.
func (b *bench) remove(orderID string, sequence int64) {
	_, err := b.DynamoDB.DeleteItem(b.t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String("events"), Key: eventKey(orderID, sequence)})
	b.must(err)
}

// state is the consumer's of an order, written as position and status, with the reason if it is parked.
func (b *bench) state(orderID string) string {
	b.t.Helper()
	out, err := b.DynamoDB.GetItem(b.t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String("fulfilments"), Key: map[string]types.AttributeValue{"orderId": &types.AttributeValueMemberS{Value: orderID}},
	})
	b.must(err)
	if len(out.Item) == 0 {
		return "none"
	}
	s, err := projection.StateFromItem(out.Item)
	b.must(err)
	text := fmt.Sprintf("%d %s", s.LastSequence, cmp.Or(s.Status, "NOTHING"))
	if s.Parked != nil {
		text += " parked " + string(s.Parked.Reason)
	}
	return text
}

// letterFor sends a dead letter about the records of the stream that contain text, or about one that never was.
func (b *bench) letterFor(text string) {
	b.t.Helper()
	b.copied()
	shards, err := b.Kinesis.ListShards(b.t.Context(), &awskinesis.ListShardsInput{StreamName: aws.String("stream")})
	b.must(err)
	for _, shard := range shards.Shards {
		start, err := b.Kinesis.GetShardIterator(b.t.Context(), &awskinesis.GetShardIteratorInput{
			StreamName: aws.String("stream"), ShardId: shard.ShardId, ShardIteratorType: kinesistypes.ShardIteratorTypeTrimHorizon,
		})
		b.must(err)
		out, err := b.Kinesis.GetRecords(b.t.Context(), &awskinesis.GetRecordsInput{ShardIterator: start.ShardIterator})
		b.must(err)
		for _, r := range out.Records {
			if strings.Contains(string(r.Data), text) {
				b.send("dead", b.letter(aws.ToString(shard.ShardId), aws.ToString(r.SequenceNumber)))
			}
		}
	}
}

func (b *bench) letter(shardID, number string) string {
	return fmt.Sprintf(`{"requestContext":{"requestId":"3e0a5f7a-0000-4000-8000-000000000001","functionArn":"arn:aws:lambda:%[4]s:000000000000:function:fulfilment","condition":"RetryAttemptsExhausted","approximateInvokeCount":4},`+
		`"responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},"version":"1.0","timestamp":"2026-11-24T12:00:00.000Z",`+
		`"KinesisBatchInfo":{"shardId":"%[1]s","startSequenceNumber":"%[2]s","endSequenceNumber":"%[2]s","approximateArrivalOfFirstRecord":"2026-11-24T12:00:00.000Z",`+
		`"approximateArrivalOfLastRecord":"2026-11-24T12:00:00.000Z","batchSize":1,"streamArn":"%[3]s"}}`, shardID, number, b.streamARN(), region)
}

func (b *bench) send(queue, body string) {
	_, err := b.SQS.SendMessage(b.t.Context(), &awssqs.SendMessageInput{
		QueueUrl: aws.String(b.AWSEndpoint + "/000000000000/" + queue), MessageBody: aws.String(body),
	})
	b.must(err)
}

// ops runs a command against the bench and returns its exit code and what it printed.
func (b *bench) ops(args ...string) (code int, out string) {
	b.t.Helper()
	var stdout, stderr strings.Builder
	p := &program{now: b.now, getenv: func(string) string { return "" }, out: &stdout, errs: &stderr}
	code = p.exec(context.Background(), slices.Concat(args[:1], []string{"-outputs", b.outputs}, args[1:]))
	return code, stdout.String() + stderr.String()
}

// json runs a command with -json and returns its exit code and the lines.
func (b *bench) json(args ...string) (code int, lines []map[string]any) {
	b.t.Helper()
	code, out := b.ops(append(args, "-json")...)
	for text := range strings.Lines(out) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			b.t.Fatalf("%v printed %q: %v", args, out, err)
		}
		lines = append(lines, line)
	}
	return code, lines
}

// put writes an event with a type of choice.
func (b *bench) put(e *outbox.Event, kind string) {
	e.Type = kind
	_, err := b.DynamoDB.PutItem(b.t.Context(), &dynamodb.PutItemInput{TableName: aws.String("events"), Item: e.Item()})
	b.must(err)
}

// cancel adds the second event of an order.
func (b *bench) cancel(orderID string) { b.put(b.event(orderID, 2), "order.cancelled") }
