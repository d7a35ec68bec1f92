package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb"
)

// openTime bounds how long it may take to enable and to open a stream.
const openTime = 30 * time.Second

// maxFailures is how often in a row reading may fail before the feed ends with the error.
const maxFailures = 100

// Feed reads the changes of a table from now on, through its DynamoDB stream. A table without a stream gets one with both images; one whose stream has
// not both images is an error. The order is that of the stream: by item.
func (d *DynamoDB) Feed(table string) (*dynamodb.Feed, error) {
	ctx, cancel := context.WithTimeout(context.Background(), openTime)
	defer cancel()
	arn, err := d.enableStream(ctx, table)
	if err != nil {
		return nil, err
	}
	r := &reader{tables: d, table: table, stream: arn, iterators: map[string]string{}, seen: map[string]bool{}}
	if err := r.open(ctx, "LATEST"); err != nil {
		return nil, err
	}
	return dynamodb.NewFeed(r.next), nil
}

// enableStream makes sure that a table has a stream with both images and returns its ARN.
func (d *DynamoDB) enableStream(ctx context.Context, table string) (string, error) {
	type description struct {
		LatestStreamArn     string
		StreamSpecification struct {
			StreamEnabled  bool
			StreamViewType string
		}
	}
	var described struct{ Table description }
	if err := ask(ctx, d, "DescribeTable", map[string]any{"TableName": table}, &described); err != nil {
		return "", err
	}
	if !described.Table.StreamSpecification.StreamEnabled {
		var updated struct{ TableDescription description }
		err := ask(ctx, d, "UpdateTable", map[string]any{
			"TableName":           table,
			"StreamSpecification": map[string]any{"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
		}, &updated)
		return updated.TableDescription.LatestStreamArn, err
	}
	if view := described.Table.StreamSpecification.StreamViewType; view != "NEW_AND_OLD_IMAGES" {
		return "", fmt.Errorf("the stream of table %s has the view type %s, but its changes are read with both images", table, view)
	}
	return described.Table.LatestStreamArn, nil
}

// ask performs an operation as the owner.
func ask(ctx context.Context, service awsapi.Service, operation string, in, out any) error {
	request, err := json.Marshal(in)
	if err != nil {
		return err
	}
	response, err := service.Call(ctx, nil, operation, request)
	if err != nil {
		return err
	}
	return json.Unmarshal(response, out)
}

// reader reads all shards of a stream, parents before their children.
type reader struct {
	tables        *DynamoDB
	table, stream string
	iterators     map[string]string // by shard; those being read
	seen          map[string]bool   // shards that are or were read
	failures      int
}

// open opens the shards that are new and whose parents have been read.
func (r *reader) open(ctx context.Context, position string) error {
	for start := ""; ; {
		in := map[string]any{"StreamArn": r.stream}
		if start != "" {
			in["ExclusiveStartShardId"] = start
		}
		var out struct {
			StreamDescription struct {
				Shards []struct {
					ShardId, ParentShardId string
					SequenceNumberRange    struct{ EndingSequenceNumber string }
				}
				LastEvaluatedShardId string
			}
		}
		if err := ask(ctx, r.tables.Streams(), "DescribeStream", in, &out); err != nil {
			return err
		}
		for _, shard := range out.StreamDescription.Shards {
			_, parentOpen := r.iterators[shard.ParentShardId]
			if r.seen[shard.ShardId] || parentOpen {
				continue
			}
			if position == "LATEST" && shard.SequenceNumberRange.EndingSequenceNumber != "" {
				r.seen[shard.ShardId] = true // over before the feed began
				continue
			}
			var iterator struct{ ShardIterator string }
			err := ask(ctx, r.tables.Streams(), "GetShardIterator",
				map[string]any{"StreamArn": r.stream, "ShardId": shard.ShardId, "ShardIteratorType": position}, &iterator)
			if err != nil {
				return err
			}
			r.iterators[shard.ShardId], r.seen[shard.ShardId] = iterator.ShardIterator, true
		}
		if start = out.StreamDescription.LastEvaluatedShardId; start == "" {
			return nil
		}
	}
}

// next returns the next changes, at least one. A table that is gone ends the feed.
func (r *reader) next(ctx context.Context, limit int) ([]dynamodb.Change, error) {
	for {
		changes, err := r.poll(ctx, min(limit, 1000))
		switch {
		case len(changes) > 0:
			r.failures = 0
			return changes, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case isCode(err, "ResourceNotFoundException"):
			return nil, dynamodb.ErrClosed
		case err != nil:
			if r.failures++; r.failures > maxFailures {
				return nil, fmt.Errorf("changes of table %s: %w", r.table, err)
			}
		default:
			r.failures = 0
		}
		select {
		case <-time.After(r.tables.endpoint.Poll):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// poll looks once into each shard.
func (r *reader) poll(ctx context.Context, limit int) ([]dynamodb.Change, error) {
	var changes []dynamodb.Change
	var failures []error
	for shard, iterator := range r.iterators {
		var out struct {
			Records           []record
			NextShardIterator string
		}
		err := ask(ctx, r.tables.Streams(), "GetRecords", map[string]any{"ShardIterator": iterator, "Limit": limit}, &out)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		for i := range out.Records {
			changes = append(changes, out.Records[i].change(r.table))
		}
		r.iterators[shard] = out.NextShardIterator
		if out.NextShardIterator == "" {
			delete(r.iterators, shard)
			failures = append(failures, r.open(ctx, "TRIM_HORIZON"))
		}
	}
	if len(r.iterators) == 0 {
		failures = append(failures, r.open(ctx, "TRIM_HORIZON"))
	}
	return changes, errors.Join(failures...)
}

// record is a record of DynamoDB Streams.
type record struct {
	EventID   string `json:"eventID"`
	EventName string `json:"eventName"`
	DynamoDB  struct {
		ApproximateCreationDateTime float64
		Keys, NewImage, OldImage    jsontext.Value
		SizeBytes                   int
	} `json:"dynamodb"`
	UserIdentity *struct{ PrincipalId string } `json:"userIdentity"`
}

func (r *record) change(table string) dynamodb.Change {
	return dynamodb.Change{
		Table: table, EventID: uuid(r.EventID), EventName: r.EventName,
		Time: time.UnixMilli(int64(r.DynamoDB.ApproximateCreationDateTime * 1000)),
		Keys: r.DynamoDB.Keys, NewImage: r.DynamoDB.NewImage, OldImage: r.DynamoDB.OldImage,
		ByTTL:     r.UserIdentity != nil && r.UserIdentity.PrincipalId == "dynamodb.amazonaws.com",
		SizeBytes: r.DynamoDB.SizeBytes,
	}
}

// uuid writes 32 hexadecimal digits, as these streams have them, the way streaming destinations do.
func uuid(id string) string {
	if len(id) != 32 {
		return id
	}
	return strings.Join([]string{id[:8], id[8:12], id[12:16], id[16:20], id[20:]}, "-")
}
