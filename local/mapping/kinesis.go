package mapping

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/kinesis"
)

// iteratorLife is how long a shard iterator is held without being used: safely less than the five minutes it is valid.
const iteratorLife = 4 * time.Minute

// SourceOptions configures [NewKinesisSource] and [NewDynamoDBSource]. A nil *SourceOptions and every zero field work.
type SourceOptions struct {
	// Poll is how often an idle shard is read if the service cannot wake its readers. 0 means what Lambda does: once a second for
	// Kinesis, four times a second for DynamoDB Streams.
	Poll time.Duration
	// Clock tells the time. Nil means time.Now.
	Clock func() time.Time
	// After is the timer behind Poll. Nil means time.After.
	After func(time.Duration) <-chan time.Time
}

func (o *SourceOptions) withDefaults(poll time.Duration) SourceOptions {
	var out SourceOptions
	if o != nil {
		out = *o
	}
	if out.Poll <= 0 {
		out.Poll = poll
	}
	if out.Clock == nil {
		out.Clock = time.Now
	}
	if out.After == nil {
		out.After = time.After
	}
	return out
}

type kinesisSource struct {
	api  kinesis.API
	auth awsapi.Authorizer
	arn  string
	opts SourceOptions
}

// NewKinesisSource reads the Kinesis stream streamARN, every call as auth, which is the function's role. If api is a
// [kinesis.Waiter], idle shards cost nothing.
func NewKinesisSource(api kinesis.API, auth awsapi.Authorizer, streamARN string, opts *SourceOptions) Source {
	return &kinesisSource{api: api, auth: auth, arn: streamARN, opts: opts.withDefaults(time.Second)}
}

func (s *kinesisSource) Stream() Stream {
	return Stream{ARN: s.arn, Region: arnRegion(s.arn), Format: Kinesis}
}

func (s *kinesisSource) Shards(ctx context.Context) ([]Shard, error) {
	in := &kinesis.ListShardsInput{StreamARN: s.arn}
	var shards []Shard
	for {
		out, err := s.api.ListShards(ctx, s.auth, in)
		if err != nil {
			return nil, err
		}
		for _, sh := range out.Shards {
			shard := Shard{ID: sh.ShardId, Closed: sh.SequenceNumberRange.EndingSequenceNumber != ""}
			for _, parent := range []string{sh.ParentShardId, sh.AdjacentParentShardId} {
				if parent != "" {
					shard.Parents = append(shard.Parents, parent)
				}
			}
			shards = append(shards, shard)
		}
		if out.NextToken == "" {
			return shards, nil
		}
		in = &kinesis.ListShardsInput{NextToken: out.NextToken}
	}
}

func (s *kinesisSource) Retention(ctx context.Context) (time.Duration, error) {
	out, err := s.api.DescribeStreamSummary(ctx, s.auth, &kinesis.DescribeStreamSummaryInput{StreamARN: s.arn})
	if err != nil {
		return 0, err
	}
	return time.Duration(out.StreamDescriptionSummary.RetentionPeriodHours) * time.Hour, nil
}

func (s *kinesisSource) Open(ctx context.Context, shardID, position string, at time.Time) (Reader, error) {
	r := &kinesisReader{source: s, opened: s.opts.Clock()}
	r.next = kinesis.GetShardIteratorInput{StreamARN: s.arn, ShardId: shardID, ShardIteratorType: position}
	if position == AtTimestamp {
		r.next.Timestamp = &kinesis.Timestamp{Time: at}
	}
	if err := r.reposition(ctx); err != nil {
		return nil, err
	}
	if position == Latest {
		// Should this iterator expire before it has brought anything, what was written meanwhile counts.
		r.next.ShardIteratorType = AtTimestamp
		r.next.Timestamp = &kinesis.Timestamp{Time: r.opened}
	}
	return r, nil
}

type kinesisReader struct {
	source   *kinesisSource
	next     kinesis.GetShardIteratorInput // where to begin again when the iterator has expired
	iterator string                        // "" at the end of the shard
	opened   time.Time
}

func (r *kinesisReader) reposition(ctx context.Context) error {
	in := r.next
	out, err := r.source.api.GetShardIterator(ctx, r.source.auth, &in)
	if err != nil {
		return err
	}
	r.iterator = out.ShardIterator
	return nil
}

func (r *kinesisReader) Next(ctx context.Context, limit int) ([]Record, error) {
	limit = min(limit, 10_000)
	for r.iterator != "" {
		out, err := r.source.api.GetRecords(ctx, r.source.auth,
			&kinesis.GetRecordsInput{ShardIterator: r.iterator, Limit: &limit, StreamARN: r.source.arn})
		if isCode(err, "ExpiredIteratorException") {
			if err := r.reposition(ctx); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		r.iterator = out.NextShardIterator
		if len(out.Records) > 0 {
			return r.convert(out.Records), nil
		}
		if r.iterator != "" {
			if err := r.wait(ctx); err != nil {
				return nil, err
			}
		}
	}
	return nil, io.EOF
}

func (r *kinesisReader) convert(in []kinesis.Record) []Record {
	records := make([]Record, len(in))
	for i := range in {
		records[i] = Record{
			SequenceNumber: in[i].SequenceNumber,
			Arrival:        in[i].ApproximateArrivalTimestamp.Time,
			Key:            in[i].PartitionKey,
			Data:           in[i].Data,
		}
	}
	r.next.ShardIteratorType = "AFTER_SEQUENCE_NUMBER"
	r.next.StartingSequenceNumber = in[len(in)-1].SequenceNumber
	r.next.Timestamp = nil
	return records
}

func (r *kinesisReader) wait(ctx context.Context) error {
	waiter, ok := r.source.api.(kinesis.Waiter)
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

func sleep(ctx context.Context, after func(time.Duration) <-chan time.Time, d time.Duration) error {
	select {
	case <-after(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func isCode(err error, code string) bool {
	var e *awsapi.Error
	return errors.As(err, &e) && e.Code == code
}

// arnRegion returns the fourth part of an ARN.
func arnRegion(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[3]
	}
	return ""
}
