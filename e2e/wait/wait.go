// Package wait waits on conditions.
package wait

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Pause between two looks at a condition: it starts short, so that a desk is not waited for longer than it takes, and
// grows, so that a distant stage is not asked needlessly often.
const (
	firstPause   = 2 * time.Millisecond
	longestPause = 500 * time.Millisecond
)

// stopped is a condition's last word.
type stopped struct{ err error }

func (s *stopped) Error() string { return s.err.Error() }
func (s *stopped) Unwrap() error { return s.err }

// Stop marks err as final: no further waiting can make the condition true.
func Stop(err error) error { return &stopped{err} }

// Until calls condition until it returns nil, and then returns nil. It gives up when deadline has passed, when ctx is
// done, or when condition returns an error made by [Stop]; it then returns an error that wraps the condition's last one.
// The condition is called at least once.
func Until(ctx context.Context, deadline time.Duration, condition func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	pause := firstPause
	var last error
	for looks := 1; ; looks++ {
		err := condition(ctx)
		if err == nil {
			return nil
		}
		var final *stopped
		if errors.As(err, &final) {
			return final.err
		}
		// A condition that was cut off by the deadline says less than the one before it.
		if last == nil || ctx.Err() == nil {
			last = err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("not so after %v and %d looks: %w", deadline, looks, last)
		case <-timer.C:
		}
		pause = min(pause*3/2, longestPause)
	}
}
