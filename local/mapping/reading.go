package mapping

import (
	"context"
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"sync"
)

// readAhead bounds what is held of one shard, in batches for each lane.
const readAhead = 2

// processing is the work on one shard in one session: a reader that feeds the lanes, and ParallelizationFactor lanes that call the
// function.
type processing struct {
	*session
	shard   *shard
	encoder *encoder
	lanes   []*lane
	freed   chan struct{} // signalled when a lane may have come to want records, or there is room for some
}

// runShard processes a shard until its end or until ctx is done, and returns when no invocation is running.
func (s *session) runShard(ctx context.Context, sh *shard) {
	p := &processing{
		session: s, shard: sh, freed: make(chan struct{}, 1),
		encoder: newEncoder(s.m.source.Stream(), s.m.opts.RoleARN, sh.id),
	}
	p.lanes = make([]*lane, s.config.ParallelizationFactor)
	for i := range p.lanes {
		p.lanes[i] = newLane()
	}
	p.distribute(sh.pending())
	var wg sync.WaitGroup
	for _, l := range p.lanes {
		wg.Go(func() { p.runLane(ctx, l) })
	}
	p.read(ctx)
	for _, l := range p.lanes {
		l.close()
	}
	wg.Wait()
	if sh.ended() {
		select {
		case s.ended <- struct{}{}:
		default:
		}
	}
}

// read feeds the lanes until the shard's end or until ctx is done.
func (p *processing) read(ctx context.Context) {
	for failures := 0; !p.shard.exhausted(); {
		limit := p.awaitRoom(ctx)
		if ctx.Err() != nil {
			return
		}
		records, err := p.shard.reader.Next(ctx, limit)
		// Records that came count even if ctx has ended meanwhile: the reader has moved past them.
		if len(records) > 0 {
			failures = 0
			p.m.counts.polled.Add(int64(len(records)))
			p.distribute(p.shard.add(records))
		}
		switch {
		case errors.Is(err, io.EOF):
			p.shard.end()
		case err != nil && ctx.Err() == nil:
			failures++
			p.problem(ctx, "shard not readable", err)
			sleep(ctx, p.m.opts.After, p.m.opts.Backoff(failures))
		}
	}
}

// awaitRoom waits until a lane wants records and there is room for some, and returns for how many. While every lane is busy, records
// wait in the stream and then come as one large batch, instead of one by one.
func (p *processing) awaitRoom(ctx context.Context) int {
	for ctx.Err() == nil {
		records, bytes, _ := p.shard.progress()
		room := readAhead*len(p.lanes)*p.config.BatchSize - records
		if room > 0 && bytes < readAhead*len(p.lanes)*maxEventBytes && slices.ContainsFunc(p.lanes, p.wants) {
			return room
		}
		select {
		case <-p.freed:
		case <-ctx.Done():
		}
	}
	return 0
}

// feed tells the reader that more is wanted.
func (p *processing) feed() {
	select {
	case p.freed <- struct{}{}:
	default:
	}
}

// finish marks records as done, which makes room for others.
func (p *processing) finish(items []*item) {
	p.shard.finish(items)
	p.feed()
}

// distribute filters records and hands them to the lanes by their key, so that each key keeps its order.
func (p *processing) distribute(items []*item) {
	var passed, filtered []*item
	if p.config.filter.empty() {
		passed = items
	} else {
		passed = make([]*item, 0, len(items))
		for _, it := range items {
			if p.config.filter.matches(&it.Record, p.encoder) {
				passed = append(passed, it)
			} else {
				filtered = append(filtered, it)
			}
		}
	}
	if len(filtered) > 0 {
		p.m.counts.filtered.Add(int64(len(filtered)))
		p.finish(filtered)
	}
	if len(p.lanes) == 1 {
		p.lanes[0].push(passed)
		return
	}
	parts := make([][]*item, len(p.lanes))
	for _, it := range passed {
		i := crc32.ChecksumIEEE([]byte(it.Key)) % uint32(len(p.lanes))
		parts[i] = append(parts[i], it)
	}
	for i, part := range parts {
		p.lanes[i].push(part)
	}
}
