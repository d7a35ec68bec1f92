package e2e_test

import (
	"context"
	"errors"
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
	outputs := flag.String("outputs", "", "stack outputs as JSON `file`; empty: build and start a desk")
	name := flag.String("stage", "local", "`name` of the stage whose configuration the suite's own desk uses")
	engines := flag.String("engines", "own", "what the suite's own desk runs on: own, dynamodb, kinesis or both; `several` with commas, one after the other")
	apiURL := flag.String("api-url", "", "`URL` of the API, if it is not the outputs' apiUrl")
	destructive := flag.Bool("destructive", false, "also write to tables, stream and queue as the owner (default true on the suite's own desk)")
	seed := flag.Uint64("seed", 0, "seed of the random data; 0 picks one")
	flag.Parse()
	parallel := func(atOnce string) error { return flag.Set("test.parallel", atOnce) }
	if isSet("test.parallel") {
		parallel = func(string) error { return nil }
	}
	// Tests wait for the stage, not for this machine's processors.
	if err := parallel("16"); err != nil {
		return 0, err
	}
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	if *outputs != "" {
		if isSet("engines") {
			return 0, fmt.Errorf("-engines is for the suite's own desk, not for -outputs")
		}
		return accept(m, *outputs, *apiURL, *seed, *destructive)
	}
	if *apiURL != "" {
		return 0, fmt.Errorf("-api-url needs -outputs")
	}
	for _, choice := range strings.Split(*engines, ",") {
		endpoints, err := witnesses(choice)
		if err != nil {
			return 0, err
		}
		if len(endpoints) > 0 {
			// Emulators begin slowly, while functions and the API time out as ever.
			if err := parallel("4"); err != nil {
				return 0, err
			}
		}
		fmt.Printf("e2e: engines %s\n", choice)
		code, err = acceptDesk(m, *seed, *destructive || !isSet("destructive"), append(endpoints, "-stage", *name)...)
		if code != 0 || err != nil {
			return code, err
		}
	}
	return code, nil
}

// acceptDesk runs all tests on a desk of their own.
func acceptDesk(m *testing.M, seed uint64, destructive bool, flags ...string) (code int, err error) {
	d, remove, err := startDesk(flags...)
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
	return accept(m, d.Outputs, "", seed, destructive)
}

// accept runs all tests on the stage with the outputs in a file.
func accept(m *testing.M, outputs, apiURL string, seed uint64, destructive bool) (code int, err error) {
	begun := time.Now()
	suite, err = open(outputs, apiURL)
	if err != nil {
		return 0, err
	}
	defer suite.tap.Close()
	suite.seed, suite.destructive = seed, destructive
	fmt.Printf("e2e: stage %s at %s, -seed %d, run %s; reached after %.1f s\n",
		suite.stage.Stage, suite.stage.APIURL, suite.seed, suite.nonce, time.Since(begun).Seconds())
	code = m.Run()
	if len(suite.skipped) > 0 {
		slices.Sort(suite.skipped)
		fmt.Printf("e2e: not run without -destructive: %s\n", strings.Join(suite.skipped, ", "))
	}
	return code, nil
}

// witnesses returns the flags of a desk that runs on the software which `go run ./tools/witnesses` has started.
func witnesses(engines string) ([]string, error) {
	var flags []string
	add := func(name, variable string) error {
		url := os.Getenv(variable)
		if url == "" {
			return fmt.Errorf("-engines %s needs an endpoint in %s, as `go run ./tools/witnesses go test ./e2e -engines %[1]s` sets it", engines, variable)
		}
		flags = append(flags, name, url)
		return nil
	}
	dynamodb := func() error { return add("-dynamodb-endpoint", "OUTBOX_DYNAMODB_WITNESS") }
	kinesis := func() error { return add("-kinesis-endpoint", "OUTBOX_KINESIS_WITNESS") }
	switch engines {
	case "own":
		return nil, nil
	case "dynamodb":
		err := dynamodb()
		return flags, err
	case "kinesis":
		err := kinesis()
		return flags, err
	case "both":
		err := errors.Join(dynamodb(), kinesis())
		return flags, err
	}
	return nil, fmt.Errorf("-engines %s: own, dynamodb, kinesis or both is expected", engines)
}

func startDesk(flags ...string) (d *desk.Desk, remove func(), err error) {
	dir, err := os.MkdirTemp("", "outbox-e2e-")
	if err != nil {
		return nil, nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	const root = ".."
	ctx := context.Background()
	executable, err := desk.Build(ctx, root, dir)
	if err == nil {
		d, err = desk.Start(ctx, executable, root, dir, flags...)
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
