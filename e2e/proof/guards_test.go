package proof_test

import (
	"cmp"
	"regexp"
	"testing"
)

// hostile loses no record and lets no event expire: whatever has reached the consumer must then be delivered without a repair. lossy
// does both, and so often that the outbox loses what the auditor does not put back. refusing lets the retries of the SDK run out.
const (
	hostile  = "duplicate=0.2,reorder=0.4,delay=30ms,crash=0.02,throttle=0.2,timeout=0.05,reshard=1"
	lossy    = "lose=0.4,expire=0.4"
	refusing = "throttle=0.5"
)

// guardOrders are enough for each guard to be needed many times over.
const guardOrders = 400

// guard is something that keeps the promise, with a way to break it and what the trial then has to say.
type guard struct {
	file, old, new string
	want           string // a regular expression
	faults         string // empty means hostile
	orders         int    // 0 means guardOrders
}

var guards = map[string]guard{
	"an effect has a condition": {
		file: "handlers/projection/write.go",
		old:  `atFirst   = "(attribute_not_exists(lastSequence) OR lastSequence = :before) AND attribute_not_exists(parked)"`,
		new:  `atFirst   = "(attribute_not_exists(lastSequence) OR lastSequence >= :before) AND attribute_not_exists(parked)"`,
		want: `\ndoubled +[1-9]`,
	},
	"a gap is filled": {
		file: "handlers/projection/progress.go",
		old:  "if reached, err := p.fill(ctx, &r, s.sequence-1); err != nil || !reached {\n\t\t\treturn 0, err\n\t\t}",
		new:  `return 1, nil`,
		want: `events that only a repair delivered`,
	},
	"a gap is not jumped over": {
		file: "handlers/projection/write.go",
		old:  `atLater   = "lastSequence = :before AND attribute_not_exists(parked)"`,
		new:  `atLater   = "(attribute_not_exists(lastSequence) OR lastSequence <= :before) AND attribute_not_exists(parked) OR lastSequence = :before"`,
		want: `\nout of order +[1-9]`,
	},
	"events that are applied together begin at the position": {
		file: "handlers/projection/write.go",
		old:  `":before":   number(r.before),`,
		new:  `":before":   number(r.last.Sequence - 1),`,
		want: `\nout of order +[1-9]`,
		// It takes an event that comes again together with the next one.
		faults: "duplicate=0.9,reorder=0.8,delay=100ms",
		orders: 1000,
	},
	"a failure is reported": {
		file: "handlers/projection/consumer.go",
		old:  `t.failed = append(t.failed, s.record)`,
		new:  `_ = s.record`,
		want: `events that only a repair delivered`,
	},
	"a failed condition brings the consumer's state": {
		file: "handlers/projection/write.go",
		old:  `ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld`,
		new:  `ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureNone`,
		want: `\ndead letters redriven +[1-9]`,
	},
	"a failed condition brings the order": {
		file:   "handlers/order/store.go",
		old:    `ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld`,
		new:    `ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureNone`,
		want:   `\nrequests failed +[1-9]`,
		orders: 60, // each failure takes long, because clients insist
	},
	"an order is placed where there is none": {
		file: "handlers/order/store.go",
		old:  `ConditionExpression:                 aws.String("attribute_not_exists(orderId)")`,
		new:  `ConditionExpression:                 aws.String("attribute_not_exists(nothing)")`,
		want: `events replaced or removed`,
	},
	"order and event are one write": {
		file: "handlers/order/place.go",
		old:  `put(s.table, o.record()), put(s.o.EventsTable, e.Item())}`,
		new:  `put(s.table, o.record())}`,
		want: `orders without all of their events`,
	},
	"a failed write is not answered with success": {
		file:   "handlers/order/place.go",
		old:    "if err := s.again(ctx, attempt, fmt.Sprintf(\"place order %s\", o.ID), err); err != nil {\n\t\t\treturn nil, err",
		new:    "if err := s.again(ctx, attempt, fmt.Sprintf(\"place order %s\", o.ID), err); err != nil {\n\t\t\treturn &Outcome{Order: o, Event: e}, nil",
		want:   `requests answered with success, their order is not there`,
		faults: refusing,
	},
	"an undelivered event is put back": {
		file:   "handlers/audit/batch.go",
		old:    `restored, err := a.Restore(ctx, r)`,
		new:    `restored, err := false, error(nil)`,
		want:   `orders without all of their events`,
		faults: lossy,
	},
	"an idempotency key names the order": {
		file: "handlers/order/place.go",
		old:  `if from.IdempotencyKey != "" {`,
		new:  `if from.IdempotencyKey == "none" {`,
		want: `requests with more orders than they can have`,
	},
}

// TestBrokenGuardsAreNoticed breaks each guard and expects the trial to tell. Without it a trial that proves nothing would pass, too.
func TestBrokenGuardsAreNoticed(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the handlers once for each guard")
	}
	for name, faults := range map[string]string{"hostile": hostile, "lossy": lossy} {
		t.Run("none in "+name, func(t *testing.T) {
			t.Parallel()
			result := newProject(t).hold(guardOrders, faults, suite.seed)
			if result.failed {
				t.Errorf("the trial failed:\n%s", result.table())
			}
			if got := result.row("dead letters redriven"); got != "0" {
				t.Errorf("%s dead letters, want 0", got)
			}
		})
	}
	for name, g := range guards {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			p.replace(g.file, g.old, g.new)
			result := p.hold(cmp.Or(g.orders, guardOrders), cmp.Or(g.faults, hostile), suite.seed)
			if !regexp.MustCompile(g.want).MatchString(result.output) {
				t.Errorf("failed: %v; want it to say %q:\n%s", result.failed, g.want, result.table())
			}
		})
	}
}
