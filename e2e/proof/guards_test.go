package proof_test

import (
	"regexp"
	"testing"
)

// hostile loses no record and lets no event expire: whatever has reached the consumer must then be delivered without a repair.
const hostile = "duplicate=0.2,reorder=0.4,delay=30ms,crash=0.02,throttle=0.3,timeout=0.05,reshard=1"

// guardOrders are enough for each guard to be needed many times over.
const guardOrders = 600

// guards are what keeps the promise, each with a way to break it and what the trial then has to say.
var guards = map[string]struct {
	file, old, new string
	want           string // a regular expression
}{
	"an effect has a condition": {
		"handlers/projection/write.go",
		`atFirst   = "(attribute_not_exists(lastSequence) OR lastSequence = :before) AND attribute_not_exists(parked)"`,
		`atFirst   = "(attribute_not_exists(lastSequence) OR lastSequence >= :before) AND attribute_not_exists(parked)"`,
		`\ndoubled +[1-9]`,
	},
	"a gap is filled": {
		"handlers/projection/progress.go",
		`return false, p.fill(ctx, s.sequence-1)`,
		`return true, nil`,
		`events that only a repair delivered`,
	},
	"a gap is not jumped over": {
		"handlers/projection/write.go",
		`atLater   = "lastSequence = :before AND attribute_not_exists(parked)"`,
		`atLater   = "(attribute_not_exists(lastSequence) OR lastSequence <= :before) AND attribute_not_exists(parked) OR lastSequence = :before"`,
		`\nout of order +[1-9]`,
	},
	"a failure is reported": {
		"handlers/projection/consumer.go",
		`t.failed = append(t.failed, s.record)`,
		`_ = s.record`,
		`events that only a repair delivered`,
	},
	"a failed condition brings the consumer's state": {
		"handlers/projection/write.go",
		`ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld`,
		`ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureNone`,
		`orders whose events were not delivered|orders that are parked|dead letters left`,
	},
	"a failed condition brings the order": {
		"handlers/order/store.go",
		`ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld`,
		`ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureNone`,
		`\nrequests failed +[1-9]`,
	},
	"an order is placed where there is none": {
		"handlers/order/store.go",
		`ConditionExpression:                 aws.String("attribute_not_exists(orderId)")`,
		`ConditionExpression:                 aws.String("attribute_not_exists(nothing)")`,
		`events replaced or removed`,
	},
	"order and event are one write": {
		"handlers/order/place.go",
		`put(s.table, o.record()), put(s.o.EventsTable, e.Item())}`,
		`put(s.table, o.record())}`,
		`orders without all of their events`,
	},
	"a failed write is not answered with success": {
		"handlers/order/place.go",
		"if err := s.again(ctx, attempt, fmt.Sprintf(\"place order %s\", o.ID), err); err != nil {\n\t\t\treturn nil, err",
		"if err := s.again(ctx, attempt, fmt.Sprintf(\"place order %s\", o.ID), err); err != nil {\n\t\t\treturn &Outcome{Order: o, Event: e}, nil",
		`requests answered with success, their order is not there`,
	},
	"an idempotency key names the order": {
		"handlers/order/place.go",
		`if from.IdempotencyKey != "" {`,
		`if from.IdempotencyKey == "none" {`,
		`requests with more orders than they can have`,
	},
}

// TestBrokenGuardsAreNoticed breaks each guard and expects the trial to tell. Without it a trial that proves nothing would pass, too.
func TestBrokenGuardsAreNoticed(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the handlers once for each guard")
	}
	t.Run("none is broken", func(t *testing.T) {
		t.Parallel()
		if result := newProject(t).hold(guardOrders, hostile, suite.seed); result.failed {
			t.Errorf("the trial failed:\n%s", result.table())
		}
	})
	for name, guard := range guards {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			p.replace(guard.file, guard.old, guard.new)
			result := p.hold(guardOrders, hostile, suite.seed)
			if !result.failed || !regexp.MustCompile(guard.want).MatchString(result.output) {
				t.Errorf("failed: %v; want it to fail with %q:\n%s", result.failed, guard.want, result.table())
			}
		})
	}
}
