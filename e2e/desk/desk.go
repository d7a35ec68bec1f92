// Package desk builds, starts and ends a desk: the whole system on one machine. Whatever happens to the process that
// started it, the desk does not outlive it: a keeper process, the same executable started again, holds the desk and ends
// it as soon as its standard input closes.
package desk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"transactional-outbox/e2e/wait"
)

// Limits of a desk's life, far above what it needs: they only keep a broken one from hanging the suite.
const (
	startLimit = 3 * time.Minute // a first start compiles the functions
	stopLimit  = 20 * time.Second
)

// Desk is a running desk.
type Desk struct {
	// Outputs is the path of the file with the stack's outputs.
	Outputs string

	log    string
	keeper *exec.Cmd
	hold   io.Closer
	exited chan error
}

// Build compiles the desk of the repository at root into dir and returns the executable's path.
func Build(ctx context.Context, root, dir string) (string, error) {
	executable := filepath.Join(dir, "desk")
	build := exec.CommandContext(ctx, "go", "build", "-o", executable, "./local")
	build.Dir = root
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./local: %w\n%s", err, said)
	}
	return executable, nil
}

// Start runs the desk's executable in root with free ports and waits until its outputs are there. Its files, a log
// among them, go to dir. The calling program must call [Keep] first thing.
func Start(ctx context.Context, executable, root, dir string, flags ...string) (*Desk, error) {
	d := &Desk{
		Outputs: filepath.Join(dir, "outputs.json"),
		log:     filepath.Join(dir, "desk.log"),
		exited:  make(chan error, 1),
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(d.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	flags = append([]string{"-listen", "127.0.0.1:0", "-aws-listen", "127.0.0.1:0", "-outputs", d.Outputs}, flags...)
	d.keeper = exec.Command(self, flags...)
	d.keeper.Dir = root
	d.keeper.Env = append(os.Environ(), keepVariable+"="+executable)
	d.keeper.Stdout, d.keeper.Stderr = log, log
	if d.hold, err = d.keeper.StdinPipe(); err != nil {
		return nil, err
	}
	if err := d.keeper.Start(); err != nil {
		return nil, err
	}
	go func() { d.exited <- d.keeper.Wait() }()
	err = wait.Until(ctx, startLimit, func(context.Context) error {
		select {
		case err := <-d.exited:
			d.exited <- err
			return wait.Stop(fmt.Errorf("the desk ended by itself: %v", err))
		default:
		}
		_, err := os.Stat(d.Outputs)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, d.Stop(), errors.New(d.Log()))
	}
	return d, nil
}

// Stop ends the desk as Ctrl-C would, and fails unless it exits with 0 and every process that it had started is gone.
func (d *Desk) Stop() error {
	started, err := descendants(d.keeper.Process.Pid)
	if err != nil {
		return err
	}
	d.hold.Close()
	var stopped error
	select {
	case stopped = <-d.exited:
		d.exited <- stopped
	case <-time.After(stopLimit + 5*time.Second):
		return errors.Join(errors.New("the keeper hangs"), d.keeper.Process.Kill())
	}
	if stopped != nil {
		stopped = fmt.Errorf("the desk did not end well: %w", stopped)
	}
	left, err := alive(started)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("the desk left processes behind: %v", left)
	}
	return errors.Join(stopped, err)
}

// Log returns the end of what the desk has said so far.
func (d *Desk) Log() string {
	const lines = 60
	text, err := os.ReadFile(d.log)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
