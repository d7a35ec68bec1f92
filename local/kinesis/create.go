package kinesis

import (
	"context"

	"transactional-outbox/local/awsapi"
)

const (
	onDemand    = "ON_DEMAND"
	provisioned = "PROVISIONED"

	// onDemandShards is what an on-demand stream begins with.
	onDemandShards = 4
	// maxShards is AWS's default quota for a stream in the larger regions.
	maxShards = 10000

	defaultRetentionHours = 24
)

type createStreamInput struct {
	StreamName        string
	ShardCount        *int
	StreamModeDetails *StreamModeDetails
	Tags              map[string]string
}

type nothing struct{}

func (e *Engine) createStream(_ context.Context, auth awsapi.Authorizer, in *createStreamInput) (*nothing, error) {
	mode := provisioned
	if in.StreamModeDetails != nil {
		mode = in.StreamModeDetails.StreamMode
	}
	_, err := e.begin(auth, "CreateStream", target{name: in.StreamName}, func(c *constraints) {
		c.required("streamName", in.StreamName)
		c.between("shardCount", in.ShardCount, 1, maxShards)
		c.oneOf("streamModeDetails.streamMode", mode, provisioned, onDemand)
	})
	if err != nil {
		return nil, err
	}
	shards := onDemandShards
	switch {
	case mode == provisioned && in.ShardCount == nil:
		return nil, invalid("ShardCount must be specified for a stream in PROVISIONED mode.")
	case mode == provisioned:
		shards = *in.ShardCount
	case in.ShardCount != nil:
		return nil, invalid("ShardCount must not be specified for a stream in ON_DEMAND mode.")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if len(in.Tags) > 0 {
		if err := auth.Check("kinesis:AddTagsToStream", e.arn(in.StreamName)); err != nil {
			return nil, err
		}
	}

	e.mu.Lock()
	defer e.mu.Unlock()
	if e.streams[in.StreamName] != nil {
		return nil, awsapi.Errorf("ResourceInUseException", "Stream %s under account %s already exists.", in.StreamName, e.opts.Account)
	}
	e.created++
	s := &stream{
		name: in.StreamName, arn: e.arn(in.StreamName), id: e.created, clock: e.opts.Clock,
		mode: mode, hours: defaultRetentionHours, encryption: "NONE", tags: map[string]string{},
	}
	now := s.now()
	s.created = now
	starts := evenStarts(shards)
	for i, start := range starts {
		end := maxHashKey
		if i+1 < len(starts) {
			end = starts[i+1].minus(1)
		}
		s.writable = append(s.writable, s.addShard(now, start, end))
	}
	for key, value := range in.Tags {
		s.tags[key] = value
	}
	e.streams[in.StreamName] = s
	return nil, nil
}

type deleteStreamInput struct {
	StreamName              string
	StreamARN               string
	EnforceConsumerDeletion bool // there are no consumers
}

func (e *Engine) deleteStream(_ context.Context, auth awsapi.Authorizer, in *deleteStreamInput) (*nothing, error) {
	return nil, e.change(auth, "DeleteStream", target{in.StreamName, in.StreamARN}, nil, func(s *stream) error {
		s.deleted = true
		s.wakeAll()
		e.forget(s)
		return nil
	})
}

// forget takes a deleted stream out of the engine. The engine's lock is never held while a stream's is waited for, so it may be taken
// under the stream's.
func (e *Engine) forget(s *stream) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.streams[s.name] == s {
		delete(e.streams, s.name)
	}
}
