// Package dynamodb is the desk's DynamoDB: tables, items, expressions, transactions, change streams and time to live in memory, behind
// the JSON of DynamoDB's own wire protocol.
//
// [New] returns an empty [Engine], which implements awsapi.Service for DynamoDB_20120810; [Engine.Streams] does so for
// DynamoDBStreams_20120810. Reads are always consistent and every write is visible as soon as it is acknowledged; a transaction is
// atomic for transactional reads. [Engine.Feed] hands a table's changes to Go code, in commit order and complete.
//
// Errors carry AWS's codes and texts. What the engine does not implement (secondary indexes, PartiQL, backups, global tables, the
// parameters that expressions replaced) is refused by name and never ignored.
package dynamodb

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"sync"
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb/expression"
)

// Options configures an [Engine]. A nil *Options and every zero field work.
type Options struct {
	// Region and Account are part of every ARN. Empty means "us-east-1" and "000000000000".
	Region, Account string

	// Clock tells the time. Nil means time.Now.
	Clock func() time.Time

	// NewID returns the random identifiers of tables and changes, UUIDv4. Nil means random ones. It must be safe for concurrent use.
	NewID func() string

	// ExpireEvery is the time between two runs of [Engine.ExpireDue]. 0 means a minute; negative means never: only when called.
	ExpireEvery time.Duration

	// StreamRetention is how long streams offer their records, which stay in memory. 0 means 24 hours, as on AWS.
	StreamRetention time.Duration

	// Hook, if set, sees every operation. It is the seam for fault injection.
	Hook Hook
}

// Hook sees operations before and after they are performed. Its methods run on the caller's goroutine, may block and must be safe for
// concurrent use.
type Hook interface {
	// Before runs before anything else happens. An error is the answer, and the operation is not performed.
	Before(ctx context.Context, operation string, request []byte) error
	// After runs when the operation has taken effect, with its outcome. What it returns is the answer in its place.
	After(ctx context.Context, operation string, request, response []byte, err error) ([]byte, error)
}

// Engine is one account's DynamoDB in one region. It is safe for concurrent use.
type Engine struct {
	options    Options
	cache      expression.Cache
	tokens     tokens
	stats      counters
	operations map[string]operation

	mu     sync.RWMutex
	tables map[string]*table
	made   uint64 // tables made so far
	closed bool

	stop    chan struct{}
	stopped sync.WaitGroup
}

var _ awsapi.Service = (*Engine)(nil)

// New returns an engine without tables. Close it.
func New(opts *Options) *Engine {
	e := &Engine{tables: map[string]*table{}, operations: operations(), stop: make(chan struct{})}
	if opts != nil {
		e.options = *opts
	}
	o := &e.options
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Account == "" {
		o.Account = "000000000000"
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.NewID == nil {
		o.NewID = newUUID
	}
	if o.StreamRetention == 0 {
		o.StreamRetention = 24 * time.Hour
	}
	if o.ExpireEvery == 0 {
		o.ExpireEvery = time.Minute
	}
	e.stats.init(e.operations)
	e.tokens.init()
	if o.ExpireEvery > 0 {
		e.stopped.Go(e.tend)
	}
	return e
}

// tend runs the service's own work until the engine is closed.
func (e *Engine) tend() {
	ticker := time.NewTicker(e.options.ExpireEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			e.ExpireDue(e.options.Clock())
		case <-e.stop:
			return
		}
	}
}

// Close stops the engine's background work and ends every feed with [ErrClosed]. It may be called more than once.
func (e *Engine) Close() error {
	e.mu.Lock()
	first := !e.closed
	e.closed = true
	tables := e.tables
	e.tables = map[string]*table{}
	e.mu.Unlock()
	if first {
		close(e.stop)
		for _, t := range tables {
			t.close()
		}
	}
	e.stopped.Wait()
	return nil
}

// Call performs one operation of DynamoDB_20120810.
func (e *Engine) Call(ctx context.Context, auth awsapi.Authorizer, operation string, request []byte) ([]byte, error) {
	return e.call(ctx, auth, serviceTables, operation, request)
}

// Streams returns the service DynamoDBStreams_20120810 over the same tables.
func (e *Engine) Streams() awsapi.Service { return streamsService{e} }

type streamsService struct{ engine *Engine }

func (s streamsService) Call(ctx context.Context, auth awsapi.Authorizer, operation string, request []byte) ([]byte, error) {
	return s.engine.call(ctx, auth, serviceStreams, operation, request)
}

func (e *Engine) call(ctx context.Context, auth awsapi.Authorizer, of service, name string, request []byte) ([]byte, error) {
	operation, ok := e.operations[name]
	if !ok || operation.service != of {
		return nil, awsapi.UnknownOperation(name)
	}
	counter := e.stats.calls[name]
	counter.calls.Add(1)
	if hook := e.options.Hook; hook != nil {
		if err := hook.Before(ctx, name, request); err != nil {
			counter.failed.Add(1)
			return nil, err
		}
	}
	response, err := operation.perform(e, auth, request)
	if hook := e.options.Hook; hook != nil {
		response, err = hook.After(ctx, name, request, response, err)
	}
	if err != nil {
		counter.failed.Add(1)
		return nil, err
	}
	return response, nil
}

// newUUID returns a random UUIDv4.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[0:], b[0:4])
	hex.Encode(text[9:], b[4:6])
	hex.Encode(text[14:], b[6:8])
	hex.Encode(text[19:], b[8:10])
	hex.Encode(text[24:], b[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}
