package kinesis

import (
	"context"
	"encoding/base64"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/awsapi"
)

const maxListShards = 1000

// shardsToken is what a NextToken of ListShards carries: the request that it continues.
type shardsToken struct {
	Issued  int64 // ms
	Stream  uint64
	Request *ListShardsInput
}

// ListShards lists the shards of a stream, up to 1,000 a page.
func (e *Engine) ListShards(_ context.Context, auth awsapi.Authorizer, in *ListShardsInput) (*ListShardsOutput, error) {
	in, token, malformed := resume(in)
	t := target{in.StreamName, in.StreamARN}
	if malformed != nil && t == (target{}) {
		e.ops.Count("ListShards")
		return nil, malformed
	}
	name, err := e.begin(auth, "ListShards", t, func(c *constraints) {
		c.between("maxResults", in.MaxResults, 1, 10000)
		if in.ExclusiveStartShardId != "" {
			c.name("exclusiveStartShardId", in.ExclusiveStartShardId)
		}
		if in.ShardFilter != nil {
			c.oneOf("shardFilter.type", in.ShardFilter.Type, "AFTER_SHARD_ID", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON", "AT_LATEST", "AT_TIMESTAMP", "FROM_TIMESTAMP")
		}
	})
	if err != nil {
		return nil, err
	}
	if malformed != nil {
		return nil, malformed
	}

	s, err := e.locked(name)
	if err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	now := s.now()
	s.trim(now)
	switch {
	case token != nil && now-token.Issued > iteratorLife.Milliseconds():
		return nil, awsapi.Errorf("ExpiredNextTokenException", "NextToken has expired.")
	case token != nil && token.Stream != s.id,
		in.StreamCreationTimestamp != nil && in.StreamCreationTimestamp.Unix() != s.created/1000:
		return nil, e.noStream(name)
	}
	shards, err := s.filter(now, in.ShardFilter, s.after(in.ExclusiveStartShardId))
	if err != nil {
		return nil, err
	}
	limit := maxListShards
	if in.MaxResults != nil {
		limit = min(limit, *in.MaxResults)
	}
	if len(shards) <= limit {
		return &ListShardsOutput{Shards: describeAll(shards)}, nil
	}
	rest := *in
	rest.StreamName, rest.StreamARN, rest.ExclusiveStartShardId = name, "", shards[limit-1].id()
	next, err := json.Marshal(shardsToken{now, s.id, &rest})
	if err != nil {
		return nil, err
	}
	return &ListShardsOutput{Shards: describeAll(shards[:limit]), NextToken: base64.StdEncoding.EncodeToString(next)}, nil
}

// resume returns the request that in continues, or in itself.
func resume(in *ListShardsInput) (*ListShardsInput, *shardsToken, error) {
	if in.NextToken == "" {
		return in, nil, nil
	}
	if in.StreamName != "" || in.StreamARN != "" {
		return in, nil, invalidArgument("NextToken and StreamName cannot be provided together.")
	}
	if in.ExclusiveStartShardId != "" || in.ShardFilter != nil || in.StreamCreationTimestamp != nil {
		return in, nil, invalidArgument("NextToken cannot be provided together with ExclusiveStartShardId, ShardFilter or StreamCreationTimestamp.")
	}
	token := &shardsToken{}
	raw, err := base64.StdEncoding.DecodeString(in.NextToken)
	if err == nil {
		err = json.Unmarshal(raw, token)
	}
	if err != nil || token.Request == nil || token.Request.NextToken != "" || token.Request.StreamName == "" {
		return in, nil, invalidArgument("Invalid NextToken.")
	}
	rest := token.Request
	if in.MaxResults != nil {
		rest.MaxResults = in.MaxResults
	}
	return rest, token, nil
}

// filter keeps the shards that a filter asks for.
func (s *stream) filter(now int64, f *ShardFilter, shards []*shard) ([]*shard, error) {
	if f == nil {
		return shards, nil
	}
	at := max(s.horizon(now), s.created)
	switch f.Type {
	case "AFTER_SHARD_ID":
		if f.ShardId == "" {
			return nil, invalidArgument("ShardId must be specified in the ShardFilter for the type AFTER_SHARD_ID.")
		}
	case "AT_TIMESTAMP", "FROM_TIMESTAMP":
		if f.Timestamp == nil {
			return nil, invalidArgument("Timestamp must be specified in the ShardFilter for the type %s.", f.Type)
		}
		if f.Timestamp.UnixMilli() > now {
			return nil, invalidArgument("The Timestamp of the ShardFilter cannot be in the future.")
		}
		at = max(at, f.Timestamp.UnixMilli())
	}
	var kept []*shard
	for _, sh := range shards {
		var keep bool
		switch f.Type {
		case "AFTER_SHARD_ID":
			keep = sh.id() > f.ShardId
		case "AT_LATEST":
			keep = sh.open()
		case "AT_TRIM_HORIZON", "AT_TIMESTAMP":
			keep = sh.openAt(at)
		case "FROM_TRIM_HORIZON", "FROM_TIMESTAMP":
			keep = sh.open() || sh.closed.millis >= at
		}
		if keep {
			kept = append(kept, sh)
		}
	}
	return kept, nil
}
