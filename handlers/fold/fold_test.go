package fold_test

import (
	"fmt"
	"slices"
	"testing"

	"transactional-outbox/handlers/fold"
	"transactional-outbox/handlers/order"
	"transactional-outbox/handlers/outbox"
)

func TestRule(t *testing.T) {
	rule := fold.Rule()
	for _, test := range []struct{ previous, kind, want, problem string }{
		{"", order.EventPlaced, "REQUESTED", ""},
		{"REQUESTED", order.EventCancelled, "CANCELLED", ""},
		{"", order.EventCancelled, "", `event of type "order.cancelled" cannot be the first`},
		{"REQUESTED", order.EventPlaced, "", `event of type "order.placed" cannot follow status REQUESTED`},
		{"CANCELLED", order.EventPlaced, "", `event of type "order.placed" cannot follow status CANCELLED`},
		{"CANCELLED", order.EventCancelled, "", `event of type "order.cancelled" cannot follow status CANCELLED`},
		{"REQUESTED", "order.shipped", "", `event of type "order.shipped" cannot follow status REQUESTED`},
		{"", "", "", `event of type "" cannot be the first`},
	} {
		got, err := rule.Next(test.previous, &outbox.Event{Type: test.kind})
		if got != test.want || (err != nil) != (test.problem != "") || err != nil && fmt.Sprint(err) != test.problem {
			t.Errorf("%s after %q: got %q, %v", test.kind, test.previous, got, err)
		}
		if err == nil && !slices.Contains(rule.Statuses, got) {
			t.Errorf("%q is not among the statuses", got)
		}
	}
}
