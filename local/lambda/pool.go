package lambda

import (
	"container/list"
	"slices"
	"sync"
	"time"

	"transactional-outbox/local/awsapi"
)

// pool is one function at work: its processes and the invocations that wait for one.
type pool struct {
	service *Service

	mu          sync.Mutex
	config      *Function // processes with another one are of an earlier configuration
	permissions []Permission
	shutErr     error // why nothing is accepted any more
	idle        []*process
	processes   map[*process]struct{} // until they have ended
	live        int                   // processes that were not killed
	starting    int                   // live processes of config that have not asked for work yet
	running     int
	waiting     list.List // of *invocation
	janitor     *time.Timer
	stats       Stats
}

func newPool(s *Service, f *Function) *pool {
	return &pool{service: s, config: f, processes: map[*process]struct{}{}}
}

func (p *pool) configuration() *Function {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.config
}

func (p *pool) snapshot() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	st := p.stats
	st.Starting, st.Idle, st.Running, st.Waiting = p.starting, len(p.idle), p.running, p.waiting.Len()
	return st
}

// empty tells whether every process has ended.
func (p *pool) empty() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.processes) == 0
}

// accept hands inv to an idle process, the most recently used one, or lets it wait.
func (p *pool) accept(inv *invocation) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shutErr != nil {
		return p.shutErr
	}
	if r := p.config.ReservedConcurrency; r != nil && p.running+p.waiting.Len() >= *r {
		return p.throttle("ReservedFunctionConcurrentInvocationLimitExceeded")
	}
	if n := len(p.idle); n > 0 {
		proc := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.assign(proc, inv)
		proc.work <- inv // has room: the process waits for exactly one
		return nil
	}
	if p.waiting.Len() >= p.service.opts.MaxWaiting {
		return p.throttle("ConcurrentInvocationLimitExceeded")
	}
	inv.place = p.waiting.PushBack(inv)
	p.scale()
	return nil
}

func (p *pool) throttle(reason string) error {
	p.stats.Throttles++
	return &awsapi.Error{Code: "TooManyRequestsException", Message: "Rate Exceeded.", Status: 429,
		Fields: map[string]any{"Reason": reason, "Type": "User"}}
}

// abandon lets an invocation go on without a receiver; one that waits is dropped. Its payload is not used when abandon returns.
func (p *pool) abandon(inv *invocation) {
	p.mu.Lock()
	if inv.place != nil {
		p.waiting.Remove(inv.place)
		inv.place = nil
		p.mu.Unlock()
		return
	}
	if inv.delivered {
		p.mu.Unlock()
		return
	}
	delivery := inv.delivery()
	p.mu.Unlock()
	select {
	case <-delivery:
	case <-inv.done:
	}
}

// delivery returns what is closed when the process has the payload, which it does not have yet. The caller holds the mutex.
func (inv *invocation) delivery() <-chan struct{} {
	if inv.notify == nil {
		inv.notify = make(chan struct{})
	}
	return inv.notify
}

// deliver notes that the process has the payload.
func (p *pool) deliver(inv *invocation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	inv.delivered = true
	inv.payload = nil
	if inv.notify != nil {
		close(inv.notify)
	}
}

// assign gives inv to proc. The caller holds the mutex.
func (p *pool) assign(proc *process, inv *invocation) {
	inv.start = time.Now()
	proc.current, proc.answer, proc.verdict = inv, nil, nil
	proc.deadline = inv.start.Add(proc.config.Timeout)
	proc.timer.Reset(proc.config.Timeout)
	p.running++
	p.stats.Invocations++
}

// pop takes the invocation that has waited longest. The caller holds the mutex.
func (p *pool) pop() *invocation {
	front := p.waiting.Front()
	if front == nil {
		return nil
	}
	inv := p.waiting.Remove(front).(*invocation)
	inv.place = nil
	return inv
}

// scale starts processes for the invocations that wait. The caller holds the mutex.
func (p *pool) scale() {
	for p.shutErr == nil && p.starting < p.waiting.Len() && p.live < p.config.Concurrency {
		p.starting++
		p.live++
		p.stats.Starts++
		proc := newProcess(p, p.config)
		p.processes[proc] = struct{}{}
		p.service.processes.Go(proc.run)
	}
}

