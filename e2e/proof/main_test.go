package proof_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// suite is what the tests share; TestMain makes it before any test runs.
var suite struct {
	desk   string // the executable of the desk
	orders int
	faults string
	seed   uint64
}

// root is the folder with go.mod, from here.
const root = "../.."

func TestMain(m *testing.M) {
	flag.IntVar(&suite.orders, "orders", 3000, "orders of the random proof")
	flag.StringVar(&suite.faults, "faults",
		"duplicate=0.05,reorder=0.2,delay=50ms,lose=0.01,crash=0.02,throttle=0.05,fail=0.02,timeout=0.01,expire=0.01,reshard=2", "what goes wrong in it")
	flag.Uint64Var(&suite.seed, "seed", 0, "seed of everything random; 0 picks one")
	flag.Parse()
	if suite.seed == 0 {
		suite.seed = 1 + rand.Uint64N(1<<32)
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "proof:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	folder, err := os.MkdirTemp("", "proof-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder)
	suite.desk = filepath.Join(folder, "desk")
	build := exec.CommandContext(context.Background(), "go", "build", "-o", suite.desk, "./local")
	build.Dir = root
	if said, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build ./local: %w\n%s", err, said)
	}
	return m.Run(), nil
}
