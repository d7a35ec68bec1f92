package mapping

import (
	"context"
	"io"
	"time"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/awsapi"
)

// dynamoDBRetention is how long DynamoDB Streams keep records, always.
const dynamoDBRetention = 24 * time.Hour

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
	return dynamoDBRetention, nil
}

func (s *dynamoDBSource) call(ctx context.Context, operation string, in, out any) error {
	request, err := json.Marshal(in)
	if err != nil {
		return err
	}
	response, err := s.streams.Call(ctx, s.auth, operation, request)
	if err != nil {
		return err
	}
	return json.Unmarshal(response, out)
}

func (s *dynamoDBSource) Shards(ctx context.Context) ([]Shard, error) {
	var shards []Shard
	for start := ""; ; {
		in := struct {
			StreamArn             string
			ExclusiveStartShardId string `json:",omitempty"`
		}{s.arn, start}
		var out struct {
			StreamDescription struct {
				Shards []struct {
					ShardId, ParentShardId string
					SequenceNumberRange    struct{ EndingSequenceNumber string }
				}
				LastEvaluatedShardId string
			}
		}
		if err := s.call(ctx, "DescribeStream", in, &out); err != nil {
			return nil, err
		}
		for _, sh := range out.StreamDescription.Shards {
			shard := Shard{ID: sh.ShardId, Closed: sh.SequenceNumberRange.EndingSequenceNumber != ""}
			if sh.ParentShardId != "" {
				shard.Parents = []string{sh.ParentShardId}
			}
			shards = append(shards, shard)
		}
		if start = out.StreamDescription.LastEvaluatedShardId; start == "" {
			return shards, nil
		}
	}
}

func (s *dynamoDBSource) Open(ctx context.Context, shardID, position string, _ time.Time) (Reader, error) {
	r := &dynamoDBReader{source: s, shardID: shardID, position: position}
	if err := r.reposition(ctx); err != nil {
		return nil, err
	}
	if position == Latest {
		// These iterators cannot be renewed before they have brought a record, for want of a position in time: then the shard is read from
		// its beginning, but for what is older than this.
		r.position, r.notBefore = TrimHorizon, s.opts.Clock().Truncate(time.Second)
	}
	return r, nil
}

type dynamoDBReader struct {
	source    *dynamoDBSource
	shardID   string
	position  string // where to begin again when the iterator has expired
	sequence  string // goes with AFTER_SEQUENCE_NUMBER
	notBefore time.Time
	iterator  string // "" at the end of the shard
}

func (r *dynamoDBReader) reposition(ctx context.Context) error {
	in := struct {
		StreamArn, ShardId, ShardIteratorType string
		SequenceNumber                        string `json:",omitempty"`
	}{r.source.arn, r.shardID, r.position, r.sequence}
	var out struct{ ShardIterator string }
	err := r.source.call(ctx, "GetShardIterator", in, &out)
	if isCode(err, "TrimmedDataAccessException") && r.position != TrimHorizon {
		r.position, r.sequence = TrimHorizon, ""
		return r.reposition(ctx)
	}
	r.iterator = out.ShardIterator
	return err
}

// maxDynamoDBRecords is the limit of GetRecords.
const maxDynamoDBRecords = 1000

func (r *dynamoDBReader) Next(ctx context.Context, limit int) ([]Record, error) {
	for r.iterator != "" {
		in := struct {
			ShardIterator string
			Limit         int
		}{r.iterator, min(limit, maxDynamoDBRecords)}
		var out struct {
			Records           []streamRecord
			NextShardIterator string
		}
		err := r.source.call(ctx, "GetRecords", in, &out)
		if isCode(err, "ExpiredIteratorException") || isCode(err, "TrimmedDataAccessException") {
			if err := r.reposition(ctx); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		r.iterator = out.NextShardIterator
		if records := r.convert(out.Records); len(records) > 0 {
			return records, nil
		}
		if len(out.Records) == 0 && r.iterator != "" {
			if err := r.wait(ctx); err != nil {
				return nil, err
			}
		}
	}
	return nil, io.EOF
}

func (r *dynamoDBReader) convert(in []streamRecord) []Record {
	var records []Record
	for i := range in {
		record := in[i].convert(r.source.arn)
		if record.Arrival.Before(r.notBefore) {
			continue
		}
		r.position, r.sequence, r.notBefore = "AFTER_SEQUENCE_NUMBER", record.SequenceNumber, time.Time{}
		records = append(records, record)
	}
	return records
}

func (r *dynamoDBReader) wait(ctx context.Context) error {
	waiter, ok := r.source.streams.(IteratorWaiter)
	if !ok {
		return sleep(ctx, r.source.opts.After, r.source.opts.Poll)
	}
	bounded, cancel := context.WithTimeout(ctx, iteratorLife)
	defer cancel()
	if err := waiter.Wait(bounded, r.iterator); err != nil && bounded.Err() == nil {
		return err
	}
	return ctx.Err()
}