// retire takes a process that was killed or has ended out of everything that counts on it. The caller holds the mutex.
func (p *pool) retire(proc *process) {
	if proc.retired {
		return
	}
	proc.retired = true
	p.live--
	if !proc.ready && proc.config == p.config {
		p.starting--
	}
	if i := slices.Index(p.idle, proc); i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
	}
	close(proc.gone)
}

// kill ends proc. The caller holds the mutex.
func (p *pool) kill(proc *process) {
	if proc.retired {
		return
	}
	p.retire(proc)
	proc.killed = true
	p.stats.Killed++
	proc.signal()
}

// orphan returns the invocation that has lost its process, if there is one, and what to answer: nil if the service was closed. A
// process that did not get as far as asking for work fails the invocation that has waited longest. The caller holds the mutex.
func (p *pool) orphan(proc *process, exit *failure) (*invocation, *answer) {
	inv := proc.current
	proc.current = nil
	if inv == nil {
		if proc.ready || (proc.killed && proc.verdict == nil) {
			return nil, nil // nobody's loss
		}
		if inv = p.pop(); inv == nil {
			return nil, nil
		}
		p.stats.Invocations++
		inv.start = proc.begin
		a := &answer{payload: exit.payload(inv.id), functionError: unhandled, errorType: exit.errorType, failure: exit}
		if proc.initError != nil && proc.verdict == nil {
			a.payload, a.errorType = proc.initError, errorType(proc.initError)
		}
		p.count(a)
		return inv, a
	}
	p.running--
	switch {
	case proc.closing:
		return inv, nil
	case proc.verdict == nil && proc.answer != nil:
		p.count(proc.answer)
		return inv, proc.answer
	case proc.verdict == nil && !inv.delivered && p.shutErr == nil:
		// The process ended while it was idle and nobody had noticed yet: another one does the work.
		p.stats.Invocations--
		inv.place = p.waiting.PushFront(inv)
		return nil, nil
	}
	a := &answer{payload: exit.payload(inv.id), functionError: unhandled, errorType: exit.errorType, failure: exit}
	p.count(a)
	return inv, a
}

// count notes the answer to an invocation. The caller holds the mutex.
func (p *pool) count(a *answer) {
	if a.functionError != "" {
		p.stats.Errors++
	}
}

// update makes f the configuration and ends the idle and starting processes of the earlier one.
func (p *pool) update(f *Function) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shutErr != nil {
		return p.shutErr
	}
	if f.ARN != p.config.ARN {
		return invalid("Function.ARN of " + f.Name + " cannot change")
	}
	for proc := range p.processes {
		if proc.current == nil {
			p.kill(proc)
		}
	}
	p.config = f
	p.scale()
	return nil
}

// shut refuses new invocations and fails the waiting ones with err; running ones only if all processes shall be killed.
func (p *pool) shut(err error, all bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shutErr = err
	for inv := p.pop(); inv != nil; inv = p.pop() {
		inv.done <- outcome{err: err}
	}
	for proc := range p.processes {
		if all {
			proc.closing = true
		}
		if all || proc.current == nil {
			p.kill(proc)
		}
	}
	if p.janitor != nil {
		p.janitor.Stop()
	}
}

// rest puts proc to the idle ones. The caller holds the mutex.
func (p *pool) rest(proc *process) {
	proc.idleSince = time.Now()
	p.idle = append(p.idle, proc)
	if p.janitor == nil {
		p.janitor = time.AfterFunc(p.service.opts.IdleTimeout, p.tidy)
	} else if len(p.idle) == 1 {
		p.janitor.Reset(p.service.opts.IdleTimeout)
	}
}

// tidy ends the processes that have been idle for too long.
func (p *pool) tidy() {
	p.mu.Lock()
	defer p.mu.Unlock()
	// The stack is used from its top, so its bottom has been idle longest.
	for len(p.idle) > 0 {
		left := time.Until(p.idle[0].idleSince.Add(p.service.opts.IdleTimeout))
		if left > 0 {
			p.janitor.Reset(left)
			return
		}
		p.kill(p.idle[0])
	}
}
