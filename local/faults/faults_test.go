package faults_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb"
	"transactional-outbox/local/faults"
	"transactional-outbox/local/kinesis"
	"transactional-outbox/local/lambda"
)

const streamARN = "arn:aws:kinesis:eu-west-1:000000000000:stream/events"

// everyone may do everything, but is not the desk's owner.
func everyone(string, string) error { return nil }

func newStream(t *testing.T) *kinesis.Engine {
	t.Helper()
	engine := kinesis.New(&kinesis.Options{Region: "eu-west-1", Account: "000000000000"})
	if _, err := engine.Call(t.Context(), nil, "CreateStream", []byte(`{"StreamName":"events","ShardCount":2}`)); err != nil {
		t.Fatal(err)
	}
	return engine
}

// entries are records named by number.
func entries(from, n int) []faults.Entry {
	out := make([]faults.Entry, n)
	for i := range out {
		out[i] = faults.Entry{Data: fmt.Appendf(nil, "%d", from+i), PartitionKey: fmt.Sprint(from + i)}
	}
	return out
}

// names tells what has come out of a hook, batch by batch.
func names(batches [][]faults.Entry) []string {
	var out []string
	for _, batch := range batches {
		for _, entry := range batch {
			out = append(out, string(entry.Data))
		}
	}
	return out
}

// stored counts how often each record is on the stream.
func stored(t *testing.T, engine *kinesis.Engine) map[string]int {
	t.Helper()
	found := map[string]int{}
	shards, err := engine.ListShards(t.Context(), nil, &kinesis.ListShardsInput{StreamARN: streamARN})
	if err != nil {
		t.Fatal(err)
	}
	for _, shard := range shards.Shards {
		at, err := engine.GetShardIterator(t.Context(), nil, &kinesis.GetShardIteratorInput{StreamARN: streamARN, ShardId: shard.ShardId, ShardIteratorType: "TRIM_HORIZON"})
		if err != nil {
			t.Fatal(err)
		}
		out, err := engine.GetRecords(t.Context(), nil, &kinesis.GetRecordsInput{ShardIterator: at.ShardIterator})
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range out.Records {
			found[string(record.Data)]++
		}
	}
	return found
}

func TestCalmMixDisturbsNothing(t *testing.T) {
	i := faults.New(faults.Mix{}, 1, nil)
	defer i.Close()
	if i.Chaos(newStream(t), streamARN) != nil {
		t.Error("a calm injector has a hook for streams")
	}
	engine := dynamodb.New(nil)
	defer engine.Close()
	if i.Tables(engine) != awsapi.Service(engine) {
		t.Error("a calm injector stands before DynamoDB")
	}
	for range 1000 {
		if fault := i.Kill("f", "r"); fault != (lambda.Fault{}) {
			t.Fatalf("fault %+v", fault)
		}
	}
	if got := i.Counts(); got != (faults.Counts{}) {
		t.Errorf("counts %+v", got)
	}
}

// TestSeedDecidesTheFateOfEachRecord: whatever the batches, and whatever else goes wrong.
func TestSeedDecidesTheFateOfEachRecord(t *testing.T) {
	fate := func(seed uint64, mix faults.Mix, sizes ...int) map[string]int {
		i := faults.New(mix, seed, nil)
		defer i.Close()
		hook := i.Chaos(newStream(t), streamARN)
		times, from := map[string]int{}, 0
		for _, n := range sizes {
			for _, name := range names(hook(t.Context(), entries(from, n))) {
				times[name]++
			}
			from += n
		}
		return times
	}
	mix := faults.Mix{Duplicate: 0.2, Lose: 0.2}
	want := fate(7, mix, 1000)
	if diff := cmp.Diff(want, fate(7, mix, 1, 10, 489, 500)); diff != "" {
		t.Errorf("other batches, another fate (-want +got):\n%s", diff)
	}
	if cmp.Equal(want, fate(8, mix, 1000)) {
		t.Error("another seed, the same fate")
	}
	lossy := fate(7, faults.Mix{Lose: 0.2}, 1000)
	for n := range 1000 {
		if name := fmt.Sprint(n); (want[name] == 0) != (lossy[name] == 0) {
			t.Fatalf("record %d is lost in one mix only", n)
		}
	}
	doubled := 0
	for _, n := range want {
		if n == 2 {
			doubled++
		}
	}
	if lost := 1000 - len(want); lost < 150 || lost > 250 || doubled < 100 || doubled > 220 {
		t.Errorf("of 1000 records %d are lost and %d doubled, want about 200 and 160", lost, doubled)
	}
}

func TestReorderedRecordsAllArrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := newStream(t)
		i := faults.New(faults.Mix{Reorder: 0.5, Delay: 10 * time.Millisecond}, 3, nil)
		defer i.Close()
		hook := i.Chaos(engine, streamARN)
		var seen []string
		for from := 0; from < 300; from += 100 {
			seen = append(seen, names(hook(t.Context(), entries(from, 100)))...)
		}
		if len(seen) == 300 {
			t.Error("no record waits for the batch after its own")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		late := stored(t, engine)
		for _, name := range seen {
			late[name]++
		}
		for n := range 300 {
			if late[fmt.Sprint(n)] != 1 {
				t.Errorf("record %d arrived %d times", n, late[fmt.Sprint(n)])
			}
		}
		sorted := true
		for k := 1; k < len(seen); k++ {
			sorted = sorted && seen[k-1] < seen[k]
		}
		if got := i.Counts(); sorted || got.Reordered < 100 || got.Reordered > 200 || got.Delayed != 300 {
			t.Errorf("in order: %v, counts %+v; want about 150 of 300 reordered", sorted, got)
		}
	})
}

func TestShardsSplitAsRecordsPass(t *testing.T) {
	engine := newStream(t)
	i := faults.New(faults.Mix{Reshard: 3}, 5, nil)
	defer i.Close()
	hook := i.Chaos(engine, streamARN)
	for from := 0; from < 10_000; from += 100 {
		if got := len(names(hook(t.Context(), entries(from, 100)))); got != 100 {
			t.Fatalf("%d of 100 records left", got)
		}
	}
	shards, err := engine.ListShards(t.Context(), nil, &kinesis.ListShardsInput{StreamARN: streamARN})
	if err != nil {
		t.Fatal(err)
	}
	if len(shards.Shards) != 2+2*3 || i.Counts().Splits != 3 {
		t.Errorf("%d shards after %d splits, want 8 after 3", len(shards.Shards), i.Counts().Splits)
	}
}

func TestProcessesAreKilledAtEveryMoment(t *testing.T) {
	i := faults.New(faults.Mix{Crash: 0.3}, 9, nil)
	defer i.Close()
	for range 10_000 {
		if fault := i.Kill("f", "r"); fault.Kill == lambda.During && (fault.Delay < 200*time.Microsecond || fault.Delay > 70*time.Millisecond) {
			t.Fatalf("killed after %v", fault.Delay)
		}
	}
	for name, n := range map[string]int64{"before": i.Counts().CrashedBefore, "during": i.Counts().CrashedDuring, "after": i.Counts().CrashedAfter} {
		if n < 850 || n > 1150 {
			t.Errorf("%d of 10000 are killed %s, want about 1000", n, name)
		}
	}
}

// table counts what reaches DynamoDB.
type table struct{ calls int }

func (s *table) Call(context.Context, awsapi.Authorizer, string, []byte) ([]byte, error) {
	s.calls++
	return []byte(`{}`), nil
}

