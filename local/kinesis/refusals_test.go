package kinesis_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/kinesis"
)

func TestRefusals(t *testing.T) {
	const shard = `"StreamName":"s","ShardId":"shardId-000000000000"`
	e := newEngine(t, nil).create("2")
	e.do("CreateStream", `{"StreamName":"od","StreamModeDetails":{"StreamMode":"ON_DEMAND"}}`)
	other := decode[kinesis.PutRecordsResult](t, e.do("PutRecord", `{"StreamName":"od","PartitionKey":"a","ExplicitHashKey":"0","Data":""}`)).SequenceNumber
	upper := decode[kinesis.PutRecordsResult](t, e.do("PutRecord", `{"StreamName":"s","PartitionKey":"a","ExplicitHashKey":"`+half+`","Data":""}`)).SequenceNumber
	large := base64.StdEncoding.EncodeToString(make([]byte, 1<<20))
	tests := []struct{ name, operation, request, want string }{
		{"enhanced fan-out", "SubscribeToShard", `{}`, "UnknownOperationException: The operation SubscribeToShard is not supported here."},
		{"registering a consumer", "RegisterStreamConsumer", `{}`, "UnknownOperationException: The operation RegisterStreamConsumer is not supported here."},
		{"unknown member", "CreateStream", `{"StreamName":"x","WarmThroughputMiBps":1}`, "ValidationException: The member /WarmThroughputMiBps of CreateStream is not supported here."},
		{"stream that is not there", "PutRecord", `{"StreamName":"x","PartitionKey":"k","Data":""}`, "ResourceNotFoundException: Stream x under account 000000000000 not found."},
		{"arn that is not there", "DescribeStream", `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/x"}`, "ResourceNotFoundException: Stream x under account 000000000000 not found."},
		{"arn of another region", "DescribeStream", `{"StreamARN":"arn:aws:kinesis:eu-west-1:000000000000:stream/s"}`, "ResourceNotFoundException: Stream s under account 000000000000 not found."},
		{"stream that is there", "CreateStream", `{"StreamName":"s","ShardCount":1}`, "ResourceInUseException: Stream s under account 000000000000 already exists."},
		{"shards of an on-demand stream", "CreateStream", `{"StreamName":"x","ShardCount":1,"StreamModeDetails":{"StreamMode":"ON_DEMAND"}}`, "ValidationException: ShardCount must not be specified for a stream in ON_DEMAND mode."},
		{"stream name", "CreateStream", `{"StreamName":"a b","ShardCount":0}`, "ValidationException: 2 validation errors detected: " +
			"Value 'a b' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; " +
			"Value '0' at 'shardCount' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"empty partition key", "PutRecords", `{"StreamName":"s","Records":[{"Data":"","PartitionKey":"a"},{"Data":"","PartitionKey":""}]}`,
			"ValidationException: 1 validation error detected: Value null at 'records.2.member.partitionKey' failed to satisfy constraint: Member must not be null"},
		{"record over 1 MiB", "PutRecord", `{"StreamName":"s","PartitionKey":"k","Data":"` + large + `"}`,
			"ValidationException: 1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=1048576 cap=1048576]' at 'data' failed to satisfy constraint: Member must have length less than or equal to 1048576"},
		{"no records", "PutRecords", `{"StreamName":"s","Records":[]}`,
			"ValidationException: 1 validation error detected: Value '[]' at 'records' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"hash key out of range", "PutRecord", `{"StreamName":"s","PartitionKey":"k","Data":"","ExplicitHashKey":"340282366920938463463374607431768211456"}`,
			"InvalidArgumentException: Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was 340282366920938463463374607431768211456"},
		{"iterator type", "GetShardIterator", `{` + shard + `,"ShardIteratorType":"OLDEST"}`, "ValidationException: 1 validation error detected: Value 'OLDEST' at 'shardIteratorType' failed to satisfy constraint: " +
			"Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]"},
		{"shard that is not there", "GetShardIterator", `{"StreamName":"s","ShardId":"shardId-000000000009","ShardIteratorType":"LATEST"}`,
			"ResourceNotFoundException: Shard shardId-000000000009 in stream s under account 000000000000 does not exist"},
		{"no sequence number", "GetShardIterator", `{` + shard + `,"ShardIteratorType":"AT_SEQUENCE_NUMBER"}`,
			"InvalidArgumentException: Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified AT_SEQUENCE_NUMBER and no StartingSequenceNumber."},
		{"sequence number that is none", "GetShardIterator", `{` + shard + `,"ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"5"}`,
			"InvalidArgumentException: StartingSequenceNumber 5 used in GetShardIterator on shard shardId-000000000000 in stream s under account 000000000000 is invalid."},
		{"sequence number of another stream", "GetShardIterator", `{` + shard + `,"ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"` + other + `"}`,
			"InvalidArgumentException: StartingSequenceNumber " + other + " used in GetShardIterator on shard shardId-000000000000 in stream s under account 000000000000 is invalid because it did not come from this stream."},
		{"sequence number of another shard", "GetShardIterator", `{` + shard + `,"ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"` + upper + `"}`,
			"InvalidArgumentException: Invalid StartingSequenceNumber. It encodes shardId-000000000001, while it was used in a call to a shard with shardId-000000000000"},
		{"no timestamp", "GetShardIterator", `{` + shard + `,"ShardIteratorType":"AT_TIMESTAMP"}`,
			"InvalidArgumentException: Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter."},
		{"iterator", "GetRecords", `{"ShardIterator":"AAAA"}`, "InvalidArgumentException: Invalid ShardIterator."},
		{"limit", "GetRecords", `{"ShardIterator":"AAAA","Limit":10001}`,
			"ValidationException: 1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000"},
		{"not adjacent", "MergeShards", `{"StreamName":"s","ShardToMerge":"1","AdjacentShardToMerge":"0"}`,
			"InvalidArgumentException: Shards shardId-000000000001 and shardId-000000000000 in stream s under account 000000000000 are not an adjacent pair of shards eligible for merging"},
		{"split outside", "SplitShard", `{"StreamName":"s","ShardToSplit":"0","NewStartingHashKey":"1"}`,
			"InvalidArgumentException: NewStartingHashKey 1 used in SplitShard() on shard shardId-000000000000 in stream s under account 000000000000 is not both greater than one plus the shard's StartingHashKey 0 and less than the shard's EndingHashKey " + low + "."},
		{"split of what is not there", "SplitShard", `{"StreamName":"s","ShardToSplit":"7","NewStartingHashKey":"1"}`,
			"ResourceNotFoundException: Could not find shard shardId-000000000007 in stream s under account 000000000000."},
		{"retention too short", "DecreaseStreamRetentionPeriod", `{"StreamName":"s","RetentionPeriodHours":23}`,
			"InvalidArgumentException: Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short."},
		{"retention the wrong way", "DecreaseStreamRetentionPeriod", `{"StreamName":"s","RetentionPeriodHours":25}`,
			"InvalidArgumentException: Requested retention period (25 hours) for stream s can not be longer than existing retention period (24 hours). Use IncreaseRetentionPeriod API."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, engine{e.Engine, t}.refuse(tt.operation, tt.request)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSettingsAreDescribed(t *testing.T) {
	e := newEngine(t, nil).create("1")
	const arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
	e.do("StartStreamEncryption", `{"StreamName":"s","EncryptionType":"KMS","KeyId":"alias/aws/kinesis"}`)
	e.do("UpdateStreamMode", `{"StreamARN":"`+arn+`","StreamModeDetails":{"StreamMode":"ON_DEMAND"}}`)
	e.do("AddTagsToStream", `{"StreamName":"s","Tags":{"a":"1","b":"2"}}`)
	e.do("TagResource", `{"ResourceARN":"`+arn+`","Tags":{"c":"3"}}`)
	e.do("RemoveTagsFromStream", `{"StreamName":"s","TagKeys":["a"]}`)
	e.do("UntagResource", `{"ResourceARN":"`+arn+`","TagKeys":["b"]}`)

	got := decode[kinesis.DescribeStreamSummaryOutput](t, e.do("DescribeStreamSummary", `{"StreamName":"s"}`)).StreamDescriptionSummary
	want := kinesis.StreamDescriptionSummary{
		StreamName: "s", StreamARN: arn, StreamStatus: "ACTIVE", StreamModeDetails: &kinesis.StreamModeDetails{StreamMode: "ON_DEMAND"}, RetentionPeriodHours: 24,
		StreamCreationTimestamp: got.StreamCreationTimestamp, EnhancedMonitoring: []kinesis.EnhancedMetrics{{ShardLevelMetrics: []string{}}},
		EncryptionType: "KMS", KeyId: "alias/aws/kinesis", OpenShardCount: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	tags := []string{e.do("ListTagsForStream", `{"StreamName":"s"}`), e.do("ListTagsForResource", `{"ResourceARN":"`+arn+`"}`)}
	if diff := cmp.Diff([]string{`{"Tags":[{"Key":"c","Value":"3"}],"HasMoreTags":false}`, `{"Tags":[{"Key":"c","Value":"3"}]}`}, tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if got := e.put("k", "x"); got.SequenceNumber == "" {
		t.Error("the encrypted stream takes no records")
	}
	if got := e.refuse("SplitShard", `{"StreamName":"s","ShardToSplit":"0","NewStartingHashKey":"`+half+`"}`); !strings.Contains(got, "ON_DEMAND") {
		t.Errorf("split of an on-demand stream: %s", got)
	}
	e.do("DeleteStream", `{"StreamARN":"`+arn+`"}`)
	if got := e.do("ListStreams", `{}`); got != `{"StreamNames":[],"HasMoreStreams":false,"StreamSummaries":[]}` {
		t.Errorf("streams after the deletion: %s", got)
	}
}

func TestCallersAreAskedForTheRightPermission(t *testing.T) {
	const arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
	e := newEngine(t, nil).create("1")
	it := e.iterator(kinesis.GetShardIteratorInput{ShardIteratorType: "LATEST"})
	tests := []struct{ operation, request, want string }{
		{"PutRecords", `{"StreamName":"s","Records":[{"PartitionKey":"k","Data":""}]}`, "kinesis:PutRecords " + arn},
		{"PutRecord", `{"StreamARN":"` + arn + `","PartitionKey":"k","Data":""}`, "kinesis:PutRecord " + arn},
		{"GetRecords", `{"ShardIterator":"` + it + `"}`, "kinesis:GetRecords " + arn},
		{"GetShardIterator", `{"StreamName":"s","ShardId":"0","ShardIteratorType":"LATEST"}`, "kinesis:GetShardIterator " + arn},
		{"DescribeStream", `{"StreamName":"absent"}`, "kinesis:DescribeStream arn:aws:kinesis:us-east-1:000000000000:stream/absent"},
		{"ListStreams", `{}`, "kinesis:ListStreams *"},
	}
	for _, tt := range tests {
		t.Run(tt.operation, func(t *testing.T) {
			var asked string
			_, err := e.Call(t.Context(), func(action, resource string) error {
				asked = action + " " + resource
				return awsapi.Errorf("AccessDeniedException", "no")
			}, tt.operation, []byte(tt.request))
			if asked != tt.want || err == nil || err.Error() != "AccessDeniedException: no" {
				t.Errorf("asked for %q, want %q; then %v", asked, tt.want, err)
			}
		})
	}
}
