package projection

import (
	"context"
	"errors"
	"log/slog"

	"transactional-outbox/handlers/metrics"
	"transactional-outbox/handlers/outbox"
)

// maxRounds bounds how often a step is tried against a state that others keep moving.
const maxRounds = 16

// errContended is retryable: nothing is wrong but the moment.
var errContended = errors.New("the state moved at every attempt")

// A progress is one order on its way through a batch.
type progress struct {
	*Consumer
	*tally
	orderID string
	state   *State // as last seen or written; nil before that
}

// advance gets at least the first of some steps of the order done with, and says how many: they are applied, were applied before, or
// are left because the order is parked. An error is worth another attempt later; nothing that would fail again ever becomes one.
func (p *progress) advance(ctx context.Context, steps []step) (done int, err error) {
	for range maxRounds {
		done, err := p.round(ctx, steps)
		if done > 0 || err != nil {
			return done, err
		}
	}
	return 0, errContended
}

// round does the next thing there is to do, after which either steps are done or more is known about the state.
func (p *progress) round(ctx context.Context, steps []step) (done int, err error) {
	s := &steps[0]
	switch {
	case p.state == nil:
		return p.guess(ctx, steps)
	case p.state.LastSequence >= s.sequence:
		p.Duplicates++
		return 1, nil
	case p.state.Parked != nil:
		p.Parked++
		return 1, nil
	}
	r := p.begin()
	if r.before < s.sequence-1 {
		if reached, err := p.fill(ctx, &r, s.sequence-1); err != nil || !reached {
			return 0, err
		}
	}
	violation := r.extend(p.rule, steps)
	if r.count > 0 {
		return p.applySteps(ctx, &r)
	}
	if s.err != nil {
		return 0, p.park(ctx, s.sequence, nil, ReasonDecode, s.err.Error())
	}
	return 0, p.park(ctx, s.sequence, s.event, ReasonRule, violation.Error())
}

// guess acts on the state that the first step expects, which is nearly always the one there is: this is how events cost one write
// and no read. A wrong guess changes nothing, and the failed condition brings the state.
func (p *progress) guess(ctx context.Context, steps []step) (done int, err error) {
	s := &steps[0]
	if s.err != nil {
		return 0, p.park(ctx, s.sequence, nil, ReasonDecode, s.err.Error())
	}
	from, to, ok := p.rule.expect(s.event)
	if !ok {
		return 0, p.park(ctx, s.sequence, s.event, ReasonRule, "an event of type "+s.event.Type+" can never follow here")
	}
	r := run{before: s.sequence - 1, from: from, status: to, last: s.event, count: 1, steps: steps[:1]}
	_ = r.extend(p.rule, steps) // what is objected to is looked at once its turn has come
	return p.applySteps(ctx, &r)
}

// applySteps says how many of a run's steps have become done with by its write.
func (p *progress) applySteps(ctx context.Context, r *run) (done int, err error) {
	if applied, err := p.apply(ctx, r); err != nil || !applied {
		return 0, err
	}
	return len(r.steps), nil
}

// park marks the order, if it is still where the event was to be applied. e is nil where the event cannot be read.
func (p *progress) park(ctx context.Context, sequence int64, e *outbox.Event, reason Reason, detail string) error {
	eventID := ""
	if e != nil {
		eventID = e.ID
	}
	state, parked, err := p.writeParked(ctx, p.orderID, &Parked{Reason: reason, Detail: detail, Sequence: sequence, EventID: eventID})
	if err != nil {
		return err
	}
	p.state = state
	if parked {
		p.o.Count.Add(metrics.OrdersParked, 1)
		p.o.Log.LogAttrs(ctx, slog.LevelWarn, "order parked", slog.String("orderId", p.orderID), slog.Int64("sequence", sequence),
			slog.String("eventId", eventID), slog.String("reason", string(reason)), traceID(e))
	}
	return nil
}

// traceID is what log lines of one trace have in common: the request's and those of what came of it. It is nothing, which slog leaves
// out, where the event has no trace or cannot be read.
func traceID(e *outbox.Event) slog.Attr {
	if e == nil {
		return slog.Attr{}
	}
	id := outbox.TraceID(e.TraceParent)
	if id == "" {
		return slog.Attr{}
	}
	return slog.String("traceId", id)
}
