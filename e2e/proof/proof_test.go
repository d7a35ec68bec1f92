package proof_test

import (
	"strconv"
	"testing"
)

// TestNothingIsLostDoubledOrReordered: random orders, cancellations and repeated requests, while everything goes wrong that can.
func TestNothingIsLostDoubledOrReordered(t *testing.T) {
	p := newProject(t)
	result := p.hold(suite.orders, suite.faults, suite.seed)
	t.Log("\n" + result.table())
	if result.failed {
		t.Fatal("the trial failed")
	}
	for _, name := range []string{"requests failed", "lost", "doubled", "out of order", "rules broken"} {
		if got := result.row(name); got != "0" {
			t.Errorf("%s: %q, want 0", name, got)
		}
	}
	if committed := result.row("events committed"); committed != result.row("delivered") {
		t.Errorf("%s of %s events delivered", result.row("delivered"), committed)
	}
	// Nearly all clients are told of their order; the others have hung up.
	if placed, _ := strconv.Atoi(result.row("orders placed")); placed < suite.orders*9/10 {
		t.Errorf("%d of %d orders placed", placed, suite.orders)
	}
}
