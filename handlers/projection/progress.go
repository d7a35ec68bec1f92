package projection

import (
	"context"
	"errors"
	"log/slog"

	"transactional-outbox/handlers/metrics"
	"transactional-outbox/handlers/outbox"
)

// maxRounds bounds how often one event is tried against a state that others keep moving.
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

// advance brings the order to a step's sequence. Without an error the step is done with: applied, applied before, or left
// because the order is parked. An error is worth another attempt later; nothing that would fail again ever becomes one.
func (p *progress) advance(ctx context.Context, s *step) error {
	for range maxRounds {
		done, err := p.round(ctx, s)
		if done || err != nil {
			return err
		}
	}
	return errContended
}

// round does the next thing there is to do, after which either the step is done or more is known about the state.
func (p *progress) round(ctx context.Context, s *step) (done bool, err error) {
	if p.state == nil {
		return p.guess(ctx, s)
	}
	switch last := p.state.LastSequence; {
	case last >= s.sequence:
		p.Duplicates++
		return true, nil
	case p.state.Parked != nil:
		p.Parked++
		return true, nil
	case last < s.sequence-1:
		return false, p.fill(ctx, s.sequence-1)
	}
	if s.err != nil {
		return false, p.park(ctx, s.sequence, nil, ReasonDecode, s.err.Error())
	}
	to, violation := p.rule.Next(p.state.Status, s.event)
	if violation != nil {
		return false, p.park(ctx, s.sequence, s.event, ReasonRule, violation.Error())
	}
	return p.apply(ctx, s.event, []string{p.state.Status}, to)
}

// guess acts on the state that the step expects, which is nearly always the one there is: this is how an event costs one
// write and no read. A wrong guess changes nothing, and the failed condition brings the state.
func (p *progress) guess(ctx context.Context, s *step) (done bool, err error) {
	if s.err != nil {
		return false, p.park(ctx, s.sequence, nil, ReasonDecode, s.err.Error())
	}
	from, to, ok := p.rule.expect(s.event)
	if !ok {
		return false, p.park(ctx, s.sequence, s.event, ReasonRule, "an event of type "+s.event.Type+" can never follow here")
	}
	return p.apply(ctx, s.event, from, to)
}

// fill applies what the outbox has between the order's position and a sequence, that one included.
func (p *progress) fill(ctx context.Context, to int64) error {
	for e, err := range p.events.Events(ctx, p.orderID, p.state.LastSequence+1, to) {
		next := p.state.LastSequence + 1
		if unreadable, ok := errors.AsType[*outbox.DecodeError](err); ok && unreadable.Sequence <= next {
			return p.park(ctx, next, nil, ReasonDecode, unreadable.Err.Error())
		} else if err != nil && !ok {
			return err
		} else if ok || e.Sequence != next {
			return p.park(ctx, next, nil, ReasonGap, "the outbox does not have the event")
		}
		status, violation := p.rule.Next(p.state.Status, e)
		if violation != nil {
			return p.park(ctx, next, e, ReasonRule, violation.Error())
		}
		applied, err := p.apply(ctx, e, []string{p.state.Status}, status)
		if err != nil || !applied {
			return err
		}
		p.GapsFilled++
	}
	if next := p.state.LastSequence + 1; next <= to {
		return p.park(ctx, next, nil, ReasonGap, "the outbox does not have the event")
	}
	return nil
}

// apply writes an event's effect and the position behind it, and says whether it did.
func (p *progress) apply(ctx context.Context, e *outbox.Event, from []string, to string) (bool, error) {
	state, applied, err := p.writeEffect(ctx, e, from, to)
	if err != nil {
		return false, err
	}
	p.state = state
	if !applied {
		return false, nil
	}
	p.Applied++
	p.o.Count.Effect(p.o.Now().Sub(e.Time))
	p.o.Log.LogAttrs(ctx, slog.LevelDebug, "event applied", slog.String("orderId", e.OrderID), slog.String("eventId", e.ID),
		slog.Int64("sequence", e.Sequence), slog.String("type", e.Type), traceID(e))
	return true, nil
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
