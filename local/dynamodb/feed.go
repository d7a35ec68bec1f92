package dynamodb

import (
	"context"
	"errors"
	"time"
)

// ErrClosed is what a feed returns when its table was deleted or its engine closed, after the last change.
var ErrClosed = errors.New("the table of this feed is gone")

// Change is one change of one item. Its slices are shared: do not modify them.
type Change struct {
	Table string
	// EventID is a UUIDv4 and unique to the change.
	EventID string
	// EventName is INSERT, MODIFY or REMOVE.
	EventName string
	// Time is when the change was committed.
	Time time.Time
	// Keys, NewImage and OldImage are attribute maps in DynamoDB's JSON; the images are nil where there is none.
	Keys, NewImage, OldImage []byte
	// ByTTL says that time to live removed the item.
	ByTTL bool
	// SizeBytes is the size of the keys and of both images, as DynamoDB measures items.
	SizeBytes int
}

// Feed reads the changes of one table in commit order, all of them from the moment it was opened. It belongs to one goroutine; several
// feeds of one table do not disturb each other.
type Feed struct{}

// Feed opens a feed of a table. It needs no stream on the table. A table that does not exist is an *awsapi.Error with code
// ResourceNotFoundException.
func (e *Engine) Feed(table string) (*Feed, error) { return nil, ErrClosed }

// Next returns the next changes, at least one and at most max (0 means 1,000). It waits until there is one or ctx is done, whose error
// it then returns; a table that is gone ends with [ErrClosed].
func (f *Feed) Next(ctx context.Context, max int) ([]Change, error) { return nil, ErrClosed }

// Close releases what the feed holds back. It may be called more than once.
func (f *Feed) Close() {}
