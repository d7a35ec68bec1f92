package mapping_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/mapping"
	"transactional-outbox/local/sqs"
)

const (
	streamARN   = "arn:aws:kinesis:eu-central-1:000000000000:stream/orders"
	queueARN    = "arn:aws:sqs:eu-central-1:000000000000:dead"
	functionARN = "arn:aws:lambda:eu-central-1:000000000000:function:fulfilment"
	roleARN     = "arn:aws:iam::000000000000:role/fulfilment"
)

// stream is a stream in memory whose shards a test opens, fills and closes.
type stream struct {
	mu        sync.Mutex
	about     mapping.Stream
	retention time.Duration
	shards    []*streamShard
	changed   chan struct{}
	sequence  int
	failNext  error // what the next read returns, once
}

type streamShard struct {
	mapping.Shard
	records []mapping.Record
}

func newStream(ids ...string) *stream {
	s := &stream{about: mapping.Stream{ARN: streamARN, Region: "eu-central-1"}, changed: make(chan struct{})}
	for _, id := range ids {
		s.addShard(id)
	}
	return s
}

func (s *stream) update(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *stream) addShard(id string, parents ...string) {
	s.update(func() { s.shards = append(s.shards, &streamShard{Shard: mapping.Shard{ID: id, Parents: parents}}) })
}

func (s *stream) closeShard(id string) { s.update(func() { s.shard(id).Closed = true }) }

func (s *stream) shard(id string) *streamShard {
	i := slices.IndexFunc(s.shards, func(sh *streamShard) bool { return sh.ID == id })
	return s.shards[i]
}

// put writes a record with the partition key k.
func (s *stream) put(id string, data ...string) {
	for _, d := range data {
		s.putKey(id, "k", d)
	}
}

func (s *stream) putKey(id, key, data string) {
	s.update(func() {
		s.sequence++
		sh := s.shard(id)
		sh.records = append(sh.records, mapping.Record{SequenceNumber: fmt.Sprint(1000 + s.sequence), Arrival: time.Now(), Key: key, Data: []byte(data)})
	})
}

func (s *stream) Stream() mapping.Stream { return s.about }

func (s *stream) Retention(context.Context) (time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.retention, nil
}

func (s *stream) Shards(context.Context) ([]mapping.Shard, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []mapping.Shard
	for _, sh := range s.shards {
		out = append(out, sh.Shard)
	}
	return out, nil
}

func (s *stream) Open(_ context.Context, id, position string, at time.Time) (mapping.Reader, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &streamReader{stream: s, shard: s.shard(id)}
	switch position {
	case mapping.Latest:
		r.next = len(r.shard.records)
	case mapping.AtTimestamp:
		for r.next < len(r.shard.records) && r.shard.records[r.next].Arrival.Before(at) {
			r.next++
		}
	}
	return r, nil
}

type streamReader struct {
	stream *stream
	shard  *streamShard
	next   int
}

