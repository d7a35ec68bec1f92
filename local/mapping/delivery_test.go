package mapping_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/mapping"
)

type answer = func(call int, batch []string) (*mapping.Response, error)

func alwaysCrash(int, []string) (*mapping.Response, error) { return crash() }

// failOn crashes on batches with a poisonous record.
func failOn(poison string) answer {
	return func(_ int, batch []string) (*mapping.Response, error) {
		if slices.Contains(batch, poison) {
			return crash()
		}
		return ok()
	}
}

func TestFailures(t *testing.T) {
	exhausted := func(invokes int, start, end string, size int) letter {
		return letter{Condition: "RetryAttemptsExhausted", InvokeCount: invokes, FunctionError: "Unhandled", HasResponse: true,
			Start: start, End: end, BatchSize: size}
	}
	reporting := []string{mapping.ReportBatchItemFailures}
	tests := []struct {
		name    string
		config  mapping.Config
		records string
		answer  answer
		calls   []string
		letters []letter
		counts  mapping.Counts
	}{
		{
			name: "no retries means one invocation", config: mapping.Config{MaximumRetryAttempts: ptr(0)}, records: "a b",
			answer: alwaysCrash, calls: []string{"a b"}, letters: []letter{exhausted(1, "1001", "1002", 2)},
			counts: mapping.Counts{PolledEventCount: 2, InvokedEventCount: 2, FailedInvokeEventCount: 2, OnFailureDestinationDeliveredEventCount: 2, Invocations: 1},
		},
		{
			name: "N retries mean N+1 invocations", config: mapping.Config{MaximumRetryAttempts: ptr(3)}, records: "a",
			answer: alwaysCrash, calls: []string{"a", "a", "a", "a"}, letters: []letter{exhausted(4, "1001", "1001", 1)},
			counts: mapping.Counts{PolledEventCount: 1, InvokedEventCount: 4, FailedInvokeEventCount: 4, OnFailureDestinationDeliveredEventCount: 1, Invocations: 4},
		},
		{
			name: "what follows is processed after the discarded batch", config: mapping.Config{BatchSize: 2, MaximumRetryAttempts: ptr(1)}, records: "a b c",
			answer: failOn("b"), calls: []string{"a b", "a b", "c"}, letters: []letter{exhausted(2, "1001", "1002", 2)},
			counts: mapping.Counts{PolledEventCount: 3, InvokedEventCount: 5, FailedInvokeEventCount: 4, OnFailureDestinationDeliveredEventCount: 2, Invocations: 3},
		},
		{
			name: "throttles do not consume the quota", config: mapping.Config{MaximumRetryAttempts: ptr(0)}, records: "a",
			answer: func(call int, _ []string) (*mapping.Response, error) {
				if call <= 5 {
					return nil, errThrottled
				}
				return ok()
			},
			calls:  []string{"a", "a", "a", "a", "a", "a"},
			counts: mapping.Counts{PolledEventCount: 1, InvokedEventCount: 1, FailedInvokeEventCount: 5, Invocations: 1, ThrottledInvocations: 5},
		},
		{
			name: "errors before the function runs do not consume the quota", config: mapping.Config{MaximumRetryAttempts: ptr(1)}, records: "a",
			answer: func(call int, _ []string) (*mapping.Response, error) {
				if call%2 == 1 {
					return nil, errNetwork
				}
				return crash()
			},
			calls: []string{"a", "a", "a", "a"}, letters: []letter{exhausted(2, "1001", "1001", 1)},
			counts: mapping.Counts{PolledEventCount: 1, InvokedEventCount: 2, FailedInvokeEventCount: 4, OnFailureDestinationDeliveredEventCount: 1, Invocations: 2, ThrottledInvocations: 2},
		},
		{
			name: "a partial success is resumed at the lowest sequence number", config: mapping.Config{FunctionResponseTypes: reporting}, records: "a b c d",
			answer: func(call int, _ []string) (*mapping.Response, error) {
				if call == 1 {
					return partial("1004", "1002", "1003")
				}
				return ok()
			},
			calls:  []string{"a b c d", "b c d"},
			counts: mapping.Counts{PolledEventCount: 4, InvokedEventCount: 7, FailedInvokeEventCount: 3, Invocations: 2},
		},
		{
			name: "a partial success restarts the quota for the remainder", config: mapping.Config{FunctionResponseTypes: reporting, MaximumRetryAttempts: ptr(3)},
			records: "a b c", answer: func(int, []string) (*mapping.Response, error) { return partial("1003") },
			calls:   []string{"a b c", "c", "c", "c", "c"},
			letters: []letter{{Condition: "RetryAttemptsExhausted", InvokeCount: 4, HasResponse: true, Start: "1003", End: "1003", BatchSize: 1}},
			counts:  mapping.Counts{PolledEventCount: 3, InvokedEventCount: 7, FailedInvokeEventCount: 5, OnFailureDestinationDeliveredEventCount: 1, Invocations: 5},
		},
		{
			name: "a crash with reporting on fails the whole batch", config: mapping.Config{FunctionResponseTypes: reporting, MaximumRetryAttempts: ptr(0)}, records: "a b",
			answer: alwaysCrash, calls: []string{"a b"}, letters: []letter{exhausted(1, "1001", "1002", 2)},
			counts: mapping.Counts{PolledEventCount: 2, InvokedEventCount: 2, FailedInvokeEventCount: 2, OnFailureDestinationDeliveredEventCount: 2, Invocations: 1},
		},
		{
			name: "the response means nothing without reporting", records: "a b", answer: func(int, []string) (*mapping.Response, error) { return partial("1002") },
			calls: []string{"a b"}, counts: mapping.Counts{PolledEventCount: 2, InvokedEventCount: 2, Invocations: 1},
		},
		{
			name: "bisecting isolates the bad record and does not consume the quota", config: mapping.Config{BisectBatchOnFunctionError: true, MaximumRetryAttempts: ptr(1)},
			records: "a b c d", answer: failOn("c"), calls: []string{"a b c d", "a b", "c d", "c", "c", "d"}, letters: []letter{exhausted(2, "1003", "1003", 1)},
			counts: mapping.Counts{PolledEventCount: 4, InvokedEventCount: 11, FailedInvokeEventCount: 8, OnFailureDestinationDeliveredEventCount: 1, Invocations: 6},
		},
		{
			name:    "bisecting with a partial response splits at the returned sequence number",
			config:  mapping.Config{BisectBatchOnFunctionError: true, FunctionResponseTypes: reporting, MaximumRetryAttempts: ptr(1)},
			records: "a b c d", answer: func(_ int, batch []string) (*mapping.Response, error) {
				if len(batch) == 4 {
					return partial("1002")
				}
				return ok()
			},
			calls:  []string{"a b c d", "b c d"},
			counts: mapping.Counts{PolledEventCount: 4, InvokedEventCount: 7, FailedInvokeEventCount: 3, Invocations: 2},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T) {
				tt.config.OnFailure = queueARN
				w := newWorkbench(t, tt.config)
				w.function.answer = tt.answer
				w.stream.put("s", strings.Fields(tt.records)...)
				w.start()
				w.pass(time.Hour)
				if diff := cmp.Diff(tt.calls, w.function.got()); diff != "" {
					t.Errorf("invocations (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(tt.letters, w.queue.got(t)); diff != "" {
					t.Errorf("dead letters (-want +got):\n%s", diff)
				}
				status := w.mapping.Status()
				if diff := cmp.Diff(tt.counts, status.Counts); diff != "" {
					t.Errorf("counts (-want +got):\n%s", diff)
				}
				if status.Backlog != 0 {
					t.Errorf("backlog %d, want 0", status.Backlog)
				}
			})
		})
	}
}

