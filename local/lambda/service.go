// Package lambda runs functions as Lambda does: real `bootstrap` programs behind the Lambda Runtime API.
//
// Start one with [New], describe functions with [Service.Create], call them with [Service.Invoke], and end everything with
// [Service.Close]:
//
//	service := lambda.New(nil)
//	defer service.Close()
//	err := service.Create(lambda.Function{Name: "hello", ARN: arn, Executable: "/path/to/bootstrap"})
//	result, err := service.Invoke(ctx, "hello", []byte(`{}`), nil)
//
// Each process serves one invocation at a time and talks to a Runtime API of its own on 127.0.0.1. A function gets as many processes
// as its invocations need, up to [Function.Concurrency]; what exceeds that waits its turn. Idle processes are used again, the most
// recently used first, and ended after a while. A process sees Lambda's environment variables, the function's own and nothing else.
//
// Not covered: Lambda's own HTTP API, versions and aliases, asynchronous invocation, response streaming, extensions, layers, and the
// second attempt Lambda makes when a process does not initialise: here the invocation that waits is answered with the error at once.
// Memory and CPU limits are not enforced.
package lambda

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"transactional-outbox/local/awsapi"
)

// MaxPayload is the size limit of requests and responses in bytes (6 MB; Lambda allows responses 100 bytes more).
const (
	MaxPayload  = 6 << 20
	maxResponse = MaxPayload + 100
)

// ErrClosed is returned for invocations that a closing Service did not finish.
var ErrClosed = errors.New("lambda: service closed")

// Options configures [New]. A nil *Options and every zero field work.
type Options struct {
	// Region is the AWS region that functions are told. "" means us-east-1.
	Region string
	// IdleTimeout is how long a process may be idle before it is ended. 0 means five minutes.
	IdleTimeout time.Duration
	// InitTimeout is how long a process may take to ask for its first invocation. 0 means ten seconds, as on Lambda.
	InitTimeout time.Duration
	// MaxWaiting limits the invocations that wait for a process, for each function; one more is throttled. 0 means 1,000, the usual
	// limit of an AWS account's concurrency.
	MaxWaiting int
	// Clock is the current time as functions see it in deadlines and logs. Nil means time.Now. Timeouts always run in real time.
	Clock func() time.Time
	// RequestID returns a new request id. Nil means random UUIDs.
	RequestID func() string
	// Profile, if set, names the file of each process's CPU profile, to functions that can write one: it is Profile, a dot, the
	// function's name, a dot and a number. Such a function finds the name in PROFILE_FILE, and is asked to end (SIGTERM) by Close.
	Profile string
	// Fault, if set, is asked about every invocation when a process takes it, and tells what shall go wrong. It is the seam for fault
	// injection.
	Fault func(function, requestID string) Fault
}

// Stats counts what a function is doing and has done. Throttled invocations are not among the invocations.
type Stats struct {
	Starting, Idle, Running, Waiting               int
	Invocations, Errors, Throttles, Starts, Killed int64
}

// Service runs functions. It is safe for concurrent use.
type Service struct {
	opts   Options
	random *random

	mu        sync.RWMutex
	pools     map[string]*pool // by name and by ARN
	deleted   []*pool          // whose last invocations may still run
	closed    bool
	starter   chan func()
	processes sync.WaitGroup
	close     sync.Once
}

// New returns a Service without functions.
func New(opts *Options) *Service {
	s := &Service{pools: map[string]*pool{}, starter: make(chan func()), random: newRandom()}
	if opts != nil {
		s.opts = *opts
	}
	if s.opts.Region == "" {
		s.opts.Region = "us-east-1"
	}
	if s.opts.IdleTimeout == 0 {
		s.opts.IdleTimeout = 5 * time.Minute
	}
	if s.opts.InitTimeout == 0 {
		s.opts.InitTimeout = 10 * time.Second
	}
	if s.opts.MaxWaiting == 0 {
		s.opts.MaxWaiting = 1000
	}
	if s.opts.Clock == nil {
		s.opts.Clock = time.Now
	}
	if s.opts.RequestID == nil {
		s.opts.RequestID = s.random.uuid
	}
	go runStarter(s.starter)
	return s
}

// Create adds a function. A name that exists is a ResourceConflictException, a configuration that Lambda would refuse an
// InvalidParameterValueException.
func (s *Service) Create(f Function) error {
	if err := f.prepare(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if s.pools[f.Name] != nil || s.pools[f.ARN] != nil {
		return &awsapi.Error{Code: "ResourceConflictException", Message: "Function already exist: " + f.Name, Status: 409}
	}
	p := newPool(s, &f)
	s.pools[f.Name], s.pools[f.ARN] = p, p
	return nil
}

// Update replaces the code and the configuration of a function. Invocations that run finish where they are; those that wait and those
// to come get processes of the new configuration. Nothing is lost. The ARN of a function cannot change.
func (s *Service) Update(f Function) error {
	if err := f.prepare(); err != nil {
		return err
	}
	p, err := s.pool(f.Name)
	if err != nil {
		return err
	}
	return p.update(&f)
}

// Delete removes a function. Invocations that run finish; those that wait fail with ResourceNotFoundException.
func (s *Service) Delete(name string) error {
	p, err := s.pool(name)
	if err != nil {
		return err
	}
	config := p.configuration()
	s.mu.Lock()
	delete(s.pools, config.Name)
	delete(s.pools, config.ARN)
	s.deleted = append(slices.DeleteFunc(s.deleted, (*pool).empty), p)
	s.mu.Unlock()
	p.shut(notFound(config.ARN), false)
	return nil
}

// Function returns the configuration of a function with its defaults filled in.
func (s *Service) Function(name string) (Function, error) {
	p, err := s.pool(name)
	if err != nil {
		return Function{}, err
	}
	return *p.configuration(), nil
}

// Stats returns what a function is doing. A function that does not exist does nothing.
func (s *Service) Stats(name string) Stats {
	p, err := s.pool(name)
	if err != nil {
		return Stats{}
	}
	return p.snapshot()
}

// Close kills every process, fails what runs and waits with [ErrClosed], and returns when nothing is left. It is idempotent.
func (s *Service) Close() error {
	s.mu.Lock()
	s.closed = true
	pools := s.pools
	s.pools = map[string]*pool{}
	deleted := s.deleted
	s.deleted = nil
	s.mu.Unlock()
	for _, p := range pools {
		p.shut(ErrClosed, true)
	}
	for _, p := range deleted {
		p.shut(ErrClosed, true)
	}
	s.processes.Wait()
	s.close.Do(func() { close(s.starter) })
	return nil
}

// pool returns the processes of a function named by its name or ARN.
func (s *Service) pool(name string) (*pool, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, ErrClosed
	}
	p := s.pools[name]
	if p == nil {
		return nil, notFound(name)
	}
	return p, nil
}

func notFound(function string) error {
	return &awsapi.Error{Code: "ResourceNotFoundException", Message: fmt.Sprintf("Function not found: %s", function), Status: 404}
}
