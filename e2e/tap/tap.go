// Package tap listens to a stage's stream beside its consumer and keeps what passes by.
package tap

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"transactional-outbox/e2e/stage"
)

// Record is one record of the stream.
type Record struct {
	Shard, SequenceNumber, PartitionKey string
	Data                                []byte
}

// Tap reads all shards of a stream until it is closed.
type Tap struct {
	stage *stage.Stage
	pause time.Duration
	stop  context.CancelFunc
	tasks sync.WaitGroup

	mu      sync.Mutex
	byOrder map[string][]Record
	shards  map[string]bool
	err     error
}

// Open begins to read at the records that arrived after from. Without a stream to read it fails.
func Open(ctx context.Context, s *stage.Stage, from time.Time) (*Tap, error) {
	ctx, stop := context.WithCancel(ctx)
	t := &Tap{
		stage:   s,
		pause:   time.Second, // AWS serves five reads a second per shard to all readers without fan-out together
		stop:    stop,
		byOrder: map[string][]Record{},
		shards:  map[string]bool{},
	}
	if s.IsDesk() {
		t.pause = 20 * time.Millisecond
	}
	if err := t.followAll(ctx, from); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// Close ends the reading and waits for its end.
func (t *Tap) Close() {
	t.stop()
	t.tasks.Wait()
}

// OfOrder returns the records about one order so far, in the order of their arrival within each shard. The error says
// that reading has failed, so that no more will come.
func (t *Tap) OfOrder(orderID string) ([]Record, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	records := t.byOrder[orderID]
	return records[:len(records):len(records)], t.err
}

func (t *Tap) followAll(ctx context.Context, from time.Time) error {
	input := &kinesis.ListShardsInput{
		StreamName:  &t.stage.StreamName,
		ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeAtLatest},
	}
	for {
		page, err := t.stage.Kinesis.ListShards(ctx, input)
		if err != nil {
			return err
		}
		for _, shard := range page.Shards {
			t.follow(ctx, *shard.ShardId, &kinesis.GetShardIteratorInput{
				ShardIteratorType: types.ShardIteratorTypeAtTimestamp, Timestamp: &from,
			})
		}
		if page.NextToken == nil {
			return nil
		}
		input = &kinesis.ListShardsInput{NextToken: page.NextToken} // the token stands for everything else
	}
}

// follow reads one shard, once, and its children after it.
func (t *Tap) follow(ctx context.Context, shard string, start *kinesis.GetShardIteratorInput) {
	t.mu.Lock()
	known := t.shards[shard]
	t.shards[shard] = true
	t.mu.Unlock()
	if known {
		return // a merged shard is the child of two
	}
	t.tasks.Go(func() {
		if err := t.read(ctx, shard, start); err != nil && ctx.Err() == nil {
			t.mu.Lock()
			t.err = errors.Join(t.err, fmt.Errorf("shard %s: %w", shard, err))
			t.mu.Unlock()
		}
	})
}

func (t *Tap) read(ctx context.Context, shard string, start *kinesis.GetShardIteratorInput) error {
	start.StreamName, start.ShardId = &t.stage.StreamName, &shard
	opened, err := t.stage.Kinesis.GetShardIterator(ctx, start)
	if err != nil {
		return err
	}
	ticker := time.NewTicker(t.pause)
	defer ticker.Stop()
	for iterator := opened.ShardIterator; iterator != nil; {
		got, err := t.stage.Kinesis.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator})
		if err != nil {
			return err
		}
		t.keep(shard, got.Records)
		for _, child := range got.ChildShards {
			t.follow(ctx, *child.ShardId, &kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
		}
		iterator = got.NextShardIterator
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
	return nil
}

func (t *Tap) keep(shard string, records []types.Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, record := range records {
		order := orderOf(record.Data)
		t.byOrder[order] = append(t.byOrder[order], Record{
			Shard:          shard,
			SequenceNumber: aws.ToString(record.SequenceNumber),
			PartitionKey:   aws.ToString(record.PartitionKey),
			Data:           record.Data,
		})
	}
}
