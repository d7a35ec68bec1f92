package dynamodb_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type streamRecord struct {
	EventID, EventName, EventSource, EventVersion, AWSRegion string
	UserIdentity                                             map[string]string
	DynamoDB                                                 struct {
		ApproximateCreationDateTime    float64
		Keys, NewImage, OldImage       map[string]map[string]string
		SequenceNumber, StreamViewType string
		SizeBytes                      int
	}
}

// ask performs an operation that must succeed and decodes its response.
func ask[T any](t testing.TB, got string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(got), &v); err != nil {
		t.Fatalf("%s: %v", got, err)
	}
	return v
}

type page struct {
	Records           []streamRecord
	NextShardIterator string
}

func summary(records []streamRecord) string {
	var out []string
	for _, r := range records {
		out = append(out, r.EventName+" "+r.DynamoDB.Keys["pk"]["S"])
	}
	return strings.Join(out, ", ")
}

func TestStreams(t *testing.T) {
	e, clock := newEngine(t)
	must(t, e, "UpdateTable", `{"TableName":"hash","StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"}}`)
	arn := ask[struct{ Streams []struct{ StreamArn string } }](t, call(e, "ListStreams", `{"TableName":"hash"}`)).Streams[0].StreamArn
	if want := "arn:aws:dynamodb:eu-central-1:000000000000:table/hash/stream/2026-11-24T12:00:00.250"; arn != want {
		t.Errorf("got %s, want %s", arn, want)
	}
	type description struct {
		StreamDescription struct {
			StreamStatus, StreamViewType string
			Shards                       []struct {
				ShardId             string
				SequenceNumberRange struct{ StartingSequenceNumber, EndingSequenceNumber string }
			}
		}
	}
	describe := func() description {
		return ask[description](t, call(e, "DescribeStream", `{"StreamArn":"`+arn+`"}`))
	}
	shard := describe().StreamDescription.Shards[0].ShardId
	iterator := func(kind, more string) string {
		return ask[struct{ ShardIterator string }](t, call(e, "GetShardIterator", fmt.Sprintf(`{"StreamArn":"%s","ShardId":"%s","ShardIteratorType":"%s"%s}`, arn, shard, kind, more))).ShardIterator
	}
	read := func(iterator, more string) page {
		return ask[page](t, call(e, "GetRecords", `{"ShardIterator":"`+iterator+`"`+more+`}`))
	}
	must(t, e, "UpdateTimeToLive", `{"TableName":"hash","TimeToLiveSpecification":{"Enabled":true,"AttributeName":"due"}}`)
	must(t, e, "PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"}}}`)
	must(t, e, "PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"},"due":{"N":"1795521600"}}}`)
	e.ExpireDue(clock.now)
	must(t, e, "PutItem", `{"TableName":"hash","Item":{"pk":{"S":"b"}}}`)

	first := read(iterator("TRIM_HORIZON", ""), `,"Limit":3`)
	if got, want := summary(first.Records), "INSERT a, MODIFY a, REMOVE a"; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	r := first.Records[2]
	if diff := cmp.Diff(map[string]string{"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}, r.UserIdentity); diff != "" {
		t.Errorf("user identity of a removal by time to live (-want +got):\n%s", diff)
	}
	if r.DynamoDB.ApproximateCreationDateTime != 1795521600 || r.EventVersion != "1.1" || r.EventSource != "aws:dynamodb" || r.AWSRegion != "eu-central-1" || len(r.EventID) != 32 {
		t.Errorf("got %+v", r)
	}
	if got := first.Records[0].UserIdentity; got != nil {
		t.Errorf("user identity of a put: %v", got)
	}
	if got, want := summary(read(first.NextShardIterator, "").Records), "INSERT b"; got != want {
		t.Errorf("next page: got %s, want %s", got, want)
	}
	number := `,"SequenceNumber":"` + first.Records[1].DynamoDB.SequenceNumber + `"`
	if got, want := summary(read(iterator("AT_SEQUENCE_NUMBER", number), "").Records), "MODIFY a, REMOVE a, INSERT b"; got != want {
		t.Errorf("at: got %s, want %s", got, want)
	}
	if got, want := summary(read(iterator("AFTER_SEQUENCE_NUMBER", number), "").Records), "REMOVE a, INSERT b"; got != want {
		t.Errorf("after: got %s, want %s", got, want)
	}
	latest := iterator("LATEST", "")
	if got := read(latest, ""); len(got.Records) != 0 || got.NextShardIterator == "" {
		t.Errorf("latest: got %+v", got)
	}
	must(t, e, "DeleteItem", `{"TableName":"hash","Key":{"pk":{"S":"b"}}}`)
	if got, want := summary(read(latest, "").Records), "REMOVE b"; got != want {
		t.Errorf("latest: got %s, want %s", got, want)
	}

	must(t, e, "UpdateTable", `{"TableName":"hash","StreamSpecification":{"StreamEnabled":false}}`)
	must(t, e, "PutItem", `{"TableName":"hash","Item":{"pk":{"S":"unseen"}}}`)
	if got := read(latest, ""); summary(got.Records) != "REMOVE b" || got.NextShardIterator != "" {
		t.Errorf("end of a disabled stream: got %+v", got)
	}
	if d := describe().StreamDescription; d.StreamStatus != "DISABLED" || d.Shards[0].SequenceNumberRange.EndingSequenceNumber == "" {
		t.Errorf("got %+v", d)
	}

	clock.now = clock.now.Add(16 * time.Minute)
	if got := call(e, "GetRecords", `{"ShardIterator":"`+latest+`"}`); !strings.HasPrefix(got, "ExpiredIteratorException") {
		t.Errorf("old iterator: got %s", got)
	}
	clock.now = clock.now.Add(24 * time.Hour)
	e.ExpireDue(clock.now)
	if got := call(e, "DescribeStream", `{"StreamArn":"`+arn+`"}`); got != "ResourceNotFoundException: Requested resource not found: Stream: "+arn+" not found" {
		t.Errorf("a day later: got %s", got)
	}
}

func TestStreamViews(t *testing.T) {
	for view, want := range map[string]struct {
		new, old bool
		size     int
	}{"KEYS_ONLY": {false, false, 3}, "NEW_IMAGE": {true, false, 9}, "OLD_IMAGE": {false, true, 6}, "NEW_AND_OLD_IMAGES": {true, true, 12}} {
		e, _ := newEngine(t)
		must(t, e, "PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"}}}`)
		must(t, e, "UpdateTable", `{"TableName":"hash","StreamSpecification":{"StreamEnabled":true,"StreamViewType":"`+view+`"}}`)
		must(t, e, "PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"},"x":{"S":"yy"}}}`)
		arn := ask[struct{ Streams []struct{ StreamArn string } }](t, call(e, "ListStreams", `{}`)).Streams[0].StreamArn
		shard := ask[struct {
			StreamDescription struct{ Shards []struct{ ShardId string } }
		}](t, call(e, "DescribeStream", `{"StreamArn":"`+arn+`"}`)).StreamDescription.Shards[0].ShardId
		it := ask[struct{ ShardIterator string }](t, call(e, "GetShardIterator", `{"StreamArn":"`+arn+`","ShardId":"`+shard+`","ShardIteratorType":"TRIM_HORIZON"}`)).ShardIterator
		r := ask[page](t, call(e, "GetRecords", `{"ShardIterator":"`+it+`"}`)).Records[0].DynamoDB
		if (r.NewImage != nil) != want.new || (r.OldImage != nil) != want.old || r.SizeBytes != want.size || r.StreamViewType != view {
			t.Errorf("%s: got %+v", view, r)
		}
	}
}