func (r *streamReader) Next(ctx context.Context, limit int) ([]mapping.Record, error) {
	for {
		r.stream.mu.Lock()
		n := min(limit, len(r.shard.records)-r.next)
		records := slices.Clone(r.shard.records[r.next : r.next+n])
		r.next += n
		closed, changed, fail := r.shard.Closed, r.stream.changed, r.stream.failNext
		r.stream.failNext = nil
		r.stream.mu.Unlock()
		switch {
		case fail != nil:
			r.next -= n
			return nil, fail
		case n > 0:
			return records, nil
		case closed:
			return nil, io.EOF
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// function is a function whose answers a test decides. It keeps what it was called with.
type function struct {
	mu     sync.Mutex
	answer func(call int, batch []string) (*mapping.Response, error)
	calls  []string // the data of each batch, joined
	events []events.KinesisEvent
	times  []time.Time
	active int
	most   int
	hold   chan struct{} // if not nil, invocations wait until it is closed
}

func (f *function) Invoke(_ context.Context, event []byte) (*mapping.Response, error) {
	var e events.KinesisEvent
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, err
	}
	var batch []string
	for _, r := range e.Records {
		batch = append(batch, string(r.Kinesis.Data))
	}
	f.mu.Lock()
	f.calls = append(f.calls, strings.Join(batch, " "))
	f.events = append(f.events, e)
	f.times = append(f.times, time.Now())
	f.active++
	f.most = max(f.most, f.active)
	call, answer, hold := len(f.calls), f.answer, f.hold
	f.mu.Unlock()
	if hold != nil {
		<-hold
	}
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.active--
	}()
	if answer == nil {
		return &mapping.Response{RequestID: fmt.Sprint("request-", call)}, nil
	}
	r, err := answer(call, batch)
	if r != nil && r.RequestID == "" {
		r.RequestID = fmt.Sprint("request-", call)
	}
	return r, err
}

func (f *function) got() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

func (f *function) setAnswer(answer func(call int, batch []string) (*mapping.Response, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

func (f *function) setHold(hold chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hold = hold
}

var (
	errThrottled = &awsapi.Error{Code: "TooManyRequestsException", Status: 429}
	errNetwork   = errors.New("connection refused")
)

func ok() (*mapping.Response, error) { return &mapping.Response{}, nil }

func crash() (*mapping.Response, error) { return &mapping.Response{FunctionError: "Unhandled"}, nil }

// partial reports the sequence numbers of a response as they are given.
func partial(ids ...string) (*mapping.Response, error) {
	r := events.KinesisEventResponse{}
	for _, id := range ids {
		r.BatchItemFailures = append(r.BatchItemFailures, events.KinesisBatchItemFailure{ItemIdentifier: id})
	}
	payload, err := json.Marshal(r)
	return &mapping.Response{Payload: payload}, err
}

// queue keeps the dead letters.
type queue struct {
	mu      sync.Mutex
	fail    int // how many sends still fail
	letters []string
}

func (q *queue) SendMessage(_ context.Context, _ awsapi.Authorizer, in *sqs.SendMessageInput) (*sqs.SendMessageOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.fail > 0 {
		q.fail--
		return nil, errNetwork
	}
	if in.QueueUrl != queueARN {
		return nil, fmt.Errorf("wrong queue %s", in.QueueUrl)
	}
	q.letters = append(q.letters, in.MessageBody)
	return &sqs.SendMessageOutput{}, nil
}

// letter is what tests look at in a dead letter.
type letter struct {
	Condition     string
	InvokeCount   int
	FunctionError any
	Start, End    string
	BatchSize     int
	HasResponse   bool
}

func (q *queue) got(t testing.TB) []letter {
	t.Helper()
	q.mu.Lock()
	defer q.mu.Unlock()
	var out []letter
	for _, text := range q.letters {
		var body struct {
			RequestContext struct {
				Condition              string
				ApproximateInvokeCount int
			}
			ResponseContext  *struct{ FunctionError any }
			KinesisBatchInfo *struct {
				StartSequenceNumber, EndSequenceNumber string
				BatchSize                              int
			}
		}
		if err := json.Unmarshal([]byte(text), &body); err != nil {
			t.Fatalf("dead letter %s: %v", text, err)
		}
		l := letter{Condition: body.RequestContext.Condition, InvokeCount: body.RequestContext.ApproximateInvokeCount}
		if body.ResponseContext != nil {
			l.HasResponse, l.FunctionError = true, body.ResponseContext.FunctionError
		}
		if i := body.KinesisBatchInfo; i != nil {
			l.Start, l.End, l.BatchSize = i.StartSequenceNumber, i.EndSequenceNumber, i.BatchSize
		}
		out = append(out, l)
	}
	return out
}

// bench is a mapping between a stream with one shard s, a function and a queue, in virtual time.
type workbench struct {
	t        *testing.T
	stream   *stream
	function *function
	queue    *queue
	mapping  *mapping.Mapping
	config   mapping.Config
}

// inVirtualTime runs f in a bubble: time passes only when everything waits for it.
func inVirtualTime(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// newWorkbench prepares without starting, so that a test can put records first.
func newWorkbench(t *testing.T, config mapping.Config) *workbench {
	return &workbench{t: t, stream: newStream("s"), function: &function{}, queue: &queue{}, config: config}
}

func (w *workbench) start(changes ...func(*mapping.Options)) {
	w.t.Helper()
	w.startWith(w.function, changes...)
}

// startWith starts with another invoker than w.function.
func (w *workbench) startWith(invoker mapping.Invoker, changes ...func(*mapping.Options)) {
	w.t.Helper()
	opts := &mapping.Options{Config: w.config, UUID: "u-1", FunctionARN: functionARN, RoleARN: roleARN, Queue: w.queue,
		Backoff: func(n int) time.Duration { return time.Duration(n) * time.Second }}
	for _, change := range changes {
		change(opts)
	}
	m, err := mapping.New(w.stream, invoker, opts)
	if err != nil {
		w.t.Fatal(err)
	}
	w.mapping = m
	w.t.Cleanup(func() { m.Close() })
	if err := m.Settled(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// rest waits until nothing moves any more, in no time.
func (w *workbench) rest() { synctest.Wait() }

// pass lets virtual time pass.
func (w *workbench) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (w *workbench) update(change func(*mapping.Config)) {
	w.t.Helper()
	change(&w.config)
	if err := w.mapping.Update(w.config); err != nil {
		w.t.Fatal(err)
	}
}

func ptr[T any](v T) *T { return &v }
