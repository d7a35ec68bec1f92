// Package dynamodb is the desk's DynamoDB: tables, items, expressions, transactions, change streams and time to live in memory, behind
// the JSON of DynamoDB's own wire protocol.
//
// [New] returns an empty [Engine], which implements awsapi.Service for DynamoDB_20120810; [Engine.Streams] does so for
// DynamoDBStreams_20120810. Reads are always consistent and every write is visible as soon as it is acknowledged; a transaction is
// atomic for readers too. [Engine.Feed] hands a table's changes to Go code, in commit order and complete.
//
// Errors carry AWS's codes and texts. What the engine does not implement (secondary indexes, PartiQL, backups, global tables, the
// parameters that expressions replaced) is refused by name and never ignored.
package dynamodb

import (
	"context"
	"time"

	"transactional-outbox/local/awsapi"
)

// Options configures an [Engine]. A nil *Options and every zero field work.
type Options struct {
	// Region and Account are part of every ARN. Empty means "us-east-1" and "000000000000".
	Region, Account string

	// Clock tells the time. Nil means time.Now.
	Clock func() time.Time

	// NewID returns the random identifiers of tables and changes, UUIDv4. Nil means crypto/rand.
	NewID func() string

	// ExpireEvery is the time between two runs of [Engine.ExpireDue]. 0 means a minute; negative means never: only when called.
	ExpireEvery time.Duration

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
	options Options
}

var _ awsapi.Service = (*Engine)(nil)

// New returns an engine without tables. Close it.
func New(opts *Options) *Engine {
	e := &Engine{}
	if opts != nil {
		e.options = *opts
	}
	return e
}

// Close stops the engine's background work and ends every feed with [ErrClosed]. It may be called more than once.
func (e *Engine) Close() error { return nil }

// Call performs one operation of DynamoDB_20120810.
func (e *Engine) Call(ctx context.Context, auth awsapi.Authorizer, operation string, request []byte) ([]byte, error) {
	return nil, awsapi.UnknownOperation(operation)
}

// Streams returns the service DynamoDBStreams_20120810 over the same tables.
func (e *Engine) Streams() awsapi.Service { return e }

// ExpireDue deletes the items whose time to live has passed at now, as the DynamoDB service does, and returns how many.
func (e *Engine) ExpireDue(now time.Time) int { return 0 }
