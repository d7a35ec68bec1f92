package kinesis_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/kinesis"
)

// clock is a clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// engine is an engine whose wire calls are short to write.
type engine struct {
	*kinesis.Engine
	testing.TB
}

func newEngine(tb testing.TB, opts *kinesis.Options) engine { return engine{kinesis.New(opts), tb} }

// do calls an operation that must succeed, and returns the answer.
func (e engine) do(operation, request string) string {
	e.Helper()
	response, err := e.Call(e.Context(), nil, operation, []byte(request))
	if err != nil {
		e.Fatalf("%s %s: %v", operation, request, err)
	}
	return string(response)
}

// refuse calls an operation that must fail, and returns the error.
func (e engine) refuse(operation, request string) string {
	e.Helper()
	response, err := e.Call(e.Context(), nil, operation, []byte(request))
	if err == nil {
		e.Fatalf("%s %s = %s, want an error", operation, request, response)
	}
	return err.Error()
}

// create makes a stream of n shards named s.
func (e engine) create(shards string) engine {
	e.Helper()
	e.do("CreateStream", `{"StreamName":"s","ShardCount":`+shards+`}`)
	return e
}

func decode[T any](tb testing.TB, text string) T {
	tb.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		tb.Fatalf("decode %s: %v", text, err)
	}
	return v
}

func (e engine) put(key, data string) kinesis.PutRecordsResult {
	e.Helper()
	out, err := e.PutRecords(e.Context(), nil, &kinesis.PutRecordsInput{StreamName: "s",
		Records: []kinesis.PutRecordsEntry{{PartitionKey: key, Data: []byte(data)}}})
	if err != nil {
		e.Fatal(err)
	}
	return out.Records[0]
}

func (e engine) iterator(in kinesis.GetShardIteratorInput) string {
	e.Helper()
	in.StreamName = "s"
	if in.ShardId == "" {
		in.ShardId = "shardId-000000000000"
	}
	out, err := e.GetShardIterator(e.Context(), nil, &in)
	if err != nil {
		e.Fatal(err)
	}
	return out.ShardIterator
}

func (e engine) get(iterator string) *kinesis.GetRecordsOutput {
	e.Helper()
	out, err := e.GetRecords(e.Context(), nil, &kinesis.GetRecordsInput{ShardIterator: iterator})
	if err != nil {
		e.Fatal(err)
	}
	return out
}

func payloads(out *kinesis.GetRecordsOutput) string {
	var all []string
	for _, r := range out.Records {
		all = append(all, string(r.Data))
	}
	return strings.Join(all, " ")
}

