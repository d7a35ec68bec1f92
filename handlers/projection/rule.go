// Package projection keeps a consumer's state in step with the outbox: for every order one item that holds both the effect of
// its events and the position they have been applied up to, so that one conditional write moves both and an event has its
// effect exactly once, whatever the stream repeats, reorders or loses. Events of one order that follow each other, in a batch or in a
// gap, are folded: their effects are one write, which moves the position by exactly as many.
//
// The stream is taken for a doorbell. A record says that an order has reached a sequence; what lies between the position and
// that sequence is read from the outbox. An event that can never be applied parks its order: the order stays as it is,
// marked with the reason, until an operator has seen to it, and every other order flows on.
package projection

import (
	"transactional-outbox/handlers/outbox"
)

// A Rule says what events mean to this consumer: it folds the events of an order into a status. Nobody who reads the states is
// promised to see the status after every event, because events that come together are applied together; what must be done for each of
// them belongs into a consumer that does it for each.
type Rule struct {
	// Statuses are all that Next may return.
	Statuses []string
	// Next is the status after an event, given the one before it; previous is empty before the first event. An error says that
	// the event cannot follow: the order is parked with its text. It must depend on its arguments only.
	Next func(previous string, e *outbox.Event) (string, error)
}

// expect guesses what the state is before an event, without having read it: the statuses that the event can follow and that
// all lead to the same one. The write is conditional on the state being among them, so a wrong guess costs one more write and
// nothing else. ok is false if the event can follow nothing.
func (r *Rule) expect(e *outbox.Event) (from []string, to string, ok bool) {
	if e.Sequence == 1 {
		to, err := r.Next("", e)
		return []string{""}, to, err == nil
	}
	for _, status := range r.Statuses {
		next, err := r.Next(status, e)
		if err != nil || len(from) > 0 && next != to {
			continue
		}
		from, to = append(from, status), next
	}
	return from, to, len(from) > 0
}
