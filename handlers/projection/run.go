package projection

import (
	"context"
	"errors"
	"log/slog"

	"transactional-outbox/handlers/outbox"
)

// maxRun bounds how many events from the outbox wait for their write, so that a long way to catch up is not lost where the time is up
// in the middle of it.
const maxRun = 1000

// A run is events of one order that follow each other without a hole, and that one write applies together: first those that the
// outbox had to be asked for, then those of the batch. Only the status after the last is stored, but each is an effect of its own
// in whatever is counted, measured and logged.
type run struct {
	before int64    // the position it starts from
	from   []string // the statuses it can start from
	status string   // after its last event
	last   *outbox.Event
	count  int64 // of its events
	filled []*outbox.Event
	steps  []step // more than events where the batch has one of them twice
}

// begin returns an empty run from the state as it was last seen.
func (p *progress) begin() run {
	return run{before: p.state.LastSequence, from: []string{p.state.Status}, status: p.state.Status}
}

// position is where the run ends.
func (r *run) position() int64 {
	if r.last == nil {
		return r.before
	}
	return r.last.Sequence
}

// add makes an event the last one, unless it breaks the rule.
func (r *run) add(rule *Rule, e *outbox.Event) error {
	status, violation := rule.Next(r.status, e)
	if violation != nil {
		return violation
	}
	r.status, r.last = status, e
	r.count++
	return nil
}

// extend takes as many steps as can follow, and returns the rule's objection where that was the reason to stop.
func (r *run) extend(rule *Rule, steps []step) error {
	n := len(r.steps)
	for ; n < len(steps); n++ {
		s := &steps[n]
		if s.sequence == r.position() {
			continue // one more record of the event
		}
		if s.err != nil || s.sequence != r.position()+1 {
			break
		}
		if violation := r.add(rule, s.event); violation != nil {
			r.steps = steps[:n]
			return violation
		}
	}
	r.steps = steps[:n]
	return nil
}

// fill adds to a run what the outbox has up to a sequence, that one included, and says whether the run reaches it. Where it does
// not, all that could be done is done.
func (p *progress) fill(ctx context.Context, r *run, to int64) (bool, error) {
	for e, err := range p.events.Events(ctx, p.orderID, r.before+1, to) {
		next := r.position() + 1
		if unreadable, ok := errors.AsType[*outbox.DecodeError](err); ok && unreadable.Sequence <= next {
			return false, p.end(ctx, r, nil, ReasonDecode, unreadable.Err.Error())
		} else if err != nil && !ok {
			return false, err
		} else if ok || e.Sequence != next {
			break
		}
		if violation := r.add(p.rule, e); violation != nil {
			return false, p.end(ctx, r, e, ReasonRule, violation.Error())
		}
		r.filled = append(r.filled, e)
		if r.count == maxRun {
			if applied, err := p.apply(ctx, r); err != nil || !applied {
				return false, err
			}
			*r = p.begin()
		}
	}
	if r.position() < to {
		return false, p.end(ctx, r, nil, ReasonGap, "the outbox does not have the event")
	}
	return true, nil
}

// end applies a run, if there is anything in it, and parks the order at the event after it. e is nil where that cannot be read.
func (p *progress) end(ctx context.Context, r *run, e *outbox.Event, reason Reason, detail string) error {
	if r.count > 0 {
		if applied, err := p.apply(ctx, r); err != nil || !applied {
			return err
		}
	}
	return p.park(ctx, r.position()+1, e, reason, detail)
}

// apply writes the effect of a run's events and the position behind them, and says whether it did.
func (p *progress) apply(ctx context.Context, r *run) (bool, error) {
	state, applied, err := p.writeEffect(ctx, p.orderID, r)
	if err != nil {
		return false, err
	}
	p.state = state
	if !applied {
		return false, nil
	}
	p.GapsFilled += len(r.filled)
	for _, e := range r.filled {
		p.effect(ctx, e)
	}
	for i := range r.steps {
		if i > 0 && r.steps[i].sequence == r.steps[i-1].sequence {
			p.Duplicates++
		} else {
			p.effect(ctx, r.steps[i].event)
		}
	}
	return true, nil
}

// effect tells of one event that has had its effect.
func (p *progress) effect(ctx context.Context, e *outbox.Event) {
	p.Applied++
	p.o.Count.Effect(p.o.Now().Sub(e.Time))
	if p.o.Log.Enabled(ctx, slog.LevelDebug) {
		p.o.Log.LogAttrs(ctx, slog.LevelDebug, "event applied", slog.String("orderId", e.OrderID), slog.String("eventId", e.ID),
			slog.Int64("sequence", e.Sequence), slog.String("type", e.Type), traceID(e))
	}
}
