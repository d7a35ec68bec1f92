// Package proof puts the whole system on a desk where things go wrong at random, and has the desk's own trial prove that nothing is
// lost, doubled or reordered. Then it breaks the handlers' guards one by one and shows that the trial notices each.
//
//	go test ./e2e/proof -orders 100000 -seed 1
//
// Flags:
//
//	-orders N   orders of the random proof; default 3000
//	-faults M   what goes wrong in it, as of go run ./local -faults
//	-seed N     seed of everything random; 0 means: pick one. The seed in use is printed.
//
// With -short only the random proof is held, not the breaking of guards.
package proof
