package trial

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// demand is what clients have asked for and what they were told. Orders carry the number of their request in their description, which
// is how the tables can be held against it.
type demand struct {
	names *names
	seed  uint64

	mu   sync.Mutex
	asks []ask // by number of the request, from 1 on
}

// ask is one request to place an order, however often it was sent.
type ask struct {
	order     name  // that the client was told of
	keyed     bool  // with an idempotency key
	told      bool  // the client got its 201
	cancelled bool  // and, later, a 200 for its cancellation
	unsure    uint8 // times it was sent without a key and without a good answer: each may have placed an order

	found uint8 // orders in the table
	right bool  // one of them is the one the client was told of
}

func newDemand(names *names, options Options) *demand {
	return &demand{names: names, seed: options.Seed, asks: make([]ask, options.Orders+1)}
}

// describe is the description of the order that request i asks for.
func (d *demand) describe(i int64) string { return fmt.Sprintf("order %d of trial %d", i, d.seed) }

// number is the inverse of describe; ok is false for any other text.
func (d *demand) number(description string) (i int, ok bool) {
	rest, ok := strings.CutPrefix(description, "order ")
	if !ok {
		return 0, false
	}
	count, rest, ok := strings.Cut(rest, " of trial ")
	i, err := strconv.Atoi(count)
	return i, ok && err == nil && rest == strconv.FormatUint(d.seed, 10) && i >= 1 && i < len(d.asks)
}

// change changes what is known of request i.
func (d *demand) change(i int64, change func(*ask)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(&d.asks[i])
}

// forget makes room for another look at the tables.
func (d *demand) forget() {
	for i := range d.asks {
		d.asks[i].found, d.asks[i].right = 0, false
	}
}

// check holds what was found in the tables against what clients were told.
func (d *demand) check(b *breaches) (untold int64) {
	for i := 1; i < len(d.asks); i++ {
		a := &d.asks[i]
		most := int(a.unsure) // may exist although nobody knows
		switch {
		case a.told && !a.right:
			b.add(ruleAnswered, "request %d", i)
			continue
		case a.keyed:
			most = 1
		case a.told:
			most++
		}
		if int(a.found) > most {
			b.add(ruleOnce, "request %d has %d", i, a.found)
		}
		untold += int64(a.found)
		if a.right {
			untold--
		}
	}
	return untold
}
