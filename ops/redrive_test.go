package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streamstypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
)

// waiting is how many messages a queue holds, and how many of them are visible.
func (b *bench) waiting(queue string) (total, visible string) {
	b.t.Helper()
	out, err := b.SQS.GetQueueAttributes(b.t.Context(), &awssqs.GetQueueAttributesInput{
		QueueUrl: aws.String(b.AWSEndpoint + "/000000000000/" + queue), AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll},
	})
	b.must(err)
	hidden := out.Attributes["ApproximateNumberOfMessagesNotVisible"]
	visible = out.Attributes["ApproximateNumberOfMessages"]
	if hidden != "0" {
		return visible + "+" + hidden, visible
	}
	return visible, visible
}

func TestRedriveSendsAgainThenDeletes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	dead, delivered := b.place(1), b.place(1)
	b.deliver(func(data string) bool { return strings.Contains(data, dead) })
	b.letterFor(dead)
	b.letterFor(delivered)

	code, lines := b.json("redrive", "-dry-run")
	want := map[string]any{"letters": 2, "sent": 1, "delivered": 1, "deleted": 2, "kept": 0, "dryRun": true}
	if diff := cmp.Diff(want, pick(lines[len(lines)-1], "letters", "sent", "delivered", "deleted", "kept", "dryRun")); diff != "" || code != exitDone {
		t.Errorf("dry run: exit code %d, summary (-want +got):\n%s", code, diff)
	}
	if total, visible := b.waiting("dead"); total != "2" || visible != "2" {
		t.Errorf("after a dry run %s letters are waiting, %s of them visible", total, visible)
	}
	if b.deliver(nil); b.state(dead) != "none" {
		t.Error("a dry run sent something")
	}

	code, out := b.ops("redrive")
	if code != exitDone || !strings.Contains(out, "2 dead letters: 1 event sent again, 0 put back, 1 delivered already; 2 letters deleted, 0 kept") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	b.deliver(nil)
	if got := b.state(dead); got != "1 REQUESTED" {
		t.Errorf("the order is %s", got)
	}
	if total, _ := b.waiting("dead"); total != "0" {
		t.Errorf("%s letters are left", total)
	}
	if code, out := b.ops("redrive"); code != exitDone || !strings.Contains(out, "no dead letters") {
		t.Errorf("without letters: exit code %d:\n%s", code, out)
	}
}

func TestRedriveKeepsWhatItCannotSettle(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	expired, lost := b.place(1), b.place(1)
	b.letterFor(expired)
	b.pass(25 * time.Hour) // the stream keeps records for a day
	b.letterFor(lost)      // finds nothing: its record is gone as well
	dead := b.place(1)
	b.letterFor(dead)
	b.remove(dead, 1)
	b.send("dead", `{"hello":"world"}`)

	code, lines := b.json("redrive")
	why := map[string]bool{}
	for _, line := range lines[:len(lines)-1] {
		if line["action"] != "kept" {
			t.Errorf("a letter was %v: %v", line["action"], line)
		}
		text, _ := line["why"].(string)
		why[text[:min(len(text), 40)]] = true
	}
	want := map[string]bool{
		"because the stream no longer has all of i": true, "because the outbox does not have all of ": true,
		"not a dead letter: it has neither Kinesis": true,
	}
	for text := range want {
		if !why[text[:40]] {
			t.Errorf("no letter was kept %q: %v", text, why)
		}
	}
	if total, visible := b.waiting("dead"); code != exitLeft || total != "3" || visible != "3" {
		t.Errorf("exit code %d; %s letters are left, %s of them visible", code, total, visible)
	}
	if code, out := b.ops("redrive", "-discard"); code != exitDone || !strings.Contains(out, "discarded") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if total, _ := b.waiting("dead"); total != "0" {
		t.Errorf("%s letters are left", total)
	}
}

// auditLetters sends a letter about every record of the events table's stream.
func (b *bench) auditLetter() {
	b.t.Helper()
	ctx := b.t.Context()
	d, err := b.describeEvents(ctx)
	b.must(err)
	for _, shard := range d.shards {
		b.send("audit-dead", strings.NewReplacer(
			"KinesisBatchInfo", "DDBStreamBatchInfo", b.streamARN(), d.arn, "T12:00:00.000Z", "T12:00:00Z",
		).Replace(b.letter(shard.id, shard.first)))
	}
}

func TestRedrivePutsBackWhatTheAuditorCouldNot(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	undelivered, delivered := b.place(1), b.place(1)
	b.deliver(func(data string) bool { return strings.Contains(data, undelivered) })
	b.pass(eventsLive + time.Hour)
	if n := b.tables.ExpireDue(b.now()); n != 2 {
		t.Fatalf("%d events expired", n)
	}
	b.auditLetter()
	code, lines := b.json("redrive")
	want := map[string]any{"letters": 2, "restored": 1, "delivered": 1, "deleted": 2, "kept": 0}
	if diff := cmp.Diff(want, pick(lines[len(lines)-1], "letters", "restored", "delivered", "deleted", "kept")); diff != "" || code != exitDone {
		t.Errorf("exit code %d, summary (-want +got):\n%s", code, diff)
	}
	b.deliver(nil)
	if got := b.state(undelivered); got != "1 REQUESTED" {
		t.Errorf("order %s is %s", undelivered, got)
	}
	if _, gone := b.json("trace", "-order", delivered); gone[0]["verdict"] != "delivered" {
		t.Errorf("order %s is %v", delivered, gone[0]["verdict"])
	}
}

type tableStream struct {
	arn    string
	shards []struct{ id, first string }
}

// describeEvents finds the expiries in the events table's stream.
func (b *bench) describeEvents(ctx context.Context) (*tableStream, error) {
	table, err := b.DynamoDB.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String("events")})
	if err != nil {
		return nil, err
	}
	s := &tableStream{arn: aws.ToString(table.Table.LatestStreamArn)}
	out, err := b.Streams.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: aws.String(s.arn)})
	if err != nil {
		return nil, err
	}
	for _, shard := range out.StreamDescription.Shards {
		start, err := b.Streams.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{
			StreamArn: aws.String(s.arn), ShardId: shard.ShardId, ShardIteratorType: streamstypes.ShardIteratorTypeTrimHorizon,
		})
		if err != nil {
			return nil, err
		}
		records, err := b.Streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: start.ShardIterator})
		if err != nil {
			return nil, err
		}
		for i := range records.Records {
			if r := &records.Records[i]; r.UserIdentity != nil {
				s.shards = append(s.shards, struct{ id, first string }{aws.ToString(shard.ShardId), aws.ToString(r.Dynamodb.SequenceNumber)})
			}
		}
	}
	return s, nil
}
