// Package kinesis is Amazon Kinesis Data Streams in memory, API version 2013-12-02.
//
// Start one with [New] and serve it through awsapi under Kinesis_20131202, or call it in process through the typed calls of [API].
// Streams begin empty and are gone with the engine; nothing runs in the background.
//
// Delivery is what Kinesis promises: records of one partition key are in one shard in the order they were written, a reader sees each
// record of a shard as often as it asks for it, until the retention period is over. A write that was answered can be read at once.
//
// Differences from AWS: streams are ACTIVE (or gone) as soon as the call that changes them returns, so CREATING, UPDATING and DELETING
// are never seen; the limits of a shard are off unless Options ask for them; on-demand streams do not scale by themselves; encryption is
// recorded and not done. Enhanced fan-out (RegisterStreamConsumer, SubscribeToShard ...), resource policies and the later account and
// size settings are refused with UnknownOperationException.
package kinesis

import (
	"context"
	"time"

	"transactional-outbox/local/awsapi"
)

// API is the part of Kinesis that writers and readers of streams need. [Engine] implements it, and so may a client of a remote
// endpoint. Every error is an [*awsapi.Error].
type API interface {
	PutRecords(ctx context.Context, auth awsapi.Authorizer, in *PutRecordsInput) (*PutRecordsOutput, error)
	ListShards(ctx context.Context, auth awsapi.Authorizer, in *ListShardsInput) (*ListShardsOutput, error)
	GetShardIterator(ctx context.Context, auth awsapi.Authorizer, in *GetShardIteratorInput) (*GetShardIteratorOutput, error)
	GetRecords(ctx context.Context, auth awsapi.Authorizer, in *GetRecordsInput) (*GetRecordsOutput, error)
	DescribeStreamSummary(ctx context.Context, auth awsapi.Authorizer, in *DescribeStreamSummaryInput) (*DescribeStreamSummaryOutput, error)
}

// Waiter is implemented by an [API] that can wake its readers. A reader without one polls.
type Waiter interface {
	// Wait returns nil as soon as GetRecords with this iterator has something to tell: a record, the end of a closed shard, or an
	// error such as that of a deleted stream. It returns at once if that is so already, so no wake-up is lost between GetRecords and
	// Wait. Otherwise it returns ctx.Err() when ctx is done. Iterators expire five minutes after they were handed out: bound ctx by
	// less and read again with the iterator.
	Wait(ctx context.Context, iterator string) error
}

var (
	_ API            = (*Engine)(nil)
	_ Waiter         = (*Engine)(nil)
	_ awsapi.Service = (*Engine)(nil)
)

// Options configures [New]. A nil *Options and every zero field work.
type Options struct {
	// Account is the account id in ARNs and messages. "" means 000000000000.
	Account string
	// Region is the region in ARNs. "" means us-east-1.
	Region string
	// Clock tells the time. Nil means time.Now.
	Clock func() time.Time
	// Limits has shards refuse with ProvisionedThroughputExceededException what is more than they take and give, as AWS does: 1,000
	// records/s and 1 MiB/s written, 5 GetRecords/s and 2 MiB/s read.
	// https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
	Limits bool
}
