package dynamodb

import (
	"context"
	"errors"
)

// elsewhere is what a feed reads that is not of a table of an engine.
type elsewhere struct {
	read   func(ctx context.Context, max int) ([]Change, error)
	closed context.Context
	close  context.CancelFunc
}

// NewFeed returns a feed of changes that are kept elsewhere. read returns at least one change and at most max; it waits until there is one or ctx is
// done. Closing the feed ends that wait.
func NewFeed(read func(ctx context.Context, max int) ([]Change, error)) *Feed {
	closed, cancel := context.WithCancel(context.Background())
	return &Feed{elsewhere: &elsewhere{read, closed, cancel}}
}

func (e *elsewhere) next(ctx context.Context, max int) ([]Change, error) {
	if e.closed.Err() != nil {
		return nil, ErrClosed
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.closed, cancel)()
	changes, err := e.read(ctx, max)
	if err != nil && e.closed.Err() != nil && errors.Is(err, context.Canceled) {
		return nil, ErrClosed
	}
	return changes, err
}