func TestResponses(t *testing.T) {
	tests := []struct {
		name, payload string
		succeeds      bool
	}{
		{"nothing", ``, true},
		{"null", `null`, true},
		{"empty string", `""`, true},
		{"empty list", `[]`, true},
		{"empty object", `{}`, true},
		{"empty failures", `{"batchItemFailures":[]}`, true},
		{"null failures", `{"batchItemFailures": null}`, true},
		{"empty identifier", `{"batchItemFailures":[{"itemIdentifier":""}]}`, false},
		{"null identifier", `{"batchItemFailures":[{"itemIdentifier":null}]}`, false},
		{"wrong key", `{"batchItemFailures":[{"foo":"1001"}]}`, false},
		{"wrong key with null", `{"batchItemFailures":[{"foo":null}]}`, false},
		{"unknown identifier", `{"batchItemFailures":[{"itemIdentifier":"1001"},{"itemIdentifier":"999"}]}`, false},
		{"identifier that is no string", `{"batchItemFailures":[{"itemIdentifier":1001}]}`, false},
		{"failures that are no list", `{"batchItemFailures":"1001"}`, false},
		{"no JSON", `oops`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T) {
				w := newWorkbench(t, mapping.Config{FunctionResponseTypes: []string{mapping.ReportBatchItemFailures}, MaximumRetryAttempts: ptr(0), OnFailure: queueARN})
				w.function.answer = func(int, []string) (*mapping.Response, error) {
					return &mapping.Response{Payload: []byte(tt.payload)}, nil
				}
				w.stream.put("s", "a", "b")
				w.start()
				w.pass(time.Minute)
				var want []letter
				if !tt.succeeds {
					// A response that fails the batch is no function error: AWS writes null.
					want = []letter{{Condition: "RetryAttemptsExhausted", InvokeCount: 1, HasResponse: true, Start: "1001", End: "1002", BatchSize: 2}}
				}
				if diff := cmp.Diff(want, w.queue.got(t)); diff != "" {
					t.Errorf("dead letters (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestRecordAgeDiscardsOnlyTheExpiredPrefix(t *testing.T) {
	inVirtualTime(t, func(t *testing.T) {
		w := newWorkbench(t, mapping.Config{MaximumRecordAgeInSeconds: 60, OnFailure: queueARN})
		w.stream.put("s", "old", "older than a minute")
		w.pass(61 * time.Second)
		w.stream.put("s", "young")
		w.start()
		w.pass(time.Second)
		if diff := cmp.Diff([]string{"young"}, w.function.got()); diff != "" {
			t.Errorf("invocations (-want +got):\n%s", diff)
		}
		// Never invoked, and yet the count is 1; there is no response to tell of.
		want := []letter{{Condition: "RecordAgeExceeded", InvokeCount: 1, Start: "1001", End: "1002", BatchSize: 2}}
		if diff := cmp.Diff(want, w.queue.got(t)); diff != "" {
			t.Errorf("dead letters (-want +got):\n%s", diff)
		}
	})
}

func TestRecordAgeEndsRetries(t *testing.T) {
	for _, failure := range []struct {
		name   string
		answer answer
	}{
		{"of a function that fails", alwaysCrash},
		{"of a function that is throttled", func(int, []string) (*mapping.Response, error) { return nil, errThrottled }},
	} {
		t.Run(failure.name, func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T) {
				w := newWorkbench(t, mapping.Config{MaximumRecordAgeInSeconds: 60, OnFailure: queueARN})
				w.function.answer = failure.answer
				w.stream.put("s", "a")
				w.start()
				w.pass(time.Hour)
				letters := w.queue.got(t)
				if len(letters) != 1 || letters[0].Condition != "RecordAgeExceeded" || letters[0].HasResponse {
					t.Errorf("dead letters %+v", letters)
				}
			})
		})
	}
}

func TestRecordsThatTheStreamForgotAreNotCounted(t *testing.T) {
	inVirtualTime(t, func(t *testing.T) {
		w := newWorkbench(t, mapping.Config{OnFailure: queueARN})
		w.stream.retention = 24 * time.Hour
		w.function.answer = func(int, []string) (*mapping.Response, error) { return nil, errThrottled }
		w.stream.put("s", "a")
		w.start()
		w.pass(25 * time.Hour)
		status := w.mapping.Status()
		if status.Backlog != 0 || status.DroppedEventCount != 0 || len(w.queue.got(t)) != 0 {
			t.Errorf("status %+v, dead letters %v", status, w.queue.got(t))
		}
	})
}

func TestRetentionThatIsRaisedSavesRecords(t *testing.T) {
	inVirtualTime(t, func(t *testing.T) {
		w := newWorkbench(t, mapping.Config{})
		w.stream.retention = 24 * time.Hour
		w.function.answer = func(int, []string) (*mapping.Response, error) { return nil, errThrottled }
		w.stream.put("s", "a")
		w.start()
		w.pass(23 * time.Hour)
		w.stream.update(func() { w.stream.retention = 48 * time.Hour })
		w.pass(2 * time.Hour)
		if got := w.mapping.Status().Backlog; got != 1 {
			t.Errorf("backlog %d, want 1", got)
		}
		w.function.setAnswer(nil)
		w.pass(time.Hour)
		if got := w.mapping.Status().InvokedEventCount; got != 1 {
			t.Errorf("%d records invoked, want 1", got)
		}
	})
}

func TestWithoutDestinationRecordsAreDropped(t *testing.T) {
	inVirtualTime(t, func(t *testing.T) {
		w := newWorkbench(t, mapping.Config{MaximumRetryAttempts: ptr(0)})
		w.function.answer = alwaysCrash
		w.stream.put("s", "a", "b")
		w.start()
		w.rest()
		if got := w.mapping.Status().DroppedEventCount; got != 2 {
			t.Errorf("DroppedEventCount %d, want 2", got)
		}
	})
}

func TestDestinationIsTriedAgain(t *testing.T) {
	for _, tt := range []struct {
		name               string
		fail               int
		delivered, dropped int64
	}{
		{"and reached", 4, 1, 0},
		{"and given up after five attempts", 5, 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T) {
				w := newWorkbench(t, mapping.Config{MaximumRetryAttempts: ptr(0), OnFailure: queueARN})
				w.function.answer = alwaysCrash
				w.queue.fail = tt.fail
				w.stream.put("s", "a")
				w.start()
				w.pass(time.Hour)
				status := w.mapping.Status()
				if status.OnFailureDestinationDeliveredEventCount != tt.delivered || status.DroppedEventCount != tt.dropped {
					t.Errorf("counts %+v", status.Counts)
				}
			})
		})
	}
}

