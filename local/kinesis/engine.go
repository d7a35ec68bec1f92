package kinesis

import (
	"context"

	"transactional-outbox/local/awsapi"
)

// Engine holds streams in memory. It is safe for concurrent use.
type Engine struct{ opts Options }

// New returns an engine without streams.
func New(opts *Options) *Engine { return &Engine{} }

// Call implements [awsapi.Service] for Kinesis_20131202.
func (e *Engine) Call(ctx context.Context, auth awsapi.Authorizer, operation string, request []byte) ([]byte, error) {
	return nil, awsapi.UnknownOperation(operation)
}

// PutRecords writes up to 500 records. Each lands in the shard that its partition key or explicit hash key belongs to.
func (e *Engine) PutRecords(ctx context.Context, auth awsapi.Authorizer, in *PutRecordsInput) (*PutRecordsOutput, error) {
	return nil, awsapi.UnknownOperation("PutRecords")
}

// ListShards lists the shards of a stream, up to 1,000 a page.
func (e *Engine) ListShards(ctx context.Context, auth awsapi.Authorizer, in *ListShardsInput) (*ListShardsOutput, error) {
	return nil, awsapi.UnknownOperation("ListShards")
}

// GetShardIterator returns a position in a shard to read from.
func (e *Engine) GetShardIterator(ctx context.Context, auth awsapi.Authorizer, in *GetShardIteratorInput) (*GetShardIteratorOutput, error) {
	return nil, awsapi.UnknownOperation("GetShardIterator")
}

// GetRecords reads from an iterator on, up to 10,000 records and 10 MiB.
func (e *Engine) GetRecords(ctx context.Context, auth awsapi.Authorizer, in *GetRecordsInput) (*GetRecordsOutput, error) {
	return nil, awsapi.UnknownOperation("GetRecords")
}

// DescribeStreamSummary describes a stream without its shards.
func (e *Engine) DescribeStreamSummary(ctx context.Context, auth awsapi.Authorizer, in *DescribeStreamSummaryInput) (*DescribeStreamSummaryOutput, error) {
	return nil, awsapi.UnknownOperation("DescribeStreamSummary")
}

// Wait implements [Waiter].
func (e *Engine) Wait(ctx context.Context, iterator string) error { return nil }

// Stats returns how often each operation was called since the engine was made, refused calls included.
func (e *Engine) Stats() map[string]int64 { return nil }
