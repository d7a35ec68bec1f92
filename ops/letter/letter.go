// Package letter reads dead letters: what Lambda sends to a queue when a batch of records has exhausted its retries or grown too old.
// A letter holds no records, only where they were; this package fetches them from the stream for as long as it keeps them.
// https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html,
// https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
package letter

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// A Source is the kind of stream a batch was read from.
type Source string

const (
	Kinesis  Source = "kinesis"
	DynamoDB Source = "dynamodb"
)

// A Letter says which records were given up.
type Letter struct {
	MessageID string // in the queue

	Source        Source
	StreamARN     string
	ShardID       string
	Start, End    string // sequence numbers of the batch's first and last record
	BatchSize     int
	FirstArrival  time.Time
	LastArrival   time.Time
	FunctionARN   string
	Condition     string // RetryAttemptsExhausted or RecordAgeExceeded
	FunctionError string // empty where the function itself reported the failure, or was never asked
	Invocations   int
	Timestamp     time.Time // when the letter was written
}

type body struct {
	RequestContext struct {
		FunctionARN            string `json:"functionArn"`
		Condition              string `json:"condition"`
		ApproximateInvokeCount int    `json:"approximateInvokeCount"`
	} `json:"requestContext"`
	ResponseContext struct {
		FunctionError string `json:"functionError"`
	} `json:"responseContext"`
	Timestamp time.Time `json:"timestamp"`
	Kinesis   *batch    `json:"KinesisBatchInfo"`
	DynamoDB  *batch    `json:"DDBStreamBatchInfo"`
}

type batch struct {
	ShardID             string    `json:"shardId"`
	StartSequenceNumber string    `json:"startSequenceNumber"`
	EndSequenceNumber   string    `json:"endSequenceNumber"`
	FirstArrival        time.Time `json:"approximateArrivalOfFirstRecord"`
	LastArrival         time.Time `json:"approximateArrivalOfLastRecord"`
	BatchSize           int       `json:"batchSize"`
	StreamARN           string    `json:"streamArn"`
}

// Parse reads the body of a message. It fails where the message is no letter of a stream.
func Parse(text string) (*Letter, error) {
	var b body
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		return nil, fmt.Errorf("not a dead letter: %w", err)
	}
	l := &Letter{
		Source: Kinesis, Condition: b.RequestContext.Condition, FunctionARN: b.RequestContext.FunctionARN,
		FunctionError: b.ResponseContext.FunctionError, Invocations: b.RequestContext.ApproximateInvokeCount, Timestamp: b.Timestamp,
	}
	info := b.Kinesis
	if info == nil {
		l.Source, info = DynamoDB, b.DynamoDB
	}
	if info == nil {
		return nil, errors.New("not a dead letter: it has neither KinesisBatchInfo nor DDBStreamBatchInfo")
	}
	l.StreamARN, l.ShardID, l.BatchSize = info.StreamARN, info.ShardID, info.BatchSize
	l.Start, l.End = info.StartSequenceNumber, info.EndSequenceNumber
	l.FirstArrival, l.LastArrival = info.FirstArrival, info.LastArrival
	var missing []string
	for _, member := range []struct{ name, value string }{
		{"shardId", l.ShardID}, {"startSequenceNumber", l.Start}, {"endSequenceNumber", l.End}, {"streamArn", l.StreamARN},
	} {
		if member.value == "" {
			missing = append(missing, member.name)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("not a dead letter: members are missing: %s", strings.Join(missing, ", "))
	}
	if !decimal(l.Start) || !decimal(l.End) || Compare(l.Start, l.End) > 0 {
		return nil, fmt.Errorf("not a dead letter: no range of sequence numbers: %s to %s", l.Start, l.End)
	}
	return l, nil
}

func decimal(text string) bool { return strings.Trim(text, "0123456789") == "" }

// Compare orders sequence numbers, which are decimal numbers of up to 129 digits.
func Compare(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
