package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// How long a reader waits for what a document promises: long enough for a first build, short enough to be told.
const (
	readyLimit = 10 * time.Minute
	stopLimit  = 30 * time.Second
)

// reader follows a document.
type reader struct {
	dir     string
	out     io.Writer
	served  block
	serving *session
}

// perform does what the blocks say and stops at the first that fails. Nothing is left running.
func perform(ctx context.Context, r *reader, blocks []block) (err error) {
	defer func() { err = errors.Join(err, r.stop()) }()
	for _, b := range blocks {
		began := time.Now()
		switch b.do {
		case skip:
			fmt.Fprintf(r.out, "--- %v: skipped: %s\n", b, b.detail)
			continue
		case test:
			continue
		case stop:
			if r.serving == nil {
				return fmt.Errorf("%v: nothing is being served", b)
			}
			err = r.stop()
		case run:
			fmt.Fprintf(r.out, "--- %v\n%s", b, quoted(b.script))
			err = r.run(ctx, b)
		case serve:
			fmt.Fprintf(r.out, "--- %v\n%s", b, quoted(b.script))
			err = r.serve(ctx, b)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(r.out, "--- %v: done in %.1fs\n", b, time.Since(began).Seconds())
	}
	return nil
}

func quoted(script string) string {
	return "  $ " + strings.ReplaceAll(strings.TrimSuffix(script, "\n"), "\n", "\n    ") + "\n"
}

func (r *reader) run(ctx context.Context, b block) error {
	s, err := begin(r.dir, b.script, r.out)
	if err != nil {
		return fmt.Errorf("%v: %w", b, err)
	}
	select {
	case err = <-s.ended:
	case <-ctx.Done():
		return errors.Join(ctx.Err(), s.interrupt())
	}
	if err == nil {
		err = s.gone()
	}
	if err != nil {
		return fmt.Errorf("%v: %w", b, err)
	}
	return nil
}

func (r *reader) serve(ctx context.Context, b block) error {
	if r.serving != nil {
		return fmt.Errorf("%v: %v is still being served", b, r.served)
	}
	watch := &watcher{to: r.out, text: []byte(b.detail), seen: make(chan struct{})}
	s, err := begin(r.dir, b.script, watch)
	if err != nil {
		return fmt.Errorf("%v: %w", b, err)
	}
	r.serving, r.served = s, b
	select {
	case <-watch.seen:
		return nil
	case err := <-s.ended:
		r.serving = nil
		return fmt.Errorf("%v: ended before it said %q: %v", b, b.detail, err)
	case <-time.After(readyLimit):
		return fmt.Errorf("%v: did not say %q in %v", b, b.detail, readyLimit)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *reader) stop() error {
	if r.serving == nil {
		return nil
	}
	s := r.serving
	r.serving = nil
	if err := s.interrupt(); err != nil {
		return fmt.Errorf("%v: %w", r.served, err)
	}
	return nil
}

// session is a script that runs with all it starts in a process group of its own.
type session struct {
	group int
	ended chan error
}

func begin(dir, script string, out io.Writer) (*session, error) {
	bash := exec.Command("bash", "-euo", "pipefail", "-c", script)
	bash.Dir = dir
	bash.Stdout, bash.Stderr = out, out
	bash.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// A process that is left behind holds the output open; it must not hold up its own discovery.
	bash.WaitDelay = time.Second
	if err := bash.Start(); err != nil {
		return nil, err
	}
	s := &session{group: bash.Process.Pid, ended: make(chan error, 1)}
	go func() { s.ended <- bash.Wait() }()
	return s, nil
}

// interrupt does what Ctrl-C does, and wants the script to end and to leave nothing behind. With what status it ends says
// nothing: `go run` exits with 1 after every interrupt, however well the program that it runs has ended.
func (s *session) interrupt() error {
	if err := syscall.Kill(-s.group, syscall.SIGINT); err != nil {
		return fmt.Errorf("interrupt: %w", err)
	}
	select {
	case err := <-s.ended:
		if _, exited := errors.AsType[*exec.ExitError](err); exited {
			err = nil
		}
		return errors.Join(err, s.gone())
	case <-time.After(stopLimit):
		return errors.Join(fmt.Errorf("still there %v after the interrupt", stopLimit), s.kill())
	}
}

// gone fails, and cleans up, if a process of the script is still there.
func (s *session) gone() error {
	if err := syscall.Kill(-s.group, 0); errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return errors.Join(errors.New("left a process behind"), s.kill())
}

func (s *session) kill() error { return syscall.Kill(-s.group, syscall.SIGKILL) }

// watcher passes everything on and tells when a text has come by.
type watcher struct {
	to   io.Writer
	text []byte

	mu   sync.Mutex
	said []byte
	done bool
	seen chan struct{}
}

func (w *watcher) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.done {
		w.said = append(w.said, p...)
		if bytes.Contains(w.said, w.text) {
			w.done, w.said = true, nil
			close(w.seen)
		}
	}
	return w.to.Write(p)
}
