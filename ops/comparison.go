package main

import (
	"context"
	"errors"

	"transactional-outbox/handlers/projection"
	"transactional-outbox/ops/position"
	"transactional-outbox/ops/sweep"
)

// A comparison is one segment of a reconcile. It holds one order at a time, and up to a hundred that wait for their positions.
type comparison struct {
	*reconcile
	current   reached
	waiting   []reached
	ids       []string
	positions map[string]position.Position
}

// reached is how far the outbox is with one order.
type reached struct {
	id     string
	newest int64
	ripe   int64 // the newest that is older than the grace period; 0 if none is
}

func newComparison(r *reconcile) *comparison {
	return &comparison{reconcile: r, positions: make(map[string]position.Position, position.MaxBatch)}
}

// Row takes an event. Times are compared as text: the outbox writes them so that they sort. One without a time has waited long enough.
func (c *comparison) Row(ctx context.Context, row *sweep.Row) error {
	id, sequence := row.Text("orderId"), row.Number("sequence")
	if id != c.current.id {
		if err := c.close(ctx); err != nil {
			return err
		}
		c.current = reached{id: id}
	}
	c.current.newest = max(c.current.newest, sequence)
	if row.Text("time") <= c.cutoff {
		c.current.ripe = max(c.current.ripe, sequence)
	}
	return nil
}

// close ends the current order.
func (c *comparison) close(ctx context.Context) error {
	if c.current.id == "" {
		return nil
	}
	c.orders.Add(1)
	if c.current.ripe > 0 {
		c.waiting = append(c.waiting, c.current)
	}
	c.current = reached{}
	if len(c.waiting) < position.MaxBatch {
		return nil
	}
	return c.compare(ctx)
}

func (c *comparison) Flush(ctx context.Context, last bool) error {
	if last {
		if err := c.close(ctx); err != nil {
			return err
		}
	}
	return c.compare(ctx)
}

// compare reads the positions of the orders that wait for them. The outbox was read first: what the consumer has done since cannot
// make an order look behind that is not.
func (c *comparison) compare(ctx context.Context) error {
	if len(c.waiting) == 0 {
		return nil
	}
	c.ids = c.ids[:0]
	for i := range c.waiting {
		c.ids = append(c.ids, c.waiting[i].id)
	}
	if err := c.session.positions.Read(ctx, c.ids, c.positions); err != nil {
		return err
	}
	for i := range c.waiting {
		if w := &c.waiting[i]; c.positions[w.id].Last < w.ripe {
			if err := c.settle(ctx, w, c.positions[w.id]); err != nil {
				return err
			}
		}
	}
	c.waiting = c.waiting[:0]
	return nil
}

// settle deals with an order that is behind.
func (c *comparison) settle(ctx context.Context, w *reached, at position.Position) error {
	l := &behindLine{Kind: "order", OrderID: w.id, Position: at.Last, Sequence: w.ripe, Newest: w.newest, Action: "found"}
	if at.Parked != nil {
		l.Parked = string(at.Parked.Reason)
		stale, err := c.stale(ctx, w.id, at.Parked)
		if err != nil {
			return err
		}
		if !stale {
			c.parked.Add(1)
			l.Action = "left parked"
			c.print(l)
			return nil
		}
	}
	c.behind.Add(1)
	if !c.repair {
		c.print(l)
		return nil
	}
	if at.Parked != nil && !c.dryRun {
		if err := c.session.positions.Unpark(ctx, w.id, at.Parked); errors.Is(err, position.ErrMoved) {
			l.Action = "moved on meanwhile"
			c.print(l)
			return nil
		} else if err != nil {
			return err
		}
		c.unparked.Add(1)
	}
	missing, err := c.emit.span(ctx, w.id, at.Last+1, w.ripe)
	if err != nil {
		return err
	}
	l.Missing = missing
	switch {
	case missing == at.Last+1:
		// Unless it was delivered and expired while we looked.
		now, err := c.session.positions.Of(ctx, w.id)
		if err != nil {
			return err
		}
		if l.Action = "moved on meanwhile"; now.Last < missing {
			l.Action = "lost"
			c.lost.Add(1)
		}
	case c.dryRun:
		l.Action = "would be re-emitted"
		c.repaired.Add(1)
	default:
		if l.Action = "re-emitted"; at.Parked != nil {
			l.Action = "unparked and re-emitted"
		}
		c.repaired.Add(1)
	}
	c.print(l)
	return nil
}

// stale says whether an order is parked for an event that was missing and is in the outbox by now.
func (c *comparison) stale(ctx context.Context, orderID string, parked *projection.Parked) (bool, error) {
	if parked.Reason != projection.ReasonGap {
		return false, nil
	}
	return has(ctx, c.events, orderID, parked.Sequence)
}
