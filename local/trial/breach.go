package trial

import (
	"fmt"
	"sync"
)

// The rules of the books, as what is found when they are broken.
const (
	ruleAnswered  = "requests answered with success, their order is not there"
	ruleOnce      = "requests with more orders than they can have"
	ruleAsked     = "orders that no request asked for"
	ruleCancelled = "cancellations answered with success, the order is not cancelled"
	ruleComplete  = "orders without all of their events"
	ruleOrphan    = "events or states without an order"
	ruleSame      = "events replaced or removed"
	ruleFold      = "states that are not what the events make"
	ruleDelivered = "orders whose events were not delivered"
	ruleParked    = "orders that are parked"
	ruleUnheeded  = "effects on orders that were parked"
	ruleExcused   = "events that only a repair delivered, although they had reached the consumer"
	ruleLetters   = "dead letters left"
)

// Breach is a rule that the tables break.
type Breach struct {
	// Rule names what was found; Count is how often, and Example one case.
	Rule    string
	Count   int64
	Example string
}

func (b Breach) String() string { return fmt.Sprintf("%d %s, such as: %s", b.Count, b.Rule, b.Example) }

// breaches collects what is found, rule by rule. It is safe for concurrent use.
type breaches struct {
	mu    sync.Mutex
	found []Breach
}

func (b *breaches) add(rule, format string, args ...any) { b.addN(1, rule, format, args...) }

func (b *breaches) addN(n int64, rule, format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.found {
		if b.found[i].Rule == rule {
			b.found[i].Count += n
			return
		}
	}
	b.found = append(b.found, Breach{Rule: rule, Count: n, Example: fmt.Sprintf(format, args...)})
}

func (b *breaches) list() []Breach {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.found
}

func (b *breaches) total() (n int64) {
	for _, one := range b.list() {
		n += one.Count
	}
	return n
}
