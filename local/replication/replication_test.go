package replication_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/kinesis"
	"transactional-outbox/local/replication"
)

func TestRecord(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 891_234_567, time.UTC)
	base := replication.Change{Table: "events", EventID: "a3d6ae3c-92c2-4b6b-8bb0-ef4fcd8f2d0d", EventName: "INSERT", Time: at,
		Keys: []byte(`{"orderId":{"S":"1"}}`), NewImage: []byte(`{"orderId":{"S":"1"},"b":{"B":"AAE="}}`), SizeBytes: 20}
	const head = `{"awsRegion":"eu-central-1","eventID":"a3d6ae3c-92c2-4b6b-8bb0-ef4fcd8f2d0d","eventName":`
	tests := []struct {
		name      string
		change    func(*replication.Change)
		precision replication.Precision
		want      string
	}{
		{"insert", func(*replication.Change) {}, "", head + `"INSERT","userIdentity":null,"recordFormat":"application/json","tableName":"events",` +
			`"dynamodb":{"ApproximateCreationDateTime":1772600767891,"Keys":{"orderId":{"S":"1"}},"NewImage":{"orderId":{"S":"1"},"b":{"B":"AAE="}},"SizeBytes":20},"eventSource":"aws:dynamodb"}`},
		{"modify has both images", func(c *replication.Change) { c.EventName, c.OldImage = "MODIFY", []byte(`{"orderId":{"S":"1"}}`) }, "",
			head + `"MODIFY","userIdentity":null,"recordFormat":"application/json","tableName":"events",` +
				`"dynamodb":{"ApproximateCreationDateTime":1772600767891,"Keys":{"orderId":{"S":"1"}},"NewImage":{"orderId":{"S":"1"},"b":{"B":"AAE="}},"OldImage":{"orderId":{"S":"1"}},"SizeBytes":20},"eventSource":"aws:dynamodb"}`},
		{"removal by time to live", func(c *replication.Change) {
			c.EventName, c.NewImage, c.OldImage, c.ByTTL = "REMOVE", nil, []byte(`{"orderId":{"S":"1"}}`), true
		}, "", head + `"REMOVE","userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"},"recordFormat":"application/json","tableName":"events",` +
			`"dynamodb":{"ApproximateCreationDateTime":1772600767891,"Keys":{"orderId":{"S":"1"}},"OldImage":{"orderId":{"S":"1"}},"SizeBytes":20},"eventSource":"aws:dynamodb"}`},
		{"microseconds are named", func(c *replication.Change) {}, replication.Microsecond, head + `"INSERT","userIdentity":null,"recordFormat":"application/json","tableName":"events",` +
			`"dynamodb":{"ApproximateCreationDateTime":1772600767891234,"Keys":{"orderId":{"S":"1"}},"NewImage":{"orderId":{"S":"1"},"b":{"B":"AAE="}},"SizeBytes":20,"ApproximateCreationDateTimePrecision":"MICROSECOND"},"eventSource":"aws:dynamodb"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, source, w := base, newChanges(), &writer{}
				tt.change(&c)
				start(t, source, w, replication.Options{Precision: tt.precision, Duplicate: -1})
				source.add(c)
				synctest.Wait()
				if len(w.written) != 1 {
					t.Fatalf("%d records written, want 1", len(w.written))
				}
				if diff := cmp.Diff(tt.want, string(w.written[0].Data)); diff != "" {
					t.Errorf("record (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestPartitionKey(t *testing.T) {
	key := func(hashKey string, keys string) string {
		var out string
		synctest.Test(t, func(t *testing.T) {
			source, w := newChanges(), &writer{}
			start(t, source, w, replication.Options{Duplicate: -1, PartitionByHashKey: hashKey})
			source.add(replication.Change{EventName: "INSERT", Keys: []byte(keys)})
			synctest.Wait()
			out = w.written[0].PartitionKey
		})
		return out
	}
	const first, second, other = `{"o":{"S":"1"},"n":{"N":"1"}}`, `{"n":{"N":"2"},"o":{"S":"1"}}`, `{"o":{"S":"2"},"n":{"N":"1"}}`
	if k := key("", first); len(k) != 32 || strings.Trim(k, "0123456789ABCDEF") != "" {
		t.Errorf("partition key %q, want 32 upper-case hexadecimal characters", k)
	}
	if key("", first) != key("", `{"n":{"N":"1"},"o":{"S":"1"}}`) {
		t.Error("the partition key depends on the order of attributes")
	}
	if key("", first) == key("", second) {
		t.Error("items with one hash key share a partition key")
	}
	if key("o", first) != key("o", second) || key("o", first) == key("o", other) {
		t.Error("PartitionByHashKey does not make the hash key decide")
	}
}

func TestRefusedRecordsAreWrittenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, w := newChanges(), &writer{}
		w.refuse = func(call int, in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
			switch call {
			case 1:
				return nil, &awsapi.Error{Code: "InternalFailure", Status: 500}
			case 2:
				return nil, &awsapi.Error{Code: "ProvisionedThroughputExceededException"}
			case 3:
				return refusing(in, "ProvisionedThroughputExceededException", func(i int) bool { return i > 0 }), nil
			case 4:
				return refusing(in, "InternalFailure", func(i int) bool { return i == 1 }), nil
			}
			return nil, nil
		}
		d := start(t, source, w, replication.Options{Duplicate: -1})
		source.add(change(0), change(1), change(2))
		pass(time.Second / 2)
		if got := d.Metrics().AgeOfOldestUnreplicatedRecord; got != time.Second/2 {
			t.Errorf("age of the oldest record %v, want 0.5s", got)
		}
		pass(time.Minute)
		if diff := cmp.Diff([]int{3, 3, 3, 2, 1}, w.batches); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
		want := replication.Metrics{Status: replication.Active, Precision: replication.Millisecond, ThrottledPutRecordCount: 5, Replicated: 3, Written: 3}
		if diff := cmp.Diff(want, d.Metrics()); diff != "" {
			t.Errorf("metrics (-want +got):\n%s", diff)
		}
	})
}

func TestTooLargeRecordsAreSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, w := newChanges(), &writer{}
		d := start(t, source, w, replication.Options{Duplicate: -1})
		large := change(1)
		large.NewImage = []byte(`{"x":{"S":"` + strings.Repeat("x", replication.MaxRecordBytes) + `"}}`)
		source.add(change(0), large, change(2))
		synctest.Wait()
		m := d.Metrics()
		if len(w.written) != 2 || m.FailedToReplicateRecordCount != 1 || m.Replicated != 2 || m.AgeOfOldestUnreplicatedRecord != 0 {
			t.Errorf("%d records written, metrics %+v", len(w.written), m)
		}
	})
}

func TestWritesKeepToTheLimitsOfPutRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, w := newChanges(), &writer{}
		start(t, source, w, replication.Options{Duplicate: -1})
		var many []replication.Change
		for i := range 501 {
			many = append(many, change(i))
		}
		source.add(many...)
		synctest.Wait()
		large := change(0)
		large.NewImage = []byte(`{"x":{"S":"` + strings.Repeat("x", 900_000) + `"}}`)
		source.add(slices.Repeat([]replication.Change{large}, 6)...)
		synctest.Wait()
		if diff := cmp.Diff([]int{500, 1, 5, 1}, w.batches); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
	})
}

func TestDuplicates(t *testing.T) {
	run := func(duplicate float64, seed uint64) []string {
		var ids []string
		synctest.Test(t, func(t *testing.T) {
			source, w := newChanges(), &writer{}
			start(t, source, w, replication.Options{Duplicate: duplicate, Seed: seed})
			for i := range 2000 {
				source.add(change(i))
			}
			synctest.Wait()
			for _, e := range w.written {
				_, rest, _ := strings.Cut(string(e.Data), `"eventID":"`)
				id, _, _ := strings.Cut(rest, `"`)
				ids = append(ids, id)
			}
		})
		return ids
	}
	distinct := func(ids []string) int {
		ids = slices.Clone(ids)
		slices.Sort(ids)
		return len(slices.Compact(ids))
	}
	if ids := run(-1, 1); len(ids) != 2000 || distinct(ids) != 2000 {
		t.Errorf("switched off: %d records, %d of them distinct, want 2,000", len(ids), distinct(ids))
	}
	for name, tt := range map[string]struct {
		duplicate float64
		low, high int
	}{"by default": {0, 2001, 2060}, "always": {1, 4000, 4000}} {
		if ids := run(tt.duplicate, 1); len(ids) < tt.low || len(ids) > tt.high || distinct(ids) != 2000 {
			t.Errorf("%s: %d records, %d of them distinct", name, len(ids), distinct(ids))
		}
	}
}

func TestChaosDecidesWhatIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, w := newChanges(), &writer{}
		start(t, source, w, replication.Options{Duplicate: -1, Chaos: func(_ context.Context, batch []kinesis.PutRecordsEntry) [][]kinesis.PutRecordsEntry {
			slices.Reverse(batch)
			return [][]kinesis.PutRecordsEntry{batch[:1], nil, batch}
		}})
		source.add(change(0), change(1))
		synctest.Wait()
		if diff := cmp.Diff([]int{1, 2}, w.batches); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
		if !strings.Contains(string(w.written[0].Data), "id-1") {
			t.Errorf("first record %s, want the last change", w.written[0].Data)
		}
	})
}

func TestLifecycle(t *testing.T) {
	t.Run("is active at once and disabled after Disable", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := start(t, newChanges(), &writer{}, replication.Options{})
			if got := d.Metrics().Status; got != replication.Active {
				t.Errorf("status %s, want ACTIVE", got)
			}
			d.Disable()
			d.Disable()
			if got := d.Metrics().Status; got != replication.Disabled {
				t.Errorf("status %s, want DISABLED", got)
			}
		})
	})
	t.Run("does not wait for a stream that refuses everything", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			source := newChanges()
			w := &writer{refuse: func(int, *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
				return nil, &awsapi.Error{Code: "ResourceNotFoundException"}
			}}
			d := start(t, source, w, replication.Options{})
			source.add(change(0))
			pass(time.Hour)
			d.Disable()
			if m := d.Metrics(); m.Replicated != 0 || m.AgeOfOldestUnreplicatedRecord != time.Hour {
				t.Errorf("metrics %+v", m)
			}
		})
	})
	t.Run("ends with its table", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			source := newChanges()
			d := start(t, source, &writer{}, replication.Options{})
			source.end(errEnded)
			synctest.Wait()
			if m := d.Metrics(); m.Status != replication.Disabled || !strings.Contains(m.StatusDescription, "table deleted") {
				t.Errorf("metrics %+v", m)
			}
		})
	})
	t.Run("goes on after passing errors of the source", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			source, w := newChanges(), &writer{}
			start(t, source, w, replication.Options{Duplicate: -1, Retryable: func(error) bool { return true }})
			source.end(errEnded)
			pass(time.Minute)
			source.end(nil)
			source.add(change(0))
			pass(time.Minute)
			if len(w.written) != 1 {
				t.Errorf("%d records written, want 1", len(w.written))
			}
		})
	})
	t.Run("changes its precision for the changes to come", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			source, w := newChanges(), &writer{}
			d := start(t, source, w, replication.Options{Duplicate: -1})
			if err := d.UpdatePrecision(replication.Millisecond); err == nil {
				t.Error("the precision in force was accepted")
			}
			if err := d.UpdatePrecision("NANOSECOND"); err == nil {
				t.Error("an unknown precision was accepted")
			}
			if err := d.UpdatePrecision(replication.Microsecond); err != nil {
				t.Error(err)
			}
			source.add(change(0))
			synctest.Wait()
			if !strings.Contains(string(w.written[0].Data), "MICROSECOND") {
				t.Errorf("record %s", w.written[0].Data)
			}
			d.Disable()
			if err := d.UpdatePrecision(replication.Millisecond); err == nil {
				t.Error("a destination that is disabled was updated")
			}
		})
	})
	t.Run("is updating while records of the old precision are written", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			source, w := newChanges(), &writer{}
			w.refuse = func(call int, in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
				if call == 1 {
					return nil, &awsapi.Error{Code: "InternalFailure"}
				}
				return nil, nil
			}
			d := start(t, source, w, replication.Options{Duplicate: -1})
			source.add(change(0))
			synctest.Wait()
			if err := d.UpdatePrecision(replication.Microsecond); err != nil {
				t.Error(err)
			}
			if got := d.Metrics().Status; got != replication.Updating {
				t.Errorf("status %s, want UPDATING", got)
			}
			pass(time.Minute)
			if got := d.Metrics(); got.Status != replication.Active || got.Precision != replication.Microsecond {
				t.Errorf("metrics %+v", got)
			}
		})
	})
	t.Run("fails to be enabled on a stream that is not there", func(t *testing.T) {
		d, err := replication.Enable(newChanges(), kinesis.New(nil), streamARN, nil)
		if err == nil || d.Metrics().Status != replication.EnableFailed || d.Metrics().StatusDescription != err.Error() {
			t.Errorf("error %v, destination %+v", err, d)
		}
		d.Disable()
	})
	t.Run("needs its arguments", func(t *testing.T) {
		for i, err := range []error{
			second(replication.Enable(nil, &writer{}, streamARN, nil)),
			second(replication.Enable(newChanges(), nil, streamARN, nil)),
			second(replication.Enable(newChanges(), &writer{}, "", nil)),
			second(replication.Enable(newChanges(), &writer{}, streamARN, &replication.Options{Precision: "SECOND"})),
		} {
			if err == nil {
				t.Error(fmt.Sprint("case ", i, ": no error"))
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }
