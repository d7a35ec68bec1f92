package letter_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"transactional-outbox/ops/letter"
)

func TestParse(t *testing.T) {
	tests := map[string]*letter.Letter{
		"kinesis.json": {
			Source: letter.Kinesis, StreamARN: "arn:aws:kinesis:eu-central-1:123456789012:stream/outbox-stream", ShardID: "shardId-000000000001",
			Start:     "49601189658422359378836298521827638475320189012309704722",
			End:       "49601189658422359378836298522902373528957594348623495186",
			BatchSize: 500, Condition: "RetryAttemptsExhausted", FunctionError: "Unhandled", Invocations: 4,
			FunctionARN:  "arn:aws:lambda:eu-central-1:123456789012:function:fulfilment",
			FirstArrival: time.Date(2026, 11, 24, 11, 58, 19, 835_000_000, time.UTC), LastArrival: time.Date(2026, 11, 24, 11, 58, 44, 221_000_000, time.UTC),
			Timestamp: time.Date(2026, 11, 24, 12, 0, 6, 795_000_000, time.UTC),
		},
		"expired.json": {
			Source: letter.Kinesis, StreamARN: "arn:aws:kinesis:eu-central-1:123456789012:stream/outbox-stream", ShardID: "shardId-000000000001",
			Start:     "49601189658422359378836298521827638475320189012309704722",
			End:       "49601189658422359378836298521827638475320189012309704722",
			BatchSize: 1, Condition: "RecordAgeExceeded", Invocations: 1,
			FunctionARN:  "arn:aws:lambda:eu-central-1:123456789012:function:fulfilment",
			FirstArrival: time.Date(2026, 11, 24, 11, 58, 19, 835_000_000, time.UTC), LastArrival: time.Date(2026, 11, 24, 11, 58, 19, 835_000_000, time.UTC),
			Timestamp: time.Date(2026, 11, 24, 12, 0, 6, 795_000_000, time.UTC),
		},
		"dynamodb.json": {
			Source: letter.DynamoDB, StreamARN: "arn:aws:dynamodb:eu-central-1:123456789012:table/events/stream/2026-11-24T09:00:00.000",
			ShardID: "shardId-00000001573689847184-864758bb", Start: "800000000003126276362", End: "800000000003126276380",
			BatchSize: 3, Condition: "RetryAttemptsExhausted", Invocations: 3,
			FunctionARN:  "arn:aws:lambda:eu-central-1:123456789012:function:auditor",
			FirstArrival: time.Date(2026, 11, 24, 11, 58, 19, 0, time.UTC), LastArrival: time.Date(2026, 11, 24, 11, 58, 44, 0, time.UTC),
			Timestamp: time.Date(2026, 11, 24, 12, 0, 6, 795_000_000, time.UTC),
		},
	}
	for file, want := range tests {
		text, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		got, err := letter.Parse(string(text))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: error %v, (-want +got):\n%s", file, err, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "kinesis.json"))
	if err != nil {
		t.Fatal(err)
	}
	whole := string(text)
	tests := map[string]struct{ text, want string }{
		"no JSON":                  {"hello", "not a dead letter"},
		"other JSON":               {`{"hello":"world"}`, "neither KinesisBatchInfo nor DDBStreamBatchInfo"},
		"no shard":                 {strings.Replace(whole, "shardId", "shard", 1), "members are missing: shardId"},
		"a sequence number in hex": {strings.Replace(whole, "49601189658422359378836298521827638475320189012309704722", "0xFF", 1), "no range of sequence numbers"},
		"an end before the start":  {strings.Replace(whole, "49601189658422359378836298522902373528957594348623495186", "17", 1), "no range of sequence numbers"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := letter.Parse(test.text); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestCompareIsThatOfNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Uint64().Draw(t, "a"), rapid.Uint64().Draw(t, "b")
		zeros := strings.Repeat("0", rapid.IntRange(0, 3).Draw(t, "zeros"))
		want := 0
		if a != b {
			want = 1
			if a < b {
				want = -1
			}
		}
		if got := letter.Compare(zeros+decimal(a), decimal(b)); got != want {
			t.Errorf("Compare(%d, %d) = %d", a, b, got)
		}
	})
}

func decimal(n uint64) string {
	digits := ""
	for ; n > 0; n /= 10 {
		digits = string(rune('0'+n%10)) + digits
	}
	return digits
}
