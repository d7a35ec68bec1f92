package faults

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/kinesis"
)

// The first split comes early enough for a short run to have it, each further one when about as many records again have passed.
const (
	firstSplit = 200
	nextSplit  = 800
)

// splitter splits shards of a stream as records pass. It belongs to the goroutine of the stream's destination.
type splitter struct {
	*Injector
	to     Stream
	arn    string
	random *rand.Rand
	left   int // splits to come
	until  int // records to pass before the next one
}

func newSplitter(i *Injector, to Stream, arn string) *splitter {
	s := &splitter{Injector: i, to: to, arn: arn, random: newSource(i.seed, "reshard").random, left: i.mix.Reshard}
	s.until = firstSplit/2 + s.random.IntN(firstSplit)
	return s
}

// passed notes that records are on their way, and splits a shard when it is time to.
func (s *splitter) passed(ctx context.Context, records int) {
	if s.left == 0 {
		return
	}
	if s.until -= records; s.until > 0 {
		return
	}
	s.left--
	s.until = nextSplit/2 + s.random.IntN(nextSplit)
	if err := s.divide(ctx); err != nil {
		s.logger.Warn("shard not split", "stream", s.arn, "error", err)
		return
	}
	s.splits.Add(1)
}

// divide splits one of the open shards in the middle.
func (s *splitter) divide(ctx context.Context) error {
	open, err := s.openShards(ctx)
	if err != nil {
		return err
	}
	if len(open) == 0 {
		return errors.New("no shard is open")
	}
	shard := open[s.random.IntN(len(open))]
	start, ok := new(big.Int).SetString(shard.HashKeyRange.StartingHashKey, 10)
	end, fine := new(big.Int).SetString(shard.HashKeyRange.EndingHashKey, 10)
	if !ok || !fine {
		return fmt.Errorf("shard %s has no range of hash keys", shard.ShardId)
	}
	middle := start.Add(start, end)
	middle.Rsh(middle, 1)
	request, err := json.Marshal(map[string]string{"StreamARN": s.arn, "ShardToSplit": shard.ShardId, "NewStartingHashKey": middle.String()})
	if err != nil {
		return err
	}
	_, err = s.to.Call(ctx, nil, "SplitShard", request)
	// The shards of an on-demand stream are divided by AWS alone, evenly.
	known, refused := errors.AsType[*awsapi.Error](err)
	if on, ok := s.to.(resharder); ok && refused && known.Code == "ValidationException" {
		return on.Reshard(s.arn, len(open)+1)
	}
	return err
}

// resharder is what [*kinesis.Engine] offers for on-demand streams.
type resharder interface {
	Reshard(stream string, n int) error
}

func (s *splitter) openShards(ctx context.Context) ([]kinesis.Shard, error) {
	var open []kinesis.Shard
	in := &kinesis.ListShardsInput{StreamARN: s.arn}
	for {
		out, err := s.to.ListShards(ctx, nil, in)
		if err != nil {
			return nil, err
		}
		for _, shard := range out.Shards {
			if shard.SequenceNumberRange.EndingSequenceNumber == "" {
				open = append(open, shard)
			}
		}
		if out.NextToken == "" {
			return open, nil
		}
		in = &kinesis.ListShardsInput{NextToken: out.NextToken}
	}
}
