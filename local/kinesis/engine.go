package kinesis

import (
	"context"
	"strings"
	"sync"
	"time"

	"transactional-outbox/local/awsapi"
)

// Engine holds streams in memory. It is safe for concurrent use.
type Engine struct {
	opts Options
	ops  awsapi.Operations

	mu      sync.RWMutex
	streams map[string]*stream
	created uint64 // streams ever created
}

// New returns an engine without streams.
func New(opts *Options) *Engine {
	e := &Engine{ops: awsapi.Operations{}, streams: map[string]*stream{}}
	if opts != nil {
		e.opts = *opts
	}
	if e.opts.Account == "" {
		e.opts.Account = "000000000000"
	}
	if e.opts.Region == "" {
		e.opts.Region = "us-east-1"
	}
	if e.opts.Clock == nil {
		e.opts.Clock = time.Now
	}
	awsapi.Handle(e.ops, "AddTagsToStream", e.addTagsToStream)
	awsapi.Handle(e.ops, "CreateStream", e.createStream)
	awsapi.Handle(e.ops, "DecreaseStreamRetentionPeriod", e.decreaseStreamRetentionPeriod)
	awsapi.Handle(e.ops, "DeleteStream", e.deleteStream)
	awsapi.Handle(e.ops, "DescribeStream", e.describeStream)
	awsapi.Handle(e.ops, "DescribeStreamSummary", e.DescribeStreamSummary)
	awsapi.Handle(e.ops, "GetRecords", e.GetRecords)
	awsapi.Handle(e.ops, "GetShardIterator", e.GetShardIterator)
	awsapi.Handle(e.ops, "IncreaseStreamRetentionPeriod", e.increaseStreamRetentionPeriod)
	awsapi.Handle(e.ops, "ListShards", e.ListShards)
	awsapi.Handle(e.ops, "ListStreams", e.listStreams)
	awsapi.Handle(e.ops, "ListTagsForResource", e.listTagsForResource)
	awsapi.Handle(e.ops, "ListTagsForStream", e.listTagsForStream)
	awsapi.Handle(e.ops, "MergeShards", e.mergeShards)
	awsapi.Handle(e.ops, "PutRecord", e.putRecord)
	awsapi.Handle(e.ops, "PutRecords", e.PutRecords)
	awsapi.Handle(e.ops, "RemoveTagsFromStream", e.removeTagsFromStream)
	awsapi.Handle(e.ops, "SplitShard", e.splitShard)
	awsapi.Handle(e.ops, "StartStreamEncryption", e.startStreamEncryption)
	awsapi.Handle(e.ops, "StopStreamEncryption", e.stopStreamEncryption)
	awsapi.Handle(e.ops, "TagResource", e.tagResource)
	awsapi.Handle(e.ops, "UntagResource", e.untagResource)
	awsapi.Handle(e.ops, "UpdateShardCount", e.updateShardCount)
	awsapi.Handle(e.ops, "UpdateStreamMode", e.updateStreamMode)
	return e
}

// Call implements [awsapi.Service] for Kinesis_20131202.
func (e *Engine) Call(ctx context.Context, auth awsapi.Authorizer, operation string, request []byte) ([]byte, error) {
	return e.ops.Call(ctx, auth, operation, request)
}

// Stats returns how often each operation was called since the engine was made, refused calls included.
func (e *Engine) Stats() map[string]int64 { return e.ops.Stats() }

// arn returns the ARN of a stream of this engine.
func (e *Engine) arn(name string) string {
	return "arn:aws:kinesis:" + e.opts.Region + ":" + e.opts.Account + ":stream/" + name
}

// target is how a request names its stream.
type target struct{ name, arn string }

// begin counts a call, finds out which stream it is about, checks the request and then the caller's permission, in AWS's order: who may
// not ask does not learn whether the stream exists.
func (e *Engine) begin(auth awsapi.Authorizer, operation string, t target, check func(*constraints)) (name string, err error) {
	e.ops.Count(operation)
	name = t.name
	var c constraints
	if t.name != "" {
		c.name("streamName", t.name)
	}
	if check != nil {
		check(&c)
	}
	if err := c.err(); err != nil {
		return "", err
	}
	if t.arn != "" {
		var ok bool
		prefix := e.arn("")
		if name, ok = strings.CutPrefix(t.arn, prefix); !ok || name == "" {
			if !strings.HasPrefix(t.arn, "arn:aws:kinesis:") {
				return "", invalidArgument("%s is not the ARN of a stream.", t.arn)
			}
			name = t.arn[strings.LastIndexByte(t.arn, '/')+1:]
			if err := auth.Check("kinesis:"+operation, t.arn); err != nil {
				return "", err
			}
			return "", e.noStream(name)
		}
		if t.name != "" && t.name != name {
			return "", invalidArgument("StreamARN %s does not name the stream %s.", t.arn, t.name)
		}
		return name, auth.Check("kinesis:"+operation, t.arn)
	}
	if name == "" {
		return "", invalidArgument("Either StreamARN or StreamName must be provided.")
	}
	if auth == nil {
		// The owner's calls are the hot path of the desk: no ARN is built for them.
		return name, nil
	}
	e.mu.RLock()
	s := e.streams[name]
	e.mu.RUnlock()
	if s != nil {
		return name, auth.Check("kinesis:"+operation, s.arn)
	}
	return name, auth.Check("kinesis:"+operation, e.arn(name))
}

// locked finds a stream and locks it.
func (e *Engine) locked(name string) (*stream, error) {
	e.mu.RLock()
	s := e.streams[name]
	e.mu.RUnlock()
	if s == nil {
		return nil, e.noStream(name)
	}
	s.mu.Lock()
	if s.deleted {
		s.mu.Unlock()
		return nil, e.noStream(name)
	}
	return s, nil
}

// change runs an operation that changes a stream under its lock.
func (e *Engine) change(auth awsapi.Authorizer, operation string, t target, check func(*constraints), do func(s *stream) error) error {
	name, err := e.begin(auth, operation, t, check)
	if err != nil {
		return err
	}
	s, err := e.locked(name)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.trim(s.now())
	return do(s)
}
