package lambda

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// process is one run of a function's program and the Runtime API it talks to. Its pool's mutex guards what changes, unless said
// otherwise.
type process struct {
	pool   *pool
	config *Function
	number int64 // among the processes of its function, from 1
	stream string
	work   chan *invocation // room for one
	gone   chan struct{}    // closed when the process is killed or has ended
	exited chan struct{}    // closed when it has ended

	cmd       *exec.Cmd
	started   bool // cmd runs, and was not waited for yet
	begin     time.Time
	ready     bool // has asked for work
	retired   bool // was killed or has ended
	killed    bool // was killed
	closing   bool // was killed by Close
	idleSince time.Time

	grace     *time.Timer // ends the program that was asked to end and does not; nil unless it was
	timer     *time.Timer // ends the invocation, or the initialisation, that takes too long
	deadline  time.Time   // zero: none
	current   *invocation
	answer    *answer  // of current, as far as the process has posted it
	verdict   *failure // why the process is killed, if it is current's fault
	initError []byte
	memory    memory

	// Used by the one goroutine that serves /next at a time.
	initDuration time.Duration // not yet reported
	line         []byte
}

// answer is what the process has posted for an invocation, or what Lambda says in its place.
type answer struct {
	payload       []byte
	functionError string
	errorType     string
	failure       *failure // if the process did not answer
}

func newProcess(p *pool, f *Function) *process {
	now := p.service.opts.Clock().UTC()
	proc := &process{
		pool: p, config: f, number: p.stats.Starts, work: make(chan *invocation, 1), gone: make(chan struct{}), exited: make(chan struct{}), begin: time.Now(),
		stream: now.Format("2006/01/02") + "/[$LATEST]" + p.service.random.hex(16),
	}
	proc.deadline = proc.begin.Add(p.service.opts.InitTimeout)
	proc.timer = time.AfterFunc(p.service.opts.InitTimeout, proc.expire)
	return proc
}

// run starts the program, serves its Runtime API and returns when everything about it has ended.
func (proc *process) run() {
	failure := proc.supervise()
	proc.timer.Stop()
	if proc.grace != nil {
		proc.grace.Stop()
	}
	proc.ended(failure)
}

// supervise runs the program and returns how it ended.
func (proc *process) supervise() *failure {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return proc.retire(&failure{"Runtime.InvalidEntrypoint", err.Error()})
	}
	api := serveRuntimeAPI(proc, listener)
	defer api.close()
	defer close(proc.exited)
	output, input, err := os.Pipe()
	if err != nil {
		return proc.retire(&failure{"Runtime.InvalidEntrypoint", err.Error()})
	}
	defer output.Close()
	proc.platformInitStart()
	err = proc.start(listener.Addr().String(), input)
	input.Close()
	if err != nil {
		return proc.retire(&failure{"Runtime.InvalidEntrypoint", err.Error()})
	}
	logged := make(chan struct{})
	go func() {
		defer close(logged)
		proc.readLog(output)
	}()
	exit := proc.retire(exitFailure(proc.cmd.Wait()))
	killGroup(proc.cmd.Process) // what the program itself has started
	// A descendant that left the group may still hold the pipe: do not wait for it.
	output.SetReadDeadline(time.Now().Add(time.Second))
	<-logged
	proc.memory.close()
	return exit
}

// start starts the program, unless it was killed before.
func (proc *process) start(runtimeAPI string, output *os.File) error {
	executable, err := filepath.Abs(proc.config.Executable)
	if err != nil {
		return err
	}
	environment := proc.environment(executable, runtimeAPI)
	result := make(chan error, 1)
	for {
		proc.cmd = &exec.Cmd{
			Path: executable, Args: []string{executable}, Dir: filepath.Dir(executable), Env: environment,
			Stdout: output, Stderr: output, SysProcAttr: sysProcAttr(),
		}
		proc.pool.service.starter <- func() { result <- proc.cmd.Start() }
		err := <-result
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.ETXTBSY) {
			return err
		}
		// Somebody still has the program open for writing; it may even be a child that is just being forked and has inherited the
		// file for a moment. https://go.dev/issue/22315
		select {
		case <-time.After(time.Millisecond):
		case <-proc.gone:
			return err
		}
	}
	proc.memory.open(proc.cmd.Process.Pid)
	proc.pool.mu.Lock()
	defer proc.pool.mu.Unlock()
	proc.started = true
	if proc.killed {
		proc.signal()
	}
	return nil
}

// retire notes that the program has ended and returns why.
func (proc *process) retire(exit *failure) *failure {
	proc.pool.mu.Lock()
	defer proc.pool.mu.Unlock()
	proc.started = false
	proc.pool.retire(proc)
	return exit
}

