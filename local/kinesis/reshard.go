package kinesis

import (
	"context"

	"transactional-outbox/local/awsapi"
)

type splitShardInput struct {
	StreamName         string
	StreamARN          string
	ShardToSplit       string
	NewStartingHashKey string
}

func (e *Engine) splitShard(_ context.Context, auth awsapi.Authorizer, in *splitShardInput) (*nothing, error) {
	check := func(c *constraints) {
		if c.required("shardToSplit", in.ShardToSplit) {
			c.name("shardToSplit", in.ShardToSplit)
		}
		if c.required("newStartingHashKey", in.NewStartingHashKey) {
			c.decimal("newStartingHashKey", in.NewStartingHashKey, 39)
		}
	}
	return nil, e.change(auth, "SplitShard", target{in.StreamName, in.StreamARN}, check, func(s *stream) error {
		sh, err := e.changeable(s, in.ShardToSplit)
		if err != nil {
			return err
		}
		start, err := parseHashKey("NewStartingHashKey", in.NewStartingHashKey)
		if err != nil {
			return err
		}
		if !sh.start.plus(1).less(start) || !start.less(sh.end) {
			return invalidArgument("NewStartingHashKey %s used in SplitShard() on shard %s in stream %s under account %s is not both greater "+
				"than one plus the shard's StartingHashKey %s and less than the shard's EndingHashKey %s.",
				in.NewStartingHashKey, sh.id(), s.name, e.opts.Account, sh.start, sh.end)
		}
		s.split(s.now(), sh, start)
		return nil
	})
}

type mergeShardsInput struct {
	StreamName           string
	StreamARN            string
	ShardToMerge         string
	AdjacentShardToMerge string
}

func (e *Engine) mergeShards(_ context.Context, auth awsapi.Authorizer, in *mergeShardsInput) (*nothing, error) {
	check := func(c *constraints) {
		if c.required("shardToMerge", in.ShardToMerge) {
			c.name("shardToMerge", in.ShardToMerge)
		}
		if c.required("adjacentShardToMerge", in.AdjacentShardToMerge) {
			c.name("adjacentShardToMerge", in.AdjacentShardToMerge)
		}
	}
	return nil, e.change(auth, "MergeShards", target{in.StreamName, in.StreamARN}, check, func(s *stream) error {
		lower, err := e.changeable(s, in.ShardToMerge)
		if err != nil {
			return err
		}
		upper, err := e.changeable(s, in.AdjacentShardToMerge)
		if err != nil {
			return err
		}
		if lower.end == maxHashKey || lower.end.plus(1) != upper.start {
			return invalidArgument("Shards %s and %s in stream %s under account %s are not an adjacent pair of shards eligible for merging",
				lower.id(), upper.id(), s.name, e.opts.Account)
		}
		s.merge(s.now(), lower, upper)
		return nil
	})
}

// changeable returns an open shard of a stream whose shards its owner manages.
func (e *Engine) changeable(s *stream, id string) (*shard, error) {
	index, ok := parseShardID(id)
	if !ok {
		return nil, e.missingShard(s.name, id)
	}
	sh := s.shard(index)
	if sh == nil {
		return nil, e.missingShard(s.name, shardID(index))
	}
	if err := e.manual(s); err != nil {
		return nil, err
	}
	if !sh.open() {
		return nil, invalidArgument("Shard %s in stream %s under account %s has already been merged or split, and thus is not eligible for merging or splitting.",
			sh.id(), s.name, e.opts.Account)
	}
	return sh, nil
}

func (e *Engine) manual(s *stream) error {
	if s.mode == onDemand {
		return invalid("Stream %s under account %s is in ON_DEMAND mode: its shards cannot be changed by its owner.", s.name, e.opts.Account)
	}
	return nil
}

type updateShardCountInput struct {
	StreamName       string
	StreamARN        string
	TargetShardCount *int
	ScalingType      string
}

type updateShardCountOutput struct {
	StreamName        string
	StreamARN         string
	CurrentShardCount int
	TargetShardCount  int
}

func (e *Engine) updateShardCount(_ context.Context, auth awsapi.Authorizer, in *updateShardCountInput) (*updateShardCountOutput, error) {
	check := func(c *constraints) {
		if in.TargetShardCount == nil {
			c.fail("targetShardCount", "null", "Member must not be null")
		}
		c.between("targetShardCount", in.TargetShardCount, 1, maxShards)
		c.oneOf("scalingType", in.ScalingType, "UNIFORM_SCALING")
	}
	var out *updateShardCountOutput
	err := e.change(auth, "UpdateShardCount", target{in.StreamName, in.StreamARN}, check, func(s *stream) error {
		if err := e.manual(s); err != nil {
			return err
		}
		current, wanted := len(s.writable), *in.TargetShardCount
		switch {
		case wanted > 2*current:
			return awsapi.Errorf("LimitExceededException", "UpdateShardCount cannot scale up over double your current open shard count. "+
				"Current open shard count: %d Target shard count: %d", current, wanted)
		case 2*wanted < current:
			return awsapi.Errorf("LimitExceededException", "UpdateShardCount cannot scale down below half your current open shard count. "+
				"Current open shard count: %d Target shard count: %d", current, wanted)
		}
		s.reshard(s.now(), wanted)
		out = &updateShardCountOutput{s.name, s.arn, current, wanted}
		return nil
	})
	return out, err
}

// Reshard divides a stream evenly into n shards, as AWS does with an on-demand stream by itself when its load changes. The engine never
// does so by itself.
func (e *Engine) Reshard(stream string, n int) error {
	if n < 1 || n > maxShards {
		return invalidArgument("A stream has between 1 and %d shards, not %d.", maxShards, n)
	}
	s, err := e.locked(stream)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.reshard(s.now(), n)
	return nil
}
