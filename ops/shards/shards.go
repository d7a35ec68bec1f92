// Package shards looks into the event stream beside its consumer: where the records of an order are, and what arrived when.
package shards

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"transactional-outbox/handlers/change"
)

// A Stream is the event stream.
type Stream struct {
	Client *kinesis.Client
	Name   string
}

// A Record announces an event.
type Record struct {
	ShardID, SequenceNumber string
	Arrived                 time.Time
	OrderID                 string
	Sequence                int64
}

// IDs lists the shards, closed ones included as long as the stream has records of them.
func (s *Stream) IDs(ctx context.Context) ([]string, error) {
	var ids []string
	in := &kinesis.ListShardsInput{StreamName: aws.String(s.Name)}
	for {
		out, err := s.Client.ListShards(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("list shards: %w", err)
		}
		for i := range out.Shards {
			ids = append(ids, aws.ToString(out.Shards[i].ShardId))
		}
		if out.NextToken == nil {
			return ids, nil
		}
		in = &kinesis.ListShardsInput{NextToken: out.NextToken}
	}
}

// errEnough ends a reading that has seen enough.
var errEnough = errors.New("enough")

// Find looks for the records of an order from a moment on, through all shards, and reads at most limit records for it. complete is
// false if that was not enough.
func (s *Stream) Find(ctx context.Context, orderID string, from time.Time, limit int) (found []Record, complete bool, err error) {
	ids, err := s.IDs(ctx)
	if err != nil {
		return nil, false, err
	}
	for _, id := range ids {
		err := s.read(ctx, id, from, maxRecords, func(r *types.Record) error {
			if limit--; limit < 0 {
				return errEnough
			}
			// Most records are not worth taking apart.
			if !strings.Contains(string(r.Data), orderID) {
				return nil
			}
			if record, ok := decode(id, r); ok && record.OrderID == orderID {
				found = append(found, record)
			}
			return nil
		})
		if errors.Is(err, errEnough) {
			return found, false, nil
		}
		if err != nil {
			return nil, false, err
		}
	}
	return found, true, nil
}

// Sample reads what came first into a shard from a moment on, at most limit records.
func (s *Stream) Sample(ctx context.Context, shardID string, from time.Time, limit int32) ([]Record, error) {
	var sample []Record
	seen := int32(0)
	err := s.read(ctx, shardID, from, limit, func(r *types.Record) error {
		if seen++; seen > limit {
			return errEnough
		}
		if record, ok := decode(shardID, r); ok {
			sample = append(sample, record)
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return sample, err
}

// maxRecords is the limit of GetRecords.
const maxRecords = 10000

// read reads a shard from a moment on until it has caught up.
func (s *Stream) read(ctx context.Context, shardID string, from time.Time, page int32, visit func(*types.Record) error) error {
	start, err := s.Client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
		StreamName: aws.String(s.Name), ShardId: aws.String(shardID),
		ShardIteratorType: types.ShardIteratorTypeAtTimestamp, Timestamp: aws.Time(from),
	})
	if err != nil {
		return fmt.Errorf("read %s: %w", shardID, err)
	}
	for iterator := start.ShardIterator; iterator != nil; {
		out, err := s.Client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator, Limit: aws.Int32(page)})
		if err != nil {
			return fmt.Errorf("read %s: %w", shardID, err)
		}
		for i := range out.Records {
			if err := visit(&out.Records[i]); err != nil {
				return err
			}
		}
		if aws.ToInt64(out.MillisBehindLatest) == 0 {
			return nil
		}
		iterator = out.NextShardIterator
	}
	return nil
}

// decode reads which event a record announces; removals announce none.
func decode(shardID string, r *types.Record) (Record, bool) {
	var c change.Record
	if err := c.Decode(string(r.Data)); err != nil || c.EventName == change.Remove {
		return Record{}, false
	}
	orderID, _ := c.Keys.Lookup("orderId", "S")
	text, _ := c.Keys.Lookup("sequence", "N")
	sequence, err := strconv.ParseInt(text, 10, 64)
	return Record{
		ShardID: shardID, SequenceNumber: aws.ToString(r.SequenceNumber), Arrived: aws.ToTime(r.ApproximateArrivalTimestamp),
		OrderID: orderID, Sequence: sequence,
	}, err == nil
}