func TestIteratorTypes(t *testing.T) {
	c := newClock()
	e := newEngine(t, &kinesis.Options{Clock: c.Now}).create("1")
	e.put("k", "a")
	c.Advance(time.Minute)
	middle := c.Now()
	b := e.put("k", "b")
	c.Advance(time.Minute)
	e.put("k", "c")
	tests := []struct {
		name string
		in   kinesis.GetShardIteratorInput
		want string
	}{
		{"trim horizon", kinesis.GetShardIteratorInput{ShardIteratorType: "TRIM_HORIZON"}, "a b c"},
		{"latest", kinesis.GetShardIteratorInput{ShardIteratorType: "LATEST"}, ""},
		{"at sequence number", kinesis.GetShardIteratorInput{ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: b.SequenceNumber}, "b c"},
		{"after sequence number", kinesis.GetShardIteratorInput{ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: b.SequenceNumber}, "c"},
		{"at timestamp", kinesis.GetShardIteratorInput{ShardIteratorType: "AT_TIMESTAMP", Timestamp: &kinesis.Timestamp{Time: middle}}, "b c"},
		{"at the present", kinesis.GetShardIteratorInput{ShardIteratorType: "AT_TIMESTAMP", Timestamp: &kinesis.Timestamp{Time: c.Now()}}, "c"},
		{"short shard id", kinesis.GetShardIteratorInput{ShardId: "0", ShardIteratorType: "TRIM_HORIZON"}, "a b c"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := payloads(e.get(e.iterator(tt.in))); got != tt.want {
				t.Errorf("records = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestReadingGoesOnWhereItStopped(t *testing.T) {
	c := newClock()
	e := newEngine(t, &kinesis.Options{Clock: c.Now}).create("1")
	for _, data := range []string{"a", "b", "c"} {
		e.put("k", data)
	}
	c.Advance(1500 * time.Millisecond)
	one := 1
	first, err := e.GetRecords(t.Context(), nil, &kinesis.GetRecordsInput{ShardIterator: e.iterator(kinesis.GetShardIteratorInput{ShardIteratorType: "TRIM_HORIZON"}), Limit: &one})
	if err != nil {
		t.Fatal(err)
	}
	rest := e.get(first.NextShardIterator)
	if payloads(first) != "a" || first.MillisBehindLatest != 1500 || payloads(rest) != "b c" || rest.MillisBehindLatest != 0 {
		t.Errorf("read %q (%d ms behind), then %q (%d ms behind)", payloads(first), first.MillisBehindLatest, payloads(rest), rest.MillisBehindLatest)
	}
	e.put("k", "d")
	if got := payloads(e.get(rest.NextShardIterator)); got != "d" {
		t.Errorf("then %q, want d", got)
	}
}

func TestWireFormOfRecords(t *testing.T) {
	c := newClock()
	e := newEngine(t, &kinesis.Options{Clock: c.Now}).create("1")
	put := decode[kinesis.PutRecordsResult](t, e.do("PutRecord", `{"StreamName":"s","PartitionKey":"k","Data":"aGk="}`))
	if len(put.SequenceNumber) != 56 || !strings.HasPrefix(put.SequenceNumber, "49") {
		t.Errorf("sequence number %s is not 56 digits beginning with 49", put.SequenceNumber)
	}
	c.Advance(250 * time.Millisecond)
	got := e.do("GetRecords", `{"ShardIterator":"`+e.iterator(kinesis.GetShardIteratorInput{ShardIteratorType: "TRIM_HORIZON"})+`"}`)
	next := decode[kinesis.GetRecordsOutput](t, got).NextShardIterator
	want := `{"Records":[{"SequenceNumber":"` + put.SequenceNumber + `","ApproximateArrivalTimestamp":1795521600,"Data":"aGk=","PartitionKey":"k"}],` +
		`"NextShardIterator":"` + next + `","MillisBehindLatest":0}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func TestIteratorsExpireAfterFiveMinutes(t *testing.T) {
	c := newClock()
	e := newEngine(t, &kinesis.Options{Clock: c.Now}).create("1")
	it := e.iterator(kinesis.GetShardIteratorInput{ShardIteratorType: "LATEST"})
	c.Advance(5 * time.Minute)
	e.get(it)
	c.Advance(time.Second)
	want := "ExpiredIteratorException: Iterator expired. The iterator was created at time Tue Nov 24 12:00:00 UTC 2026 while right now it is " +
		"Tue Nov 24 12:05:01 UTC 2026 which is further in the future than the tolerated delay of 300000 milliseconds."
	if diff := cmp.Diff(want, e.refuse("GetRecords", `{"ShardIterator":"`+it+`"}`)); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

func TestRecordsExpireByTheClock(t *testing.T) {
	c := newClock()
	e := newEngine(t, &kinesis.Options{Clock: c.Now}).create("1")
	horizon := func() string {
		return payloads(e.get(e.iterator(kinesis.GetShardIteratorInput{ShardIteratorType: "TRIM_HORIZON"})))
	}
	e.put("k", "a")
	c.Advance(23 * time.Hour)
	e.put("k", "b")
	c.Advance(time.Hour + time.Second)
	if got := horizon(); got != "b" {
		t.Errorf("after a day: %q, want b", got)
	}
	e.do("IncreaseStreamRetentionPeriod", `{"StreamName":"s","RetentionPeriodHours":48}`)
	c.Advance(24 * time.Hour)
	if got := horizon(); got != "b" {
		t.Errorf("with two days of retention: %q, want b", got)
	}
	e.do("DecreaseStreamRetentionPeriod", `{"StreamName":"s","RetentionPeriodHours":24}`)
	if got := horizon(); got != "" {
		t.Errorf("with one day again: %q, want none", got)
	}
}

func TestIteratorsSurviveTheExpiryOfWhatTheyPointTo(t *testing.T) {
	c := newClock()
	e := newEngine(t, &kinesis.Options{Clock: c.Now}).create("1")
	in := &kinesis.PutRecordsInput{StreamName: "s"}
	for i := range 500 {
		in.Records = append(in.Records, kinesis.PutRecordsEntry{PartitionKey: "k", Data: []byte{byte(i)}})
	}
	for range 6 {
		if _, err := e.PutRecords(t.Context(), nil, in); err != nil {
			t.Fatal(err)
		}
		c.Advance(6 * time.Hour)
	}
	// Of 3,000 records, those of the first 12 hours are over: 36 hours have passed.
	it := e.iterator(kinesis.GetShardIteratorInput{ShardIteratorType: "TRIM_HORIZON"})
	if got := len(e.get(it).Records); got != 2000 {
		t.Errorf("%d records are left, want 2000", got)
	}
	c.Advance(time.Minute)
	if got := len(e.get(it).Records); got != 1500 {
		t.Errorf("an older iterator reads %d records, want 1500", got)
	}
}

func TestOnDemandStreamsBeginWithFourShards(t *testing.T) {
	e := newEngine(t, nil)
	e.do("CreateStream", `{"StreamName":"s","StreamModeDetails":{"StreamMode":"ON_DEMAND"}}`)
	got := decode[kinesis.ListShardsOutput](t, e.do("ListShards", `{"StreamName":"s"}`))
	var ranges []kinesis.HashKeyRange
	for _, sh := range got.Shards {
		ranges = append(ranges, sh.HashKeyRange)
	}
	want := []kinesis.HashKeyRange{
		{StartingHashKey: "0", EndingHashKey: "85070591730234615865843651857942052863"},
		{StartingHashKey: "85070591730234615865843651857942052864", EndingHashKey: "170141183460469231731687303715884105727"},
		{StartingHashKey: "170141183460469231731687303715884105728", EndingHashKey: "255211775190703847597530955573826158591"},
		{StartingHashKey: "255211775190703847597530955573826158592", EndingHashKey: "340282366920938463463374607431768211455"},
	}
	if diff := cmp.Diff(want, ranges); diff != "" {
		t.Errorf("ranges (-want +got):\n%s", diff)
	}
}

func TestWriteLimits(t *testing.T) {
	c := newClock()
	e := newEngine(t, &kinesis.Options{Clock: c.Now, Limits: true}).create("1")
	in := &kinesis.PutRecordsInput{StreamName: "s"}
	for range 500 {
		in.Records = append(in.Records, kinesis.PutRecordsEntry{PartitionKey: "k", Data: []byte("x")})
	}
	for i, failed := range []int{0, 0, 500} {
		out, err := e.PutRecords(t.Context(), nil, in)
		if err != nil {
			t.Fatal(err)
		}
		if out.FailedRecordCount != failed {
			t.Errorf("call %d: %d records failed, want %d", i, out.FailedRecordCount, failed)
		}
		if failed > 0 {
			want := kinesis.PutRecordsResult{ErrorCode: "ProvisionedThroughputExceededException",
				ErrorMessage: "Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000."}
			if diff := cmp.Diff(want, out.Records[0]); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
		}
	}
	if got := e.refuse("PutRecord", `{"StreamName":"s","PartitionKey":"k","Data":""}`); !strings.HasPrefix(got, "ProvisionedThroughputExceededException: Rate exceeded") {
		t.Errorf("PutRecord: %s", got)
	}
	c.Advance(time.Second)
	e.put("k", "again")
}

func TestReadLimits(t *testing.T) {
	c := newClock()
	e := newEngine(t, &kinesis.Options{Clock: c.Now, Limits: true}).create("1")
	iterator := func() string {
		t.Helper()
		out, err := e.GetShardIterator(t.Context(), nil, &kinesis.GetShardIteratorInput{StreamName: "s", ShardId: "shardId-000000000000", ShardIteratorType: "TRIM_HORIZON"})
		if err != nil {
			t.Fatal(err)
		}
		return out.ShardIterator
	}
	read := func() (int, error) {
		out, err := e.GetRecords(t.Context(), nil, &kinesis.GetRecordsInput{ShardIterator: iterator()})
		if err != nil {
			return 0, err
		}
		return len(out.Records), nil
	}
	const refused = "ProvisionedThroughputExceededException: Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000."
	for range 5 {
		if _, err := read(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := read(); err == nil || err.Error() != refused {
		t.Errorf("the sixth read of a second: %v\nwant %s", err, refused)
	}
	// Five records of 900 KB are read at once, and take what the next two seconds would have given.
	for range 5 {
		c.Advance(time.Second)
		e.put("k", strings.Repeat("x", 900<<10))
	}
	if n, err := read(); n != 5 || err != nil {
		t.Fatalf("%d records, %v, want 5", n, err)
	}
	for _, after := range []time.Duration{0, time.Second, time.Second} {
		c.Advance(after)
		if _, err := read(); err == nil || err.Error() != refused {
			t.Errorf("read after too large a one: %v\nwant %s", err, refused)
		}
	}
	c.Advance(time.Second)
	if n, err := read(); n != 5 || err != nil {
		t.Errorf("%d records, %v, want 5", n, err)
	}
	if got := e.RefusedReads("s"); got != 4 {
		t.Errorf("%d reads refused, want 4", got)
	}
	if got := e.RefusedReads("none"); got != 0 {
		t.Errorf("%d reads of no stream refused", got)
	}
}
