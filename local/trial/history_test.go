package trial

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/dynamodb"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// story is a list of changes as they appear in the two tables.
type story struct {
	*history
	t  *testing.T
	at time.Time
}

func newStory(t *testing.T) *story {
	return &story{history: newHistory(newNames(), epoch), t: t, at: epoch}
}

// outbox tells of a change of an event.
func (s *story) outbox(name, order string, sequence int, eventID string, byTTL bool) *story {
	s.at = s.at.Add(time.Millisecond)
	image := fmt.Appendf(nil, `{"orderId":{"S":%q},"sequence":{"N":"%d"},"eventId":{"S":%q},"type":{"S":"order.placed"}}`, order, sequence, eventID)
	change := &dynamodb.Change{EventName: name, Time: s.at, NewImage: image, ByTTL: byTTL}
	if name == "REMOVE" {
		change.OldImage, change.NewImage = image, nil
	}
	if err := s.event(change); err != nil {
		s.t.Fatal(err)
	}
	return s
}

func (s *story) committed(order string, sequence int, eventID string) *story {
	return s.outbox("INSERT", order, sequence, eventID, false)
}

func image(order string, sequence int, eventID string) []byte {
	if sequence < 0 {
		return nil
	}
	return fmt.Appendf(nil, `{"orderId":{"S":%q},"lastSequence":{"N":"%d"},"lastEventId":{"S":%q}}`, order, sequence, eventID)
}

// folds tells of a state that moves by several events at once, by its own account.
func (s *story) folds(order string, from int, fromID string, to int, toID string, count int) *story {
	s.at = s.at.Add(time.Millisecond)
	after := fmt.Appendf(nil, `{"orderId":{"S":%q},"lastSequence":{"N":"%d"},"lastEventId":{"S":%q},"lastCount":{"N":"%d"}}`, order, to, toID, count)
	if err := s.effect(&dynamodb.Change{EventName: "MODIFY", Time: s.at, OldImage: image(order, from, fromID), NewImage: after}); err != nil {
		s.t.Fatal(err)
	}
	return s
}

func (s *story) moves(order string, from int, fromID string, to int, toID string) *story {
	s.at = s.at.Add(time.Millisecond)
	change := dynamodb.Change{EventName: "MODIFY", Time: s.at, OldImage: image(order, from, fromID), NewImage: image(order, to, toID)}
	if to < 0 {
		change.EventName = "REMOVE"
	}
	if err := s.effect(&change); err != nil {
		s.t.Fatal(err)
	}
	return s
}

// aside is the image of a state that is parked.
func aside(image []byte) []byte {
	return append(image[:len(image)-1:len(image)-1], `,"parked":{"M":{"reason":{"S":"gap"}}}}`...)
}

// change tells of any change of a state.
func (s *story) change(before, after []byte) *story {
	s.at = s.at.Add(time.Millisecond)
	if err := s.effect(&dynamodb.Change{EventName: "MODIFY", Time: s.at, OldImage: before, NewImage: after}); err != nil {
		s.t.Fatal(err)
	}
	return s
}

