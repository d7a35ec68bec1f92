// Package alloctest holds the paths that every request and every batch takes to their numbers of allocations. They are the part of
// a function's cost that a test can pin: unlike times they come out the same on every machine, and seldom does one get worse without them.
package alloctest

import "testing"

// runs is how often a path is taken; what it allocates only once counts for nothing.
const runs = 50

// A Path is something that is done again and again.
type Path struct {
	Name string
	Most int // allocations each time; what it is, not what it might be
	Run  func() error
}

// Hold fails where a path allocates more than it may. It does not look where the race detector adds allocations of its own.
func Hold(t *testing.T, paths ...Path) {
	t.Helper()
	if race {
		t.Skip("the race detector allocates, too")
	}
	for _, p := range paths {
		var err error
		n := testing.AllocsPerRun(runs, func() {
			if failed := p.Run(); failed != nil {
				err = failed
			}
		})
		switch most := float64(p.Most); {
		case err != nil:
			t.Errorf("%s: %v", p.Name, err)
		case n > most:
			t.Errorf("%s: %v allocations, at most %v are allowed", p.Name, n, most)
		case n < most:
			t.Logf("%s: only %v allocations; hold it to them instead of %v", p.Name, n, most)
		}
	}
}
