package trial_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/faults"
)

// folder is gone when the test run ends.
var folder string

// operator is the path of the operator's commands, built once for the whole test binary.
var operator = sync.OnceValues(func() (string, error) {
	path := filepath.Join(folder, "ops")
	if out, err := exec.Command("go", "build", "-o", path, "../../ops").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build ops: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "trial-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(folder)
	os.Exit(code)
}

// ops runs an operator's command against the desk, as a person would, and returns what it printed and its exit code.
func (s *stage) ops(args ...string) (said string, code int) {
	s.Helper()
	path, err := operator()
	if err != nil {
		s.Fatal(err)
	}
	outputs, err := json.Marshal(s.Outputs)
	if err != nil {
		s.Fatal(err)
	}
	file := filepath.Join(s.TempDir(), "outputs.json")
	if err := os.WriteFile(file, outputs, 0o644); err != nil {
		s.Fatal(err)
	}
	command := exec.CommandContext(s.Context(), path, append(args, "-outputs", file)...)
	out, err := command.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else if err != nil {
		s.Fatal(err)
	}
	return string(out), code
}

// TestOperatorsRepairWhatTheStreamLoses: a third of all records never arrives; what an operator would type brings every order to
// its end, once, and says so.
func TestOperatorsRepairWhatTheStreamLoses(t *testing.T) {
	s := start(t, faults.Mix{Lose: 0.3})
	const count = 60
	var orders []string
	for range count {
		order := s.place()
		s.cancel(order)
		orders = append(orders, order)
	}
	s.until("some order has stopped short and the rest is done", func() bool {
		return !s.Cloud.Busy()
	})
	if said, code := s.ops("reconcile", "-grace", "0s"); code != 1 {
		t.Fatalf("reconcile ended with %d, want 1, with a third of the records lost:\n%s", code, said)
	}
	// The repair's own records may be lost too: an operator repeats it until nothing is left.
	s.until("reconcile -repair has nothing left to do", func() bool {
		said, code := s.ops("reconcile", "-repair", "-grace", "0s", "-json")
		if code > 1 {
			t.Fatalf("reconcile ended with %d:\n%s", code, said)
		}
		return code == 0
	})
	for _, order := range orders {
		path := strings.Fields(s.path(order))
		if last := path[len(path)-1]; last != "2" || len(path) > 2 {
			t.Errorf("order %s moved %v, want 1 or nothing, and then 2", order, path)
		}
	}
	said, code := s.ops("trace", "-order", orders[0])
	if code != 0 || !strings.Contains(said, orders[0]) || !strings.Contains(said, "order.cancelled") {
		t.Errorf("trace ended with %d:\n%s", code, said)
	}
	if lost := s.Cloud.Faults().Lost; lost == 0 {
		t.Error("no record was lost")
	}
}

// TestOperatorsFindAndReleaseAParkedOrder: an event that no rule allows parks its order, which goes on in sequence once the cause
// is gone and somebody has said so.
func TestOperatorsFindAndReleaseAParkedOrder(t *testing.T) {
	s := start(t, faults.Mix{})
	order := s.place()
	s.moves(order, "1")
	batch := &events{stage: s}
	batch.add(s.event(order, 1), order, 2, "order.unheard-of")
	batch.write()
	s.moves(order, "1 1P")

	if said, code := s.ops("parked"); code != 0 || !strings.Contains(said, order) {
		t.Errorf("parked ended with %d, want 0 and the order:\n%s", code, said)
	}
	if said, code := s.ops("doctor"); code != 1 || !strings.Contains(said, "parked") {
		t.Errorf("doctor ended with %d, want 1 and the parked order:\n%s", code, said)
	}
	// The cause is mended: the event becomes what it should have been.
	s.call(s.Cloud.Tables(), "UpdateItem", map[string]any{
		"TableName": s.Output("eventsTable"), "Key": eventKey(order, 2), "UpdateExpression": "SET #type = :cancelled",
		"ExpressionAttributeNames":  map[string]string{"#type": "type"},
		"ExpressionAttributeValues": item{":cancelled": {"S": "order.cancelled"}},
	}, nil)
	if said, code := s.ops("unpark", "-order", order); code != 0 {
		t.Errorf("unpark ended with %d:\n%s", code, said)
	}
	s.until("the order has gone on", func() bool { return strings.HasSuffix(s.path(order), " 2") })
	if said, code := s.ops("parked"); code != 0 || strings.Contains(said, order) {
		t.Errorf("parked ended with %d, want 0 and no order:\n%s", code, said)
	}
}
