package expression

import (
	"sync"
	"sync/atomic"
)

// maxCached bounds each kind of expression. Programs have a few dozen texts; one that builds values into its texts has no end of them.
const maxCached = 4096

// Cache keeps parsed expressions by their text. The zero Cache is empty; it is safe for concurrent use.
type Cache struct {
	conditions  memo[*Condition]
	updates     memo[*Update]
	projections memo[*Projection]
}

type memo[T any] struct {
	parsed sync.Map // text -> T
	size   atomic.Int64
}

func (m *memo[T]) get(text string, parse func(string) (T, error)) (T, error) {
	if known, ok := m.parsed.Load(text); ok {
		return known.(T), nil
	}
	parsed, err := parse(text)
	if err == nil && m.size.Load() < maxCached {
		if _, loaded := m.parsed.LoadOrStore(text, parsed); !loaded {
			m.size.Add(1)
		}
	}
	return parsed, err
}
