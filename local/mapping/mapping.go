// Package mapping runs Lambda event source mappings for Kinesis data streams and for DynamoDB Streams: it reads the shards of a stream,
// filters and batches records, invokes a function with them and deals with what comes back.
//
// Start one with [New] on a [Source] ([NewKinesisSource] or [NewDynamoDBSource]) and an [Invoker]; change it with [Mapping.Update]; stop
// it with [Mapping.Close]. Positions are kept as long as the Mapping lives, through updates and through being disabled.
//
// Delivery is at least once, and what AWS documents for these mappings: records of one partition key reach the function in stream
// order, a batch that fails is sent again until it succeeds, exhausts its retries or grows too old, and what is given up is named in
// exactly one message to the on-failure destination.
//
// Differences from AWS: a mapping works within milliseconds where AWS takes minutes; records are handed on the moment they are in the
// stream instead of once a second; an update never skips records. Enhanced fan-out, tumbling windows and destinations other than SQS
// are refused by name.
package mapping

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"transactional-outbox/local/awsapi"
)

// Options configures [New]. Every zero field works, except that a Config with an OnFailure destination needs a Queue.
type Options struct {
	Config

	// UUID names the mapping in log lines. "" means none.
	UUID string
	// FunctionARN is the function's ARN, as dead letters name it.
	FunctionARN string
	// RoleARN is the function's role, the invokeIdentityArn of Kinesis records.
	RoleARN string

	// Authorizer is what the function's role may do. [New] and [Mapping.Update] refuse a role that may not read the stream or send to
	// the destination. Nil allows everything. The source is given its own, for each read.
	Authorizer awsapi.Authorizer
	// Queue sends dead letters.
	Queue Queue

	// StartingPosition is TRIM_HORIZON, LATEST or, for Kinesis only, AT_TIMESTAMP. "" means TRIM_HORIZON.
	StartingPosition string
	// StartingPositionTimestamp goes with AT_TIMESTAMP.
	StartingPositionTimestamp time.Time

	// Backoff returns how long to wait before attempt number n (1, 2, ...) after a failed or throttled invocation. Nil means
	// DefaultBackoff.
	Backoff func(n int) time.Duration
	// Clock tells the time. Nil means time.Now.
	Clock func() time.Time
	// After is the timer behind batching windows and backoff. Nil means time.After.
	After func(time.Duration) <-chan time.Time
	// RequestID returns the request id of a dead letter about records that no invocation saw. Nil means random UUIDs.
	RequestID func() string
	// Logger receives failures. Nil discards them.
	Logger *slog.Logger
}

// DefaultBackoff doubles from 100 ms to 30 s, with up to a fifth taken off at random so that shards do not retry in step. AWS does not
// publish its own; about eight attempts in the first minute were observed, which this resembles.
func DefaultBackoff(n int) time.Duration {
	d := min(100*time.Millisecond<<min(max(n-1, 0), 10), 30*time.Second)
	return d - rand.N(d/5+1)
}

// Mapping is one running event source mapping. It is safe for concurrent use.
type Mapping struct {
	opts   Options
	source Source
	invoke Invoker
	counts counters

	mu      sync.Mutex
	config  *compiled
	changed chan struct{} // closed and replaced when config or state changes
	state   State
	result  string

	discovered bool // the shards at the starting position are known
	shards     map[string]*shard

	stop context.CancelFunc
	done chan struct{}
}

// New checks the configuration and the role, and starts the mapping. Errors are [*awsapi.Error], worded as CreateEventSourceMapping
// does. The mapping reads nothing before its State is Enabled; [Mapping.Settled] waits for that.
func New(source Source, invoke Invoker, opts *Options) (*Mapping, error) {
	if source == nil || invoke == nil {
		return nil, errors.New("mapping: a source and an invoker are required")
	}
	m := &Mapping{source: source, invoke: invoke, changed: make(chan struct{}), shards: map[string]*shard{}, done: make(chan struct{})}
	if opts != nil {
		m.opts = *opts
	}
	m.opts.setDefaults()
	if err := m.opts.checkStart(source.Stream()); err != nil {
		return nil, err
	}
	config, err := m.check(m.opts.Config)
	if err != nil {
		return nil, err
	}
	if _, err := source.Shards(context.Background()); isCode(err, "ResourceNotFoundException") {
		return nil, invalidParameter("Stream not found: %s", source.Stream().ARN)
	}
	m.config = config
	m.state = Creating
	ctx, cancel := context.WithCancel(context.Background())
	m.stop = cancel
	go m.run(ctx)
	return m, nil
}

func (o *Options) setDefaults() {
	if o.StartingPosition == "" {
		o.StartingPosition = TrimHorizon
	}
	if o.Backoff == nil {
		o.Backoff = DefaultBackoff
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.After == nil {
		o.After = time.After
	}
	if o.RequestID == nil {
		o.RequestID = randomUUID
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

// Update replaces the configuration: the whole of it, not only what differs. It takes effect when the invocations that are running have
// come back; nothing is skipped, and nothing that succeeded is sent again. Retries of unfinished records start anew. Errors are
// [*awsapi.Error], worded as UpdateEventSourceMapping does, and leave everything as it was.
func (m *Mapping) Update(config Config) error {
	c, err := m.check(config)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.config.Disabled && !c.Disabled:
		m.state = Enabling
	case !m.config.Disabled && c.Disabled:
		m.state = Disabling
	default:
		m.state = Updating
	}
	m.config = c
	m.signal()
	return nil
}

// Settled waits until the last configuration is in force, so that State is Enabled or Disabled.
func (m *Mapping) Settled(ctx context.Context) error {
	for {
		m.mu.Lock()
		state, changed := m.state, m.changed
		m.mu.Unlock()
		if state == Enabled || state == Disabled {
			return nil
		}
		select {
		case <-changed:
		case <-m.done:
			return errors.New("mapping: closed")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Stop has the mapping end: it invokes no more, and whatever becomes of its last invocations is no problem of anybody's. It does not
// wait; Close does.
func (m *Mapping) Stop() { m.stop() }

// Close stops the mapping and returns when the invocations that are running have come back. It may be called more than once.
func (m *Mapping) Close() error {
	m.Stop()
	<-m.done
	return nil
}

// signal wakes everyone who waits for a change. The caller holds m.mu.
func (m *Mapping) signal() {
	close(m.changed)
	m.changed = make(chan struct{})
}
