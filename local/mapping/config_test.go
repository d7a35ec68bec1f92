package mapping_test

import (
	"errors"
	"testing"
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/mapping"
)

func TestConfigurationsThatAreRefused(t *testing.T) {
	tests := []struct {
		name       string
		opts       mapping.Options
		code, want string
	}{
		{"batch size", mapping.Options{Config: mapping.Config{BatchSize: 10_001}}, "ValidationException",
			"1 validation error detected: Value '10001' at 'batchSize' failed to satisfy constraint: Member must have value less than or equal to 10000"},
		{"parallelization factor", mapping.Options{Config: mapping.Config{ParallelizationFactor: 11}}, "ValidationException",
			"1 validation error detected: Value '11' at 'parallelizationFactor' failed to satisfy constraint: Member must have value less than or equal to 10"},
		{"several at once", mapping.Options{Config: mapping.Config{MaximumBatchingWindowInSeconds: 301, MaximumRetryAttempts: ptr(-2)}}, "ValidationException",
			"2 validation errors detected: Value '301' at 'maximumBatchingWindowInSeconds' failed to satisfy constraint: Member must have value less than or equal to 300; " +
				"Value '-2' at 'maximumRetryAttempts' failed to satisfy constraint: Member must have value greater than or equal to -1"},
		{"record age", mapping.Options{Config: mapping.Config{MaximumRecordAgeInSeconds: 59}}, "InvalidParameterValueException",
			"MaximumRecordAgeInSeconds must be -1 or between 60 and 604800."},
		{"response type", mapping.Options{Config: mapping.Config{FunctionResponseTypes: []string{"Other"}}}, "ValidationException",
			"1 validation error detected: Value '[Other]' at 'functionResponseTypes' failed to satisfy constraint: Member must satisfy enum value set: [ReportBatchItemFailures]"},
		{"tumbling window", mapping.Options{Config: mapping.Config{TumblingWindowInSeconds: 10}}, "InvalidParameterValueException",
			"TumblingWindowInSeconds is not supported here."},
		{"destination that is no queue", mapping.Options{Queue: &queue{}, Config: mapping.Config{OnFailure: "arn:aws:sns:eu-central-1:000000000000:topic"}}, "InvalidParameterValueException",
			"OnFailure destination arn:aws:sns:eu-central-1:000000000000:topic is not supported here: only SQS queues are."},
		{"destination without a way to it", mapping.Options{Config: mapping.Config{OnFailure: queueARN}}, "InvalidParameterValueException",
			"OnFailure destination " + queueARN + " cannot be reached: Options.Queue is nil."},
		{"starting position", mapping.Options{StartingPosition: "HERE"}, "ValidationException",
			"1 validation error detected: Value 'HERE' at 'startingPosition' failed to satisfy constraint: Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]"},
		{"timestamp missing", mapping.Options{StartingPosition: mapping.AtTimestamp}, "InvalidParameterValueException",
			"StartingPositionTimestamp is required if StartingPosition is AT_TIMESTAMP."},
		{"timestamp out of place", mapping.Options{StartingPosition: mapping.Latest, StartingPositionTimestamp: time.Now()}, "InvalidParameterValueException",
			"StartingPositionTimestamp is only valid if StartingPosition is AT_TIMESTAMP."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := mapping.New(newStream("s"), &function{}, &tt.opts)
			var e *awsapi.Error
			if !errors.As(err, &e) || e.Code != tt.code || e.Message != tt.want {
				t.Errorf("error %v, want %s: %s", err, tt.code, tt.want)
			}
		})
	}
}

func TestTimestampsAreForKinesis(t *testing.T) {
	s := newStream("s")
	s.about.Format = mapping.DynamoDB
	_, err := mapping.New(s, &function{}, &mapping.Options{StartingPosition: mapping.AtTimestamp, StartingPositionTimestamp: time.Now()})
	if want := "InvalidParameterValueException: Unsupported starting position for arn type: " + streamARN; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestRoleIsChecked(t *testing.T) {
	const tableStream = "arn:aws:dynamodb:eu-central-1:000000000000:table/events/stream/2026-11-24T12:00:00.000"
	noStream := func(arn string) string {
		return "Cannot access stream " + arn + ". Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM."
	}
	const noQueue = "The function execution role does not have permissions to call SendMessage on SQS"
	tests := []struct {
		action, resource, want string
		about                  mapping.Stream
	}{
		{"kinesis:GetRecords", streamARN, noStream(streamARN), mapping.Stream{ARN: streamARN}},
		{"kinesis:GetShardIterator", streamARN, noStream(streamARN), mapping.Stream{ARN: streamARN}},
		{"kinesis:DescribeStream", streamARN, noStream(streamARN), mapping.Stream{ARN: streamARN}},
		{"kinesis:DescribeStreamSummary", streamARN, noStream(streamARN), mapping.Stream{ARN: streamARN}},
		{"kinesis:ListShards", streamARN, noStream(streamARN), mapping.Stream{ARN: streamARN}},
		{"kinesis:ListStreams", "", "", mapping.Stream{ARN: streamARN}},
		{"kinesis:SubscribeToShard", streamARN, "", mapping.Stream{ARN: streamARN}},
		{"sqs:SendMessage", queueARN, noQueue, mapping.Stream{ARN: streamARN}},
		{"dynamodb:GetRecords", tableStream, noStream(tableStream), mapping.Stream{ARN: tableStream, Format: mapping.DynamoDB}},
		{"dynamodb:GetShardIterator", tableStream, noStream(tableStream), mapping.Stream{ARN: tableStream, Format: mapping.DynamoDB}},
		{"dynamodb:DescribeStream", tableStream, noStream(tableStream), mapping.Stream{ARN: tableStream, Format: mapping.DynamoDB}},
		{"dynamodb:ListStreams", "*", "", mapping.Stream{ARN: tableStream, Format: mapping.DynamoDB}},
		{"dynamodb:ListStreams", tableStream, "", mapping.Stream{ARN: tableStream, Format: mapping.DynamoDB}},
		{"dynamodb:ListStreams", "", noStream(tableStream), mapping.Stream{ARN: tableStream, Format: mapping.DynamoDB}},
	}
	for _, tt := range tests {
		t.Run("without "+tt.action+" on "+tt.resource, func(t *testing.T) {
			s := newStream("s")
			s.about = tt.about
			m, err := mapping.New(s, &function{}, &mapping.Options{
				Queue: &queue{}, Config: mapping.Config{OnFailure: queueARN},
				Authorizer: func(action, resource string) error {
					if action == tt.action && (resource == tt.resource || tt.resource == "") {
						return awsapi.Errorf("AccessDeniedException", "no")
					}
					return nil
				},
			})
			if m != nil {
				m.Close()
			}
			var e *awsapi.Error
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("error %v", err)
			case tt.want != "" && (!errors.As(err, &e) || e.Code != "InvalidParameterValueException" || e.Message != tt.want):
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}

func TestArgumentsAreRequired(t *testing.T) {
	if _, err := mapping.New(nil, &function{}, nil); err == nil {
		t.Error("no source, no error")
	}
	if _, err := mapping.New(newStream("s"), nil, nil); err == nil {
		t.Error("no invoker, no error")
	}
	m, err := mapping.New(newStream("s"), &function{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
}
