package trial_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/faults"
	"transactional-outbox/local/mapping"
)

// oneShard has all events in one line, so that whatever stops it is noticed.
var oneShard = edit{"Pulumi.local.yaml", "transactional-outbox:shardCount: 4", "transactional-outbox:shardCount: 1"}

// consumer is what the mapping of the consumer has done once it has nothing left to do.
func (s *stage) consumer() mapping.Counts {
	s.Helper()
	s.until("nothing is on its way", func() bool { return !s.Cloud.Busy() })
	return s.Cloud.Mappings()[s.Output("consumerMappingId")].Counts
}

func TestPoisonParksItsOrderOnly(t *testing.T) {
	s := start(t, faults.Mix{}, oneShard)
	order := s.place()
	s.moves(order, "1")
	model := s.event(order, 1)
	before := s.consumer()

	// An order whose first event can never be applied, with a second one behind it, amid forty others.
	poisoned := strangeID("P0150N")
	batch := &events{stage: s}
	var others []string
	for i := range 40 {
		others = append(others, strangeID(fmt.Sprintf("%06d", i)))
		batch.add(model, others[i], 1, "order.placed")
		if i == 20 {
			batch.add(model, poisoned, 1, "order.exploded")
			batch.add(model, poisoned, 2, "order.cancelled")
		}
	}
	batch.write()
	for _, other := range others {
		s.moves(other, "1")
	}
	s.moves(poisoned, "0P")

	// No record was sent to the function a second time.
	after := s.consumer()
	got := mapping.Counts{
		InvokedEventCount: after.InvokedEventCount - before.InvokedEventCount, FailedInvokeEventCount: after.FailedInvokeEventCount,
		DroppedEventCount: after.DroppedEventCount, OnFailureDestinationDeliveredEventCount: after.OnFailureDestinationDeliveredEventCount,
	}
	if diff := cmp.Diff(mapping.Counts{InvokedEventCount: 42}, got); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}

	// An operator puts the event right and releases the order: it goes on in sequence.
	repaired := &events{stage: s}
	repaired.add(model, poisoned, 1, "order.placed")
	repaired.write()
	s.call(s.Cloud.Tables(), "UpdateItem", map[string]any{
		"TableName": s.Output("fulfilmentsTable"), "Key": item{"orderId": {"S": poisoned}}, "UpdateExpression": "REMOVE parked",
	}, nil)
	s.emit(poisoned, 2)
	s.moves(poisoned, "0P 0 1 2")
}
