package mapping

import (
	"context"
	"time"
)

// The starting positions of a mapping and of a [Reader].
const (
	TrimHorizon = "TRIM_HORIZON"
	Latest      = "LATEST"
	AtTimestamp = "AT_TIMESTAMP"
)

// Source is a stream of sharded records. Implementations are safe for concurrent use.
type Source interface {
	// Stream describes the stream. It does not change.
	Stream() Stream
	// Shards lists the shards that still hold records or may get some.
	Shards(ctx context.Context) ([]Shard, error)
	// Open returns a reader of one shard. Position is a starting position; at goes with AT_TIMESTAMP. The position is taken before
	// Open returns: a LATEST reader sees every record that is written from then on.
	Open(ctx context.Context, shardID, position string, at time.Time) (Reader, error)
	// Retention is how long the stream keeps records. 0 means for ever.
	Retention(ctx context.Context) (time.Duration, error)
}

// Stream describes the stream behind a [Source].
type Stream struct {
	ARN    string
	Region string
	Format Format
}

// Format is the kind of records a stream has, and with it the event that a function gets.
type Format int

// The formats.
const (
	// Kinesis records have a partition key and arbitrary data.
	Kinesis Format = iota
	// DynamoDB records describe the change of an item.
	DynamoDB
)

// Shard is one shard of a stream.
type Shard struct {
	ID string
	// Parents are the shards that this one continues. They are read to their end before it.
	Parents []string
	// Closed is set when nothing will be written to the shard any more.
	Closed bool
}

// Reader reads the records of one shard in order. It is used by one goroutine at a time.
type Reader interface {
	// Next returns at least one and at most limit records. It waits for the first one; io.EOF means that the shard is closed and has been
	// read to its end. After any other error it can be called again and continues where it was.
	Next(ctx context.Context, limit int) ([]Record, error)
}

// Record is one record of a stream.
type Record struct {
	// SequenceNumber is unique in its shard.
	SequenceNumber string
	// Arrival is when the stream got the record.
	Arrival time.Time
	// Key is what order is kept for: the partition key, or the key of the item.
	Key string
	// Data is the data of a Kinesis record; of a DynamoDB record it is the JSON that the function gets for it. It must not be changed.
	Data []byte
}
