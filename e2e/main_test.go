package e2e_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"transactional-outbox/e2e/contract"
	"transactional-outbox/e2e/desk"
	"transactional-outbox/e2e/stage"
	"transactional-outbox/e2e/tap"
)

// suite is the stage under test and what all tests share; TestMain makes it before any test runs.
var suite *session

type session struct {
	stage       *stage.Stage
	contract    *contract.Contract
	tap         *tap.Tap
	destructive bool
	seed        uint64
	// nonce marks what this run writes. It is not derived from the seed: a stage remembers idempotency keys, so that a
	// second run with one seed must not use them again.
	nonce string
	// patience is how long an event may take to have its effect; deadLetterPatience, how long a record may be retried.
	patience, deadLetterPatience time.Duration

	mu      sync.Mutex
	skipped []string
}

func TestMain(m *testing.M) {
	desk.Keep()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	begun := time.Now()
	outputs := flag.String("outputs", "", "stack outputs as JSON `file`; empty: build and start a desk")
	name := flag.String("stage", "local", "`name` of the stage whose configuration the suite's own desk uses")
	apiURL := flag.String("api-url", "", "`URL` of the API, if it is not the outputs' apiUrl")
	destructive := flag.Bool("destructive", false, "also write to tables, stream and queue as the owner (default true on the suite's own desk)")
	seed := flag.Uint64("seed", 0, "seed of the random data; 0 picks one")
	flag.Parse()
	if !isSet("test.parallel") {
		// Tests wait for the stage, not for this machine's processors.
		if err := flag.Set("test.parallel", "16"); err != nil {
			return 0, err
		}
	}
	if *outputs == "" {
		if *apiURL != "" {
			return 0, fmt.Errorf("-api-url needs -outputs")
		}
		d, remove, err := startDesk(*name)
		if err != nil {
			return 0, err
		}
		defer func() {
			stopped := d.Stop()
			if stopped != nil && err == nil {
				err = stopped
			}
			if code != 0 || err != nil {
				fmt.Fprintf(os.Stderr, "--- the desk's last lines:\n%s\n", d.Log())
			}
			remove()
		}()
		*outputs = d.Outputs
		if !isSet("destructive") {
			*destructive = true
		}
	}
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	suite, err = open(*outputs, *apiURL)
	if err != nil {
		return 0, err
	}
	defer suite.tap.Close()
	suite.seed, suite.destructive = *seed, *destructive
	fmt.Printf("e2e: stage %s at %s, -seed %d, run %s; ready after %.1f s\n",
		suite.stage.Stage, suite.stage.APIURL, suite.seed, suite.nonce, time.Since(begun).Seconds())
	code = m.Run()
	if len(suite.skipped) > 0 {
		slices.Sort(suite.skipped)
		fmt.Printf("e2e: not run without -destructive: %s\n", strings.Join(suite.skipped, ", "))
	}
	return code, nil
}

func startDesk(name string) (d *desk.Desk, remove func(), err error) {
	dir, err := os.MkdirTemp("", "outbox-e2e-")
	if err != nil {
		return nil, nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	const root = ".."
	ctx := context.Background()
	executable, err := desk.Build(ctx, root, dir)
	if err == nil {
		d, err = desk.Start(ctx, executable, root, dir, "-stage", name)
	}
	if err != nil {
		remove()
		return nil, nil, err
	}
	return d, remove, nil
}

func open(path, apiURL string) (*session, error) {
	outputs, err := stage.ReadOutputs(path)
	if err != nil {
		return nil, err
	}
	if apiURL != "" {
		outputs.APIURL = apiURL
	}
	s := &session{
		nonce:              fmt.Sprintf("%08x", rand.Uint32()),
		patience:           2 * time.Minute,
		deadLetterPatience: 15 * time.Minute,
	}
	if s.contract, err = contract.Read("../docs/openapi.json"); err != nil {
		return nil, err
	}
	if s.stage, err = stage.Connect(outputs, os.Getenv); err != nil {
		return nil, err
	}
	if s.stage.IsDesk() {
		s.patience, s.deadLetterPatience = 20*time.Second, 30*time.Second
	}
	const clocksApart = time.Minute
	s.tap, err = tap.Open(context.Background(), s.stage, time.Now().Add(-clocksApart))
	return s, err
}

func isSet(name string) bool {
	found := false
	flag.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}
