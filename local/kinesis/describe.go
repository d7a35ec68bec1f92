package kinesis

import (
	"context"
	"maps"
	"slices"

	"transactional-outbox/local/awsapi"
)

type describeStreamInput struct {
	StreamName            string
	StreamARN             string
	Limit                 *int
	ExclusiveStartShardId string
}

type describeStreamOutput struct{ StreamDescription streamDescription }

type streamDescription struct {
	StreamName              string
	StreamARN               string
	StreamStatus            string
	StreamModeDetails       *StreamModeDetails
	Shards                  []Shard
	HasMoreShards           bool
	RetentionPeriodHours    int
	StreamCreationTimestamp Timestamp
	EnhancedMonitoring      []EnhancedMetrics
	EncryptionType          string
	KeyId                   string `json:",omitempty"`
}

// DescribeStreamSummary describes a stream without its shards.
func (e *Engine) DescribeStreamSummary(_ context.Context, auth awsapi.Authorizer, in *DescribeStreamSummaryInput) (*DescribeStreamSummaryOutput, error) {
	out := &DescribeStreamSummaryOutput{}
	err := e.change(auth, "DescribeStreamSummary", target{in.StreamName, in.StreamARN}, nil, func(s *stream) error {
		out.StreamDescriptionSummary = StreamDescriptionSummary{
			StreamName: s.name, StreamARN: s.arn, StreamStatus: "ACTIVE", StreamModeDetails: &StreamModeDetails{s.mode},
			RetentionPeriodHours: s.hours, StreamCreationTimestamp: timestamp(s.created),
			EnhancedMonitoring: []EnhancedMetrics{{ShardLevelMetrics: []string{}}},
			EncryptionType:     s.encryption, KeyId: s.keyID, OpenShardCount: len(s.writable),
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (e *Engine) describeStream(_ context.Context, auth awsapi.Authorizer, in *describeStreamInput) (*describeStreamOutput, error) {
	out := &describeStreamOutput{}
	check := func(c *constraints) {
		c.between("limit", in.Limit, 1, 10000)
		if in.ExclusiveStartShardId != "" {
			c.name("exclusiveStartShardId", in.ExclusiveStartShardId)
		}
	}
	err := e.change(auth, "DescribeStream", target{in.StreamName, in.StreamARN}, check, func(s *stream) error {
		shards := s.after(in.ExclusiveStartShardId)
		limit := 100
		if in.Limit != nil {
			limit = *in.Limit
		}
		page := shards[:min(limit, len(shards))]
		out.StreamDescription = streamDescription{
			StreamName: s.name, StreamARN: s.arn, StreamStatus: "ACTIVE", StreamModeDetails: &StreamModeDetails{s.mode},
			Shards: describeAll(page), HasMoreShards: len(page) < len(shards),
			RetentionPeriodHours: s.hours, StreamCreationTimestamp: timestamp(s.created),
			EnhancedMonitoring: []EnhancedMetrics{{ShardLevelMetrics: []string{}}},
			EncryptionType:     s.encryption, KeyId: s.keyID,
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// after returns the shards that can still be read, in the order of their ids, those behind an id only.
func (s *stream) after(id string) []*shard {
	var shards []*shard
	for _, sh := range s.shards {
		if sh != nil && (id == "" || sh.id() > id) {
			shards = append(shards, sh)
		}
	}
	return shards
}

func describeAll(shards []*shard) []Shard {
	described := make([]Shard, len(shards))
	for i, sh := range shards {
		described[i] = sh.describe()
	}
	return described
}

type listStreamsInput struct {
	Limit                    *int
	ExclusiveStartStreamName string
	NextToken                string
}

type listStreamsOutput struct {
	StreamNames     []string
	HasMoreStreams  bool
	NextToken       string `json:",omitempty"`
	StreamSummaries []streamSummary
}

type streamSummary struct {
	StreamName              string
	StreamARN               string
	StreamStatus            string
	StreamModeDetails       StreamModeDetails
	StreamCreationTimestamp Timestamp
}

func (e *Engine) listStreams(_ context.Context, auth awsapi.Authorizer, in *listStreamsInput) (*listStreamsOutput, error) {
	e.ops.Count("ListStreams")
	var c constraints
	c.between("limit", in.Limit, 1, 10000)
	if in.ExclusiveStartStreamName != "" {
		c.name("exclusiveStartStreamName", in.ExclusiveStartStreamName)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	if err := auth.Check("kinesis:ListStreams", "*"); err != nil {
		return nil, err
	}
	e.mu.RLock()
	streams := slices.Collect(maps.Values(e.streams))
	e.mu.RUnlock()
	slices.SortFunc(streams, func(a, b *stream) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})

	// The token of this engine is the last name of the page, which is what ExclusiveStartStreamName takes.
	start := max(in.ExclusiveStartStreamName, in.NextToken)
	limit := 100
	if in.Limit != nil {
		limit = *in.Limit
	}
	out := &listStreamsOutput{StreamNames: []string{}, StreamSummaries: []streamSummary{}}
	for _, s := range streams {
		if s.name <= start {
			continue
		}
		if len(out.StreamNames) == limit {
			out.HasMoreStreams, out.NextToken = true, out.StreamNames[limit-1]
			break
		}
		s.mu.Lock()
		summary := streamSummary{s.name, s.arn, "ACTIVE", StreamModeDetails{s.mode}, timestamp(s.created)}
		s.mu.Unlock()
		out.StreamNames = append(out.StreamNames, s.name)
		out.StreamSummaries = append(out.StreamSummaries, summary)
	}
	return out, nil
}
