package mapping

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// run is the life of a mapping: one session after the other, each with one configuration.
func (m *Mapping) run(ctx context.Context) {
	defer close(m.done)
	for ctx.Err() == nil {
		m.mu.Lock()
		config := m.config
		m.mu.Unlock()
		if config.Disabled {
			m.settle(config, Disabled)
			m.awaitUpdate(ctx, config)
			continue
		}
		s := &session{m: m, config: config, running: map[string]bool{}, ended: make(chan struct{}, 1)}
		sctx, cancel := context.WithCancel(ctx)
		var wg sync.WaitGroup
		wg.Go(func() { s.run(sctx) })
		m.awaitUpdate(ctx, config)
		cancel()
		wg.Wait()
	}
}

// settle sets the state, unless a newer configuration waits already.
func (m *Mapping) settle(config *compiled, state State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.config == config && m.state != state {
		m.state = state
		m.signal()
	}
}

// awaitUpdate returns when config is no longer the configuration, or when ctx is done.
func (m *Mapping) awaitUpdate(ctx context.Context, config *compiled) {
	for {
		m.mu.Lock()
		same, changed := m.config == config, m.changed
		m.mu.Unlock()
		if !same {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

func (m *Mapping) setResult(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.result = text
}

// discoverEvery bounds how long a shard can go unnoticed that was not listed yet when its parent had ended.
const discoverEvery = time.Minute

// session is the time between two updates.
type session struct {
	m         *Mapping
	config    *compiled
	running   map[string]bool // shards that have been started in this session
	ended     chan struct{}   // signalled when a shard has been read and processed to its end
	retention atomic.Int64    // of the stream, as it was when last asked for
}

// run finds the shards that may be processed, starts them, and looks again whenever one has come to its end. It returns when ctx is
// done and everything it started has stopped.
func (s *session) run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for failures := 0; ctx.Err() == nil; {
		ready, err := s.discover(ctx)
		for _, sh := range ready {
			s.running[sh.id] = true
			wg.Go(func() { s.runShard(ctx, sh) })
		}
		if err != nil {
			failures++
			s.problem(ctx, "stream not readable", err)
			sleep(ctx, s.m.opts.After, s.m.opts.Backoff(failures))
			continue
		}
		failures = 0
		s.m.settle(s.config, Enabled)
		select {
		case <-s.ended:
		case <-s.m.opts.After(discoverEvery):
		case <-ctx.Done():
		}
	}
}

func (s *session) problem(ctx context.Context, message string, err error) {
	if ctx.Err() == nil {
		s.m.setResult("PROBLEM: " + err.Error())
		s.m.opts.Logger.WarnContext(ctx, message, "mapping", s.m.opts.UUID, "stream", s.m.source.Stream().ARN, "error", err)
	}
}

// discover returns the shards that are not running and whose parents are finished, with their readers open.
func (s *session) discover(ctx context.Context) ([]*shard, error) {
	retention, err := s.m.source.Retention(ctx)
	if err != nil {
		return nil, err
	}
	s.retention.Store(int64(retention))
	listed, err := s.m.source.Shards(ctx)
	if err != nil {
		return nil, err
	}
	var ready []*shard
	for _, sh := range s.m.remember(listed) {
		if s.running[sh.id] {
			continue
		}
		if sh.reader == nil {
			if sh.reader, err = s.m.source.Open(ctx, sh.id, sh.position, sh.at); err != nil {
				return ready, err
			}
		}
		ready = append(ready, sh)
	}
	return ready, nil
}

// remember brings the mapping's shards up to date with those listed, and returns those that may be processed. The starting position is
// for the shards that are there at first; shards that appear later are read from their beginning, as they continue others.
func (m *Mapping) remember(listed []Shard) []*shard {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range listed {
		if m.shards[l.ID] != nil {
			continue
		}
		sh := newShard(l.ID, l.Parents)
		m.shards[l.ID] = sh
		if m.discovered {
			sh.position = TrimHorizon
			continue
		}
		sh.position, sh.at = m.opts.StartingPosition, m.opts.StartingPositionTimestamp
		sh.atEnd = l.Closed && sh.position == Latest
	}
	m.discovered = true
	for id, sh := range m.shards {
		forgotten := !slices.ContainsFunc(listed, func(l Shard) bool { return l.ID == id })
		if forgotten && sh.ended() {
			delete(m.shards, id)
		}
	}
	var ready []*shard
	for _, sh := range m.shards {
		blocked := slices.ContainsFunc(sh.parents, func(parent string) bool {
			p := m.shards[parent]
			return p != nil && !p.ended()
		})
		if !blocked && !sh.ended() {
			ready = append(ready, sh)
		}
	}
	slices.SortFunc(ready, func(a, b *shard) int { return strings.Compare(a.id, b.id) })
	return ready
}
