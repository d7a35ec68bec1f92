package ledger

import (
	"encoding/json"
	"fmt"
	"slices"
)

// State is what a consumer must have made of an order's events.
type State struct {
	Status       string
	LastSequence int64
	LastEventID  string
}

// Fold applies an order's events, given by sequence, one after the other. It fails on whatever no consumer may apply: a
// hole, an unknown type, a cancellation of what was never placed.
func Fold(events []Event) (State, error) {
	var state State
	for _, event := range events {
		if event.Sequence != state.LastSequence+1 {
			return state, fmt.Errorf("event %d follows event %d", event.Sequence, state.LastSequence)
		}
		switch {
		case event.Type == "order.placed" && state.Status == "":
			state.Status = "REQUESTED"
		case event.Type == "order.cancelled" && state.Status == "REQUESTED":
			state.Status = "CANCELLED"
		default:
			return state, fmt.Errorf("event %d is %s to an order %q", event.Sequence, event.Type, state.Status)
		}
		state.LastSequence, state.LastEventID = event.Sequence, event.EventID
	}
	return state, nil
}

// Audit compares one order's three kinds of items and returns every disagreement between them; none means that the order
// has exactly its events and the consumer has applied each of them, once and in order.
func Audit(order *Order, events []Event, fulfilment *Fulfilment) []string {
	if order == nil {
		return []string{fmt.Sprintf("no order, but %d events", len(events))}
	}
	var found []string
	disagree := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }

	wantTypes := map[string][]string{
		"PLACED":    {"order.placed"},
		"CANCELLED": {"order.placed", "order.cancelled"},
	}[order.Status]
	var types, ids []string
	for _, event := range events {
		types = append(types, event.Type)
		if slices.Contains(ids, event.EventID) {
			disagree("two events have the id %s", event.EventID)
		}
		ids = append(ids, event.EventID)
		if event.OrderID != order.OrderID {
			disagree("event %d is of order %s", event.Sequence, event.OrderID)
		}
		var payload struct {
			OrderID string
			Version int64
		}
		if err := json.Unmarshal([]byte(event.Data), &payload); err != nil {
			disagree("event %d: payload: %v", event.Sequence, err)
		} else if payload.OrderID != order.OrderID || payload.Version != event.Sequence {
			disagree("event %d carries version %d of order %s", event.Sequence, payload.Version, payload.OrderID)
		}
	}
	if !slices.Equal(types, wantTypes) {
		disagree("order is %s with events %v, want %v", order.Status, types, wantTypes)
	}
	if order.Version != int64(len(events)) {
		disagree("version %d with %d events", order.Version, len(events))
	}
	state, err := Fold(events)
	if err != nil {
		disagree("%v", err)
	}
	switch {
	case fulfilment == nil:
		disagree("no fulfilment of %d events", len(events))
	case fulfilment.Parked != nil:
		disagree("parked at %d: %s", fulfilment.Parked.Sequence, fulfilment.Parked.Reason)
	default:
		if got := (State{fulfilment.Status, fulfilment.LastSequence, fulfilment.LastEventID}); got != state {
			disagree("fulfilment is %+v, events make %+v", got, state)
		}
	}
	return found
}
