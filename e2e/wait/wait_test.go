package wait_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"transactional-outbox/e2e/wait"
)

var errNotYet = errors.New("not yet")

func TestUntilReturnsAsSoonAsTheConditionHolds(t *testing.T) {
	looks := 0
	err := wait.Until(t.Context(), time.Minute, func(context.Context) error {
		looks++
		if looks < 4 {
			return errNotYet
		}
		return nil
	})
	if err != nil || looks != 4 {
		t.Errorf("Until = %v after %d looks, want nil after 4", err, looks)
	}
}

func TestUntilGivesUpWithTheLastReason(t *testing.T) {
	for name, deadline := range map[string]time.Duration{"no time at all": 0, "some time": 20 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			looks := 0
			err := wait.Until(t.Context(), deadline, func(context.Context) error {
				looks++
				return errNotYet
			})
			if !errors.Is(err, errNotYet) || looks == 0 {
				t.Errorf("Until = %v after %d looks, want the condition's reason after at least one", err, looks)
			}
		})
	}
}

func TestUntilKeepsTheReasonFromBeforeTheDeadline(t *testing.T) {
	first := true
	err := wait.Until(t.Context(), 10*time.Millisecond, func(ctx context.Context) error {
		if first {
			first = false
			return errNotYet
		}
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, errNotYet) {
		t.Errorf("Until = %v, want the reason given before the deadline", err)
	}
}

func TestUntilObeysStop(t *testing.T) {
	looks := 0
	err := wait.Until(t.Context(), time.Minute, func(context.Context) error {
		looks++
		return wait.Stop(errNotYet)
	})
	if err != errNotYet || looks != 1 {
		t.Errorf("Until = %v after %d looks, want the error itself after one", err, looks)
	}
}
