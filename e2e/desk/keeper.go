package desk

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"time"
)

// keepVariable names the executable that a keeper keeps; its presence makes a process a keeper.
const keepVariable = "OUTBOX_E2E_KEEP"

// Keep does nothing in an ordinary process. In a keeper it runs the desk until standard input closes, interrupts it, and
// ends the process with the desk's exit code.
func Keep() {
	executable := os.Getenv(keepVariable)
	if executable == "" {
		return
	}
	os.Unsetenv(keepVariable) // the desk and what it starts are no keepers
	code, err := keep(executable, os.Args[1:], os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "keeper:", err)
	}
	os.Exit(code)
}

func keep(executable string, flags []string, until io.Reader) (code int, err error) {
	// Ctrl-C reaches every process of the terminal; the keeper has to stay until the desk is gone.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	desk := exec.Command(executable, flags...)
	desk.Stdout, desk.Stderr = os.Stdout, os.Stderr
	if err := desk.Start(); err != nil {
		return 1, err
	}
	exited := make(chan error, 1)
	go func() { exited <- desk.Wait() }()
	released := make(chan struct{})
	go func() {
		io.Copy(io.Discard, until)
		close(released)
	}()
	select {
	case <-exited:
		return max(desk.ProcessState.ExitCode(), 1), fmt.Errorf("the desk ended unasked: %v", desk.ProcessState)
	case <-released:
	}
	if err := desk.Process.Signal(os.Interrupt); err != nil {
		return 1, err
	}
	select {
	case <-exited:
		return desk.ProcessState.ExitCode(), nil
	case <-time.After(stopLimit):
		return 1, fmt.Errorf("the desk ignores the interrupt: killed: %v", desk.Process.Kill())
	}
}
