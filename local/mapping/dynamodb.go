package mapping

import (
	"context"
	"time"

	"transactional-outbox/local/awsapi"
)

// IteratorWaiter is implemented by a DynamoDB Streams service that can wake its readers. A reader without one polls.
type IteratorWaiter interface {
	// Wait returns nil as soon as GetRecords with this iterator has something to tell, at once if it has already; else ctx.Err().
	Wait(ctx context.Context, iterator string) error
}

type dynamoDBSource struct {
	streams awsapi.Service
	auth    awsapi.Authorizer
	arn     string
	opts    SourceOptions
}

// NewDynamoDBSource reads the DynamoDB stream streamARN through streams, which serves DynamoDBStreams_20120810, every call as auth. If
// streams is an [IteratorWaiter], idle shards cost nothing.
func NewDynamoDBSource(streams awsapi.Service, auth awsapi.Authorizer, streamARN string, opts *SourceOptions) Source {
	return &dynamoDBSource{streams: streams, auth: auth, arn: streamARN, opts: opts.withDefaults(time.Second / 4)}
}

func (s *dynamoDBSource) Stream() Stream {
	return Stream{ARN: s.arn, Region: arnRegion(s.arn), Format: DynamoDB}
}

func (s *dynamoDBSource) Retention(context.Context) (time.Duration, error) {
	return 24 * time.Hour, nil
}

func (s *dynamoDBSource) Shards(ctx context.Context) ([]Shard, error) { return nil, nil }

func (s *dynamoDBSource) Open(ctx context.Context, shardID, position string, at time.Time) (Reader, error) {
	return nil, nil
}
