package kinesis

import "fmt"

// shard is one shard of a stream; the stream's lock guards it.
type shard struct {
	index    int
	name     string // its id
	start    hashKey
	end      hashKey
	parents  []*shard
	children []*shard
	opened   sequence
	closed   sequence // of number 0 while the shard is open
	log      log
	// changed is closed when a reader that has seen everything has something new to see. It is nil while nobody waits.
	changed chan struct{}
	written writes
	given   reads
}

func (s *shard) id() string { return s.name }

func shardID(index int) string { return fmt.Sprintf("shardId-%012d", index) }

func (s *shard) open() bool { return s.closed.number == 0 }

// openAt says whether the shard took writes at the given time.
func (s *shard) openAt(millis int64) bool {
	return s.opened.millis <= millis && (s.open() || s.closed.millis > millis)
}

// wake lets waiting readers look again.
func (s *shard) wake() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

func (s *shard) keyRange() HashKeyRange { return HashKeyRange{s.start.String(), s.end.String()} }

// describe returns the shard as the API shows it.
func (s *shard) describe() Shard {
	d := Shard{ShardId: s.id(), HashKeyRange: s.keyRange(), SequenceNumberRange: SequenceNumberRange{StartingSequenceNumber: s.opened.String()}}
	if !s.open() {
		d.SequenceNumberRange.EndingSequenceNumber = s.closed.String()
	}
	if len(s.parents) > 0 {
		d.ParentShardId = s.parents[0].id()
	}
	if len(s.parents) > 1 {
		d.AdjacentParentShardId = s.parents[1].id()
	}
	return d
}

// childShards returns the shards to go on with after this one.
func (s *shard) childShards() []ChildShard {
	children := make([]ChildShard, len(s.children))
	for i, c := range s.children {
		children[i] = ChildShard{ShardId: c.id(), HashKeyRange: c.keyRange()}
		for _, p := range c.parents {
			children[i].ParentShards = append(children[i].ParentShards, p.id())
		}
	}
	return children
}
