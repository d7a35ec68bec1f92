package pace_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"transactional-outbox/ops/pace"
)

func TestTurnsAreSpacedEvenly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pace.New(10)
		begun := time.Now()
		for range 31 {
			if err := p.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begun); took != 3*time.Second {
			t.Errorf("31 turns at 10 a second took %v, want 3s", took)
		}
		// What was not used is not saved up.
		time.Sleep(time.Minute)
		begun = time.Now()
		for range 11 {
			p.Wait(t.Context())
		}
		if took := time.Since(begun); took != time.Second {
			t.Errorf("11 turns after a pause took %v, want 1s", took)
		}
	})
}

func TestHighRatesAreKeptOnAverage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pace.New(10_000)
		begun := time.Now()
		for range 10_001 {
			p.Wait(t.Context())
		}
		if took := time.Since(begun); took < 990*time.Millisecond || took > 1010*time.Millisecond {
			t.Errorf("10,001 turns at 10,000 a second took %v, want about 1s", took)
		}
	})
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, p := range map[string]*pace.Pace{"nil": nil, "no limit": pace.New(0), "an hour apart": pace.New(1.0 / 3600)} {
		if err := p.Wait(ctx); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := pace.New(0).Wait(t.Context()); err != nil {
		t.Error(err)
	}
}