func TestLetter(t *testing.T) {
	tests := []struct {
		name   string
		format mapping.Format
		age    int
		want   string
	}{
		{
			name: "Kinesis, retries exhausted",
			want: `{"requestContext":{"requestId":"request-1","functionArn":"` + functionARN + `","condition":"RetryAttemptsExhausted","approximateInvokeCount":1},` +
				`"responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},"version":"1.0","timestamp":"2000-01-01T00:01:01.500Z",` +
				`"KinesisBatchInfo":{"shardId":"s","startSequenceNumber":"1001","endSequenceNumber":"1001","approximateArrivalOfFirstRecord":"2000-01-01T00:00:00.500Z",` +
				`"approximateArrivalOfLastRecord":"2000-01-01T00:00:00.500Z","batchSize":1,"streamArn":"` + streamARN + `"}}`,
		},
		{
			name: "DynamoDB, too old", format: mapping.DynamoDB, age: 60,
			want: `{"requestContext":{"requestId":"fresh","functionArn":"` + functionARN + `","condition":"RecordAgeExceeded","approximateInvokeCount":1},` +
				`"version":"1.0","timestamp":"2000-01-01T00:01:01.500Z",` +
				`"DDBStreamBatchInfo":{"shardId":"s","startSequenceNumber":"1001","endSequenceNumber":"1001","approximateArrivalOfFirstRecord":"2000-01-01T00:00:00Z",` +
				`"approximateArrivalOfLastRecord":"2000-01-01T00:00:00Z","batchSize":1,"streamArn":"` + streamARN + `"}}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T) {
				w := newWorkbench(t, mapping.Config{MaximumRetryAttempts: ptr(0), MaximumRecordAgeInSeconds: tt.age, OnFailure: queueARN})
				w.stream.about.Format = tt.format
				w.function.answer = alwaysCrash
				w.pass(500 * time.Millisecond)
				w.stream.put("s", "{}")
				w.pass(61 * time.Second)
				w.start(func(o *mapping.Options) { o.RequestID = func() string { return "fresh" } })
				w.rest()
				if diff := cmp.Diff([]string{tt.want}, w.queue.letters); diff != "" {
					t.Errorf("dead letters (-want +got):\n%s", diff)
				}
				if !json.Valid([]byte(w.queue.letters[0])) {
					t.Error("no valid JSON")
				}
			})
		})
	}
}
