// Package fold says what the events of an order mean for its fulfilment.
package fold

import (
	"fmt"

	"transactional-outbox/handlers/outbox"
	"transactional-outbox/handlers/projection"
)

// Statuses of a fulfilment.
const (
	Requested = "REQUESTED"
	Cancelled = "CANCELLED"
)

// Rule returns the rule of fulfilments: an order that is placed is requested, one that is requested can be cancelled, and
// nothing else may happen.
func Rule() *projection.Rule {
	return &projection.Rule{Statuses: []string{Requested, Cancelled}, Next: next}
}

func next(previous string, e *outbox.Event) (string, error) {
	switch {
	case e.Type == "order.placed" && previous == "":
		return Requested, nil
	case e.Type == "order.cancelled" && previous == Requested:
		return Cancelled, nil
	case previous == "":
		return "", fmt.Errorf("event of type %q cannot be the first", e.Type)
	}
	return "", fmt.Errorf("event of type %q cannot follow status %s", e.Type, previous)
}