// profileGrace is how long a program has to write its profile.
const profileGrace = 5 * time.Second

// signal kills the program and all it has started. The caller holds the mutex.
func (proc *process) signal() {
	switch {
	case !proc.started:
	case proc.closing && proc.pool.service.opts.Profile != "":
		terminate(proc.cmd.Process)
		proc.grace = time.AfterFunc(profileGrace, proc.expireGrace)
	default:
		killGroup(proc.cmd.Process)
	}
}

// linger keeps a connection of a program that was asked to end until it has: at the loss of its Runtime API it would end at once,
// without its profile.
func (proc *process) linger() {
	if proc.pool.service.opts.Profile == "" {
		return
	}
	select {
	case <-proc.gone:
		<-proc.exited
	default:
	}
}

// expireGrace ends the program that has not ended by itself.
func (proc *process) expireGrace() {
	proc.pool.mu.Lock()
	defer proc.pool.mu.Unlock()
	if proc.started {
		killGroup(proc.cmd.Process)
	}
}

// expire ends the invocation or the initialisation whose time is up.
func (proc *process) expire() {
	p := proc.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if proc.retired || proc.deadline.IsZero() || time.Now().Before(proc.deadline) {
		return // a firing that the end of its invocation has overtaken
	}
	limit := p.service.opts.InitTimeout
	if proc.ready {
		limit = proc.config.Timeout
	}
	proc.verdict = &failure{"Sandbox.Timedout", fmt.Sprintf("Task timed out after %.2f seconds", limit.Seconds())}
	p.kill(proc)
}

// crash kills the process while it has inv.
func (proc *process) crash(inv *invocation) {
	p := proc.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if proc.current == inv && !proc.retired {
		proc.verdict = &failure{"Runtime.ExitError", "Runtime exited with error: signal: killed"}
		p.kill(proc)
	}
}

// finish takes the current invocation from the process, which asks for the next one.
func (proc *process) finish() (*invocation, *answer) {
	p := proc.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if proc.retired {
		return nil, nil // ended answers
	}
	if !proc.ready {
		proc.ready = true
		proc.initDuration = time.Since(proc.begin)
		if proc.config == p.config {
			p.starting--
		}
	} else if proc.current != nil && proc.answer == nil {
		// A runtime that asks for work without having answered is broken; there is nothing else to tell the caller.
		proc.verdict = &failure{"Runtime.ExitError", "Runtime asked for the next invocation before it answered"}
		p.kill(proc)
		return nil, nil
	}
	proc.timer.Stop()
	proc.deadline = time.Time{}
	inv, a := proc.current, proc.answer
	if inv != nil {
		proc.current = nil
		p.running--
		p.count(a)
	}
	return inv, a
}

// next completes the current invocation and returns the next one if it waits already. If wait is set, proc.work will have it.
func (proc *process) next() (next *invocation, wait bool) {
	inv, a := proc.finish()
	var result *Result
	if inv != nil {
		result = proc.result(inv, a)
		proc.platformReport(inv, result, a.errorType, statusOf(a))
		// The process becomes available first, so that a caller that comes back at once finds it.
		defer func() { inv.done <- outcome{result: result} }()
	}
	p := proc.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case proc.retired:
		return nil, false
	case proc.config != p.config || p.shutErr != nil:
		p.kill(proc)
		p.scale()
		return nil, false
	}
	if next = p.pop(); next != nil {
		p.assign(proc, next)
		return next, false
	}
	p.rest(proc)
	return nil, true
}

// result is the outcome of an invocation with the answer a.
func (proc *process) result(inv *invocation, a *answer) *Result {
	r := &Result{
		Payload: a.payload, FunctionError: a.functionError, RequestID: inv.id, Duration: time.Since(inv.start),
		InitDuration: proc.initDuration, MaxMemoryMB: proc.memory.peakMB(),
	}
	proc.initDuration = 0
	return r
}

// ended takes the process out of its pool and answers the invocation it leaves behind.
func (proc *process) ended(exit *failure) {
	p := proc.pool
	p.mu.Lock()
	delete(p.processes, proc)
	if proc.verdict != nil {
		exit = proc.verdict
	}
	inv, a := p.orphan(proc, exit)
	p.scale()
	p.mu.Unlock()
	switch {
	case inv == nil:
	case a == nil:
		inv.done <- outcome{err: ErrClosed}
	default:
		r := proc.result(inv, a)
		proc.platformFailure(inv, a, exit)
		proc.platformReport(inv, r, a.errorType, statusOf(a))
		inv.done <- outcome{result: r}
	}
}
