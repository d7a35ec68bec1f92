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
	r := &reader{tables: d, table: table, stream: arn, shards: map[string]*position{}, seen: map[string]bool{}}
	// Not LATEST: DynamoDB Local does not find what comes after such an iterator of a shard that was empty.
	if err := r.open(ctx, true); err != nil {
		return nil, err
	}
	if err := r.drain(ctx); err != nil {
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
	shards        map[string]*position // those being read
	seen          map[string]bool      // those that are or were read
	failures      int
}

// position is a place in a shard.
type position struct {
	iterator string
	last     string // the sequence number of the last record read, "" if there was none
}

// drain reads what is there already.
func (r *reader) drain(ctx context.Context) error {
	for {
		changes, err := r.poll(ctx, 1000)
		if err != nil || len(changes) == 0 {
			return err
		}
	}
}

// open opens the shards that are new and whose parents have been read; at first not those that are over.
func (r *reader) open(ctx context.Context, first bool) error {
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
			parentOpen := r.shards[shard.ParentShardId] != nil
			if r.seen[shard.ShardId] || parentOpen {
				continue
			}
			if first && shard.SequenceNumberRange.EndingSequenceNumber != "" {
				r.seen[shard.ShardId] = true // over before the feed began
				continue
			}
			at := &position{}
			if err := r.reposition(ctx, shard.ShardId, at); err != nil {
				return err
			}
			r.shards[shard.ShardId], r.seen[shard.ShardId] = at, true
		}
		if start = out.StreamDescription.LastEvaluatedShardId; start == "" {
			return nil
		}
	}
}

// reposition gets a new iterator behind what has been read of a shard.
func (r *reader) reposition(ctx context.Context, shard string, at *position) error {
	in := map[string]any{"StreamArn": r.stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
	if at.last != "" {
		in["ShardIteratorType"], in["SequenceNumber"] = "AFTER_SEQUENCE_NUMBER", at.last
	}
	var out struct{ ShardIterator string }
	if err := ask(ctx, r.tables.Streams(), "GetShardIterator", in, &out); err != nil {
		return err
	}
	at.iterator = out.ShardIterator
	return nil
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
	for shard, at := range r.shards {
		var out struct {
			Records           []record
			NextShardIterator string
		}
		err := ask(ctx, r.tables.Streams(), "GetRecords", map[string]any{"ShardIterator": at.iterator, "Limit": limit}, &out)
		// DynamoDB Local says of iterators of empty shards, now and then, that what they point to has been trimmed.
		if isCode(err, "TrimmedDataAccessException") || isCode(err, "ExpiredIteratorException") {
			err = r.reposition(ctx, shard, at)
		} else if err == nil {
			at.iterator = out.NextShardIterator
			for i := range out.Records {
				changes = append(changes, out.Records[i].change(r.table))
				at.last = out.Records[i].DynamoDB.SequenceNumber
			}
			if at.iterator == "" {
				delete(r.shards, shard)
				err = r.open(ctx, false)
			}
		}
		failures = append(failures, err)
	}
	if len(r.shards) == 0 {
		failures = append(failures, r.open(ctx, false))
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
		SequenceNumber              string
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
