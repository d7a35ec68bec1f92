package desk

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"testing"

	"transactional-outbox/e2e/wait"
)

// playVariable makes the test binary play a desk: well-behaved, or with the fault that it names.
const playVariable = "OUTBOX_E2E_PLAY"

func TestMain(m *testing.M) {
	Keep()
	if fault, plays := os.LookupEnv(playVariable); plays {
		play(fault, os.Args)
		return
	}
	os.Exit(m.Run())
}

func play(fault string, args []string) {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	if fault == "start" {
		fmt.Println("no permission to start")
		os.Exit(3)
	}
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		panic(err)
	}
	for i, arg := range args {
		if arg == "-outputs" {
			if err := os.WriteFile(args[i+1], []byte("{}"), 0o600); err != nil {
				panic(err)
			}
		}
	}
	<-interrupted
	if fault != "orphan" {
		child.Process.Kill()
		child.Wait()
	}
	if fault == "exit code" {
		os.Exit(4)
	}
}

func start(t *testing.T, fault string) (*Desk, error) {
	t.Helper()
	t.Setenv(playVariable, fault)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Start(t.Context(), self, t.TempDir(), t.TempDir())
}

func TestDeskEnds(t *testing.T) {
	for fault, want := range map[string]string{
		"":          "",
		"exit code": "exit status 4",
		"orphan":    "left processes behind",
	} {
		t.Run("fault "+fault, func(t *testing.T) {
			d, err := start(t, fault)
			if err != nil {
				t.Fatal(err)
			}
			started, err := descendants(d.keeper.Process.Pid)
			if err != nil || len(started) != 2 {
				t.Errorf("descendants = %v, %v, want the desk and its child", started, err)
			}
			err = d.Stop()
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("Stop = %v, want %q", err, want)
			}
			left, err := alive(started)
			if err != nil || len(left) > 0 != (fault == "orphan") {
				t.Errorf("alive = %v, %v", left, err)
			}
			for _, p := range left {
				if orphan, err := os.FindProcess(p.pid); err == nil {
					orphan.Kill()
				}
			}
		})
	}
}

func TestStartSaysWhyTheDeskDidNotStart(t *testing.T) {
	_, err := start(t, "start")
	if err == nil || !strings.Contains(err.Error(), "ended by itself") || !strings.Contains(err.Error(), "no permission to start") {
		t.Errorf("Start = %v, want the desk's own words", err)
	}
}

func TestDeskDoesNotOutliveItsStarter(t *testing.T) {
	d, err := start(t, "")
	if err != nil {
		t.Fatal(err)
	}
	started, err := descendants(d.keeper.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	d.hold.Close() // what the death of the starter does
	err = wait.Until(t.Context(), stopLimit, func(context.Context) error {
		if left, err := alive(started); err != nil || len(left) > 0 {
			return fmt.Errorf("still there: %v %v", left, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestParseStat(t *testing.T) {
	p, ok := parseStat("42 (odd) (name) S 7 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 12345 0\n")
	if want := (process{pid: 42, parent: 7, start: "12345", status: "S", command: "odd) (name"}); !ok || p != want {
		t.Errorf("parseStat = %+v, %v, want %+v", p, ok, want)
	}
}
