package dynamodb

import (
	"transactional-outbox/local/dynamodb/attribute"
	"transactional-outbox/local/dynamodb/expression"
)

// maxPageBytes is the size of items after which a page of a query or scan ends.
const maxPageBytes = 1 << 20

// page collects the items of a query or scan until it is full.
type page struct {
	limit     int // 0 for none
	filter    *expression.Predicate
	selection *expression.Selection
	countOnly bool

	items   []attribute.Map
	count   int // of items that passed the filter
	scanned int
	bytes   int
	last    *item // the last item looked at, if the page is full
}

// add looks at an item, and reports whether there is room for another.
func (p *page) add(i *item) bool {
	p.scanned++
	p.bytes += i.size
	if p.filter == nil || p.filter.Holds(i.attributes) {
		p.count++
		if !p.countOnly {
			p.items = append(p.items, i.attributes)
		}
	}
	if p.scanned == p.limit || p.bytes >= maxPageBytes {
		p.last = i
		return false
	}
	return true
}

// walk adds the items of a shard that lie in a span, and reports whether there is room for more.
func (p *page) walk(s *shard, within span, forward bool) bool {
	s.RLock()
	defer s.RUnlock()
	room := true
	if forward {
		s.items.Ascend(within.low, func(at string, i *item) bool {
			if !within.belowHigh(at) {
				return false
			}
			if within.aboveLow(at) {
				room = p.add(i)
			}
			return room
		})
		return room
	}
	down := func(at string, i *item) bool {
		if !within.aboveLow(at) {
			return false
		}
		if within.belowHigh(at) {
			room = p.add(i)
		}
		return room
	}
	if within.high == "" {
		s.items.Reverse(down)
	} else {
		s.items.Descend(within.high, down)
	}
	return room
}

// answer writes the page.
func (p *page) answer(e *Engine, t *table, capacity string, consistent bool) []byte {
	e.stats.read.Add(int64(p.scanned))
	out := newAnswer()
	if !p.countOnly {
		out.list("Items", len(p.items), func(i int) { out.json = partsOf(p.selection, p.items[i]).AppendJSON(out.json) })
	}
	out.number("Count", float64(p.count))
	out.number("ScannedCount", float64(p.scanned))
	if p.last != nil {
		out.attributes("LastEvaluatedKey", t.schema.keyOf(p.last.attributes))
	}
	out.capacity(capacity, usage{table: t.name, read: readUnits(p.bytes, consistent)})
	return out.bytes()
}
