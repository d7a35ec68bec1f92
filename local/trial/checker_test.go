package trial

import (
	"fmt"
	"hash/maphash"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/dynamodb"
)

// newChecker returns a checker that is told changes instead of following feeds.
func newChecker() *checker {
	return &checker{seed: maphash.MakeSeed(), orders: map[string]*order{}, moved: make(chan struct{}, 1)}
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// story is a list of changes as they appear in the two tables.
type story struct {
	*checker
	t  *testing.T
	at time.Time
}

func (s *story) committed(order string, sequence int, eventID string) *story {
	s.at = s.at.Add(time.Millisecond)
	image := fmt.Appendf(nil, `{"orderId":{"S":%q},"sequence":{"N":"%d"},"eventId":{"S":%q}}`, order, sequence, eventID)
	if err := s.event(dynamodb.Change{EventName: "INSERT", Time: s.at, NewImage: image}); err != nil {
		s.t.Fatal(err)
	}
	return s
}

func image(order string, sequence int, eventID string) []byte {
	if sequence < 0 {
		return nil
	}
	return fmt.Appendf(nil, `{"orderId":{"S":%q},"lastSequence":{"N":"%d"},"lastEventId":{"S":%q}}`, order, sequence, eventID)
}

func (s *story) moves(order string, from int, fromID string, to int, toID string) *story {
	s.at = s.at.Add(time.Millisecond)
	change := dynamodb.Change{EventName: "MODIFY", Time: s.at, OldImage: image(order, from, fromID), NewImage: image(order, to, toID)}
	if to < 0 {
		change.EventName = "REMOVE"
	}
	if err := s.effect(change); err != nil {
		s.t.Fatal(err)
	}
	return s
}

func TestCheckerFindings(t *testing.T) {
	for name, c := range map[string]struct {
		tell func(*story)
		want Findings
	}{
		"nothing happened": {func(*story) {}, Findings{}},
		"every event has its effect": {
			func(s *story) {
				s.committed("a", 1, "a1").committed("a", 2, "a2").moves("a", -1, "", 1, "a1").moves("a", 1, "a1", 2, "a2")
			},
			Findings{Committed: 2, Delivered: 2, P50: 2 * time.Millisecond, P99: 2 * time.Millisecond},
		},
		"the effect is seen before the event": {
			func(s *story) { s.moves("a", -1, "", 1, "a1").committed("a", 1, "a1") },
			Findings{Committed: 1, Delivered: 1, P50: -time.Millisecond, P99: -time.Millisecond},
		},
		"an event without an effect is lost": {
			func(s *story) { s.committed("a", 1, "a1").committed("b", 1, "b1").moves("b", -1, "", 1, "b1") },
			Findings{Committed: 2, Delivered: 1, Lost: 1, P50: time.Millisecond, P99: time.Millisecond},
		},
		"an effect that skips an event": {
			func(s *story) { s.committed("a", 1, "a1").committed("a", 2, "a2").moves("a", -1, "", 2, "a2") },
			Findings{Committed: 2, Delivered: 1, Lost: 1, OutOfOrder: 1, P50: time.Millisecond, P99: time.Millisecond},
		},
		"the effect of another event": {
			func(s *story) { s.committed("a", 1, "a1").moves("a", -1, "", 1, "b1") },
			Findings{Committed: 1, Delivered: 1, OutOfOrder: 1, P50: time.Millisecond, P99: time.Millisecond},
		},
		"a position that goes back": {
			func(s *story) { s.committed("a", 1, "a1").moves("a", -1, "", 1, "a1").moves("a", 1, "a1", 0, "") },
			Findings{Committed: 1, Delivered: 1, Doubled: 1, P50: time.Millisecond, P99: time.Millisecond},
		},
		"a state that is removed": {
			func(s *story) { s.committed("a", 1, "a1").moves("a", -1, "", 1, "a1").moves("a", 1, "a1", -1, "") },
			Findings{Committed: 1, Delivered: 1, Doubled: 1, P50: time.Millisecond, P99: time.Millisecond},
		},
		"a second effect at the same position": {
			func(s *story) { s.committed("a", 1, "a1").moves("a", -1, "", 1, "a1").moves("a", 1, "a1", 1, "x") },
			Findings{Committed: 1, Delivered: 1, Doubled: 1, P50: time.Millisecond, P99: time.Millisecond},
		},
		"an order that is parked": {
			func(s *story) { s.committed("a", 1, "a1").moves("a", -1, "", 1, "a1").moves("a", 1, "a1", 1, "a1") },
			Findings{Committed: 1, Delivered: 1, P50: time.Millisecond, P99: time.Millisecond},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &story{checker: newChecker(), t: t, at: epoch}
			c.tell(s)
			if diff := cmp.Diff(c.want, s.findings()); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckerIgnoresAnEventThatIsEmittedAgain(t *testing.T) {
	c := newChecker()
	if err := c.event(dynamodb.Change{EventName: "MODIFY", NewImage: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	if committed, _ := c.counts(); committed != 0 {
		t.Errorf("counted %d events, want 0", committed)
	}
}

func TestCheckerRefusesAnEventWithoutASequence(t *testing.T) {
	err := newChecker().event(dynamodb.Change{EventName: "INSERT", NewImage: []byte(`{"orderId":{"S":"a"}}`)})
	if err == nil {
		t.Error("no error for an event without a sequence")
	}
}

func TestCheckerFindsOrdersWithoutAnEvent(t *testing.T) {
	s := &story{checker: newChecker(), t: t, at: epoch}
	s.committed("a", 1, "a1")
	if got := s.without([]string{"a", "b"}); got != 1 {
		t.Errorf("%d orders without an event, want 1", got)
	}
}

func TestSettleGivesUpWhenNothingMoves(t *testing.T) {
	s := &story{checker: newChecker(), t: t, at: epoch}
	s.committed("a", 1, "a1")
	if err := s.settle(t.Context(), time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if got := s.findings().Lost; got != 1 {
		t.Errorf("lost %d, want 1", got)
	}
}