func TestFindings(t *testing.T) {
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
		"events that are applied together": {
			func(s *story) {
				s.committed("a", 1, "a1").committed("a", 2, "a2").committed("a", 3, "a3").moves("a", -1, "", 1, "a1").folds("a", 1, "a1", 3, "a3", 2)
			},
			Findings{Committed: 3, Delivered: 3, P50: 3 * time.Millisecond, P99: 3 * time.Millisecond},
		},
		"events that are seen after they are applied together": {
			func(s *story) { s.folds("a", -1, "", 2, "a2", 2).committed("a", 1, "a1").committed("a", 2, "a2") },
			Findings{Committed: 2, Delivered: 2, P50: -time.Millisecond, P99: -time.Millisecond},
		},
		"applied together, one of them for the second time": {
			func(s *story) {
				s.committed("a", 1, "a1").committed("a", 2, "a2").moves("a", -1, "", 1, "a1").folds("a", 1, "a1", 2, "a2", 2)
			},
			Findings{Committed: 2, Delivered: 2, OutOfOrder: 1, P50: 2 * time.Millisecond, P99: 2 * time.Millisecond},
		},
		"applied together, but one is skipped": {
			func(s *story) {
				s.committed("a", 1, "a1").committed("a", 2, "a2").committed("a", 3, "a3").folds("a", -1, "", 3, "a3", 2)
			},
			Findings{Committed: 3, Delivered: 1, Lost: 2, OutOfOrder: 1, P50: time.Millisecond, P99: time.Millisecond},
		},
		"no events applied together": {
			func(s *story) { s.committed("a", 1, "a1").folds("a", -1, "", 1, "a1", 0) },
			Findings{Committed: 1, Delivered: 1, OutOfOrder: 1, P50: time.Millisecond, P99: time.Millisecond},
		},
		"applied together without having happened": {
			func(s *story) { s.committed("a", 2, "a2").folds("a", -1, "", 2, "a2", 2) },
			Findings{Committed: 1, Delivered: 2, P50: time.Millisecond, P99: time.Millisecond},
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
		"an event that expires once it is delivered": {
			func(s *story) {
				s.committed("a", 1, "a1").moves("a", -1, "", 1, "a1").outbox("REMOVE", "a", 1, "a1", true)
			},
			Findings{Committed: 1, Delivered: 1, Expired: 1, P50: time.Millisecond, P99: time.Millisecond},
		},
		"an event that expires before and is put back": {
			func(s *story) {
				s.committed("a", 1, "a1").outbox("REMOVE", "a", 1, "a1", true).outbox("INSERT", "a", 1, "a1", false).moves("a", -1, "", 1, "a1")
			},
			Findings{Committed: 1, Delivered: 1, Expired: 1, Restored: 1, P50: 3 * time.Millisecond, P99: 3 * time.Millisecond},
		},
		"an event that is emitted again": {
			func(s *story) {
				s.committed("a", 1, "a1").outbox("MODIFY", "a", 1, "a1", false).moves("a", -1, "", 1, "a1")
			},
			Findings{Committed: 1, Delivered: 1, P50: 2 * time.Millisecond, P99: 2 * time.Millisecond},
		},
		"an event that becomes another": {
			func(s *story) {
				s.committed("a", 1, "a1").outbox("MODIFY", "a", 1, "b1", false).moves("a", -1, "", 1, "a1")
			},
			Findings{Committed: 1, Delivered: 1, Rewritten: 1, P50: 2 * time.Millisecond, P99: 2 * time.Millisecond},
		},
		"an event that somebody removes": {
			func(s *story) {
				s.committed("a", 1, "a1").moves("a", -1, "", 1, "a1").outbox("REMOVE", "a", 1, "a1", false)
			},
			Findings{Committed: 1, Delivered: 1, Rewritten: 1, P50: time.Millisecond, P99: time.Millisecond},
		},
		"an order that is parked and released": {
			func(s *story) {
				first := image("a", 1, "a1")
				s.committed("a", 1, "a1").moves("a", -1, "", 1, "a1").change(first, aside(first)).change(aside(first), first)
			},
			Findings{Committed: 1, Delivered: 1, Parked: 1, Released: 1, P50: time.Millisecond, P99: time.Millisecond},
		},
		"an order that moves although it is parked": {
			func(s *story) {
				first := image("a", 1, "a1")
				s.committed("a", 1, "a1").moves("a", -1, "", 1, "a1").change(first, aside(first))
				s.committed("a", 2, "a2").change(aside(first), aside(image("a", 2, "a2")))
			},
			Findings{Committed: 2, Delivered: 2, Parked: 1, Unheeded: 1, P50: time.Millisecond, P99: time.Millisecond},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			c.tell(s)
			if diff := cmp.Diff(c.want, s.findings()); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEventsWithoutASequenceAreRefused(t *testing.T) {
	err := newHistory(newNames(), epoch).event(&dynamodb.Change{EventName: "INSERT", NewImage: []byte(`{"orderId":{"S":"a"}}`)})
	if err == nil {
		t.Error("no error for an event without a sequence")
	}
}

func TestSettleGivesUpWhenNothingMoves(t *testing.T) {
	s := newStory(t)
	s.committed("a", 1, "a1")
	if err := s.settle(t.Context(), time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if got := s.findings().Lost; got != 1 {
		t.Errorf("lost %d, want 1", got)
	}
}