func TestFunctionsCallsAreDisturbedAndTheOwnersAreNot(t *testing.T) {
	i := faults.New(faults.Mix{Throttle: 0.2, Timeout: 0.1}, 11, nil)
	defer i.Close()
	under := &table{}
	service := i.Tables(under)
	for range 1000 {
		if _, err := service.Call(t.Context(), nil, "PutItem", nil); err != nil {
			t.Fatalf("the owner got %v", err)
		}
	}
	under.calls = 0
	codes := map[string]int{}
	transaction := []byte(`{"TransactItems":[{"Put":{}},{"Put":{}}]}`)
	for range 1000 {
		for _, operation := range []string{"GetItem", "UpdateItem", "TransactWriteItems"} {
			_, err := service.Call(t.Context(), everyone, operation, transaction)
			known, ok := errors.AsType[*awsapi.Error](err)
			switch {
			case ok:
				codes[operation+" "+known.Code]++
				if known.Code == "TransactionCanceledException" && !strings.HasSuffix(known.Message, "[None, TransactionConflict]") && !strings.HasSuffix(known.Message, "[TransactionConflict, None]") {
					t.Fatalf("message %q is not about two items", known.Message)
				}
			case errors.Is(err, awsapi.ErrNoAnswer):
				codes[operation]++
			}
		}
	}
	refused := 0
	for name, about := range map[string]int{
		"GetItem ProvisionedThroughputExceededException": 200, "UpdateItem ProvisionedThroughputExceededException": 100,
		"UpdateItem TransactionConflictException": 100, "TransactWriteItems ProvisionedThroughputExceededException": 100,
		"TransactWriteItems TransactionCanceledException": 100, "GetItem": 80, "UpdateItem": 80, "TransactWriteItems": 80,
	} {
		if n := codes[name]; n < about*6/10 || n > about*14/10 {
			t.Errorf("%s: %d of 1000, want about %d", name, n, about)
		}
		if strings.Contains(name, " ") {
			refused += codes[name]
		}
	}
	if under.calls != 3000-refused {
		t.Errorf("%d calls took effect, want all but the %d refused ones of 3000", under.calls, refused)
	}
}

func TestFailuresLeaveOpenWhetherTheCallTookEffect(t *testing.T) {
	i := faults.New(faults.Mix{Fail: 1}, 12, nil)
	defer i.Close()
	under := &table{}
	service := i.Tables(under)
	for range 1000 {
		_, err := service.Call(t.Context(), everyone, "UpdateItem", nil)
		if known, ok := errors.AsType[*awsapi.Error](err); !ok || known.Code != "InternalServerError" || known.Status != 500 {
			t.Fatalf("error %v, want InternalServerError with status 500", err)
		}
	}
	if under.calls < 400 || under.calls > 600 {
		t.Errorf("%d of 1000 failed calls took effect, want about half", under.calls)
	}
	if got := i.Counts().Failed; got != 1000 {
		t.Errorf("%d failures counted, want 1000", got)
	}
}

func TestEventsExpireEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := dynamodb.New(&dynamodb.Options{ExpireEvery: -1})
		defer engine.Close()
		call := func(operation, request string) {
			t.Helper()
			if _, err := engine.Call(t.Context(), nil, operation, []byte(request)); err != nil {
				t.Fatal(err)
			}
		}
		call("CreateTable", `{"TableName":"events","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]}`)
		feed, err := engine.Feed("events")
		if err != nil {
			t.Fatal(err)
		}
		i := faults.New(faults.Mix{Expire: 0.5}, 13, nil)
		defer i.Close()
		i.Expire(feed, func(keys []byte) (bool, error) { return engine.Expire("events", keys) })
		for n := range 200 {
			call("PutItem", fmt.Sprintf(`{"TableName":"events","Item":{"pk":{"S":"%d"}}}`, n))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		out, err := engine.Call(t.Context(), nil, "Scan", []byte(`{"TableName":"events","Select":"COUNT"}`))
		if err != nil {
			t.Fatal(err)
		}
		expired := i.Counts().Expired
		if expired < 70 || expired > 130 || string(out) != fmt.Sprintf(`{"Count":%d,"ScannedCount":%d}`, 200-expired, 200-expired) {
			t.Errorf("%d of 200 have expired, want about 100; the table says %s", expired, out)
		}
	})
}
