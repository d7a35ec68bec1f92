package kinesis_test

import (
	"context"
	"errors"
	"strconv"
	"testing"

	"transactional-outbox/local/kinesis"
)

func TestWaitReturnsWhenThereIsSomethingToTell(t *testing.T) {
	tests := map[string]func(e engine){
		"a record": func(e engine) { e.put("k", "a") },
		"a closed shard": func(e engine) {
			e.do("SplitShard", `{"StreamName":"s","ShardToSplit":"0","NewStartingHashKey":"`+half+`"}`)
		},
		"a deleted stream": func(e engine) { e.do("DeleteStream", `{"StreamName":"s"}`) },
	}
	for name, happen := range tests {
		for _, before := range []bool{true, false} {
			t.Run(name+map[bool]string{true: ", before the wait", false: ", during the wait"}[before], func(t *testing.T) {
				e := newEngine(t, nil).create("1")
				it := e.iterator(kinesis.GetShardIteratorInput{ShardIteratorType: "LATEST"})
				if before {
					happen(e)
				}
				waited := make(chan error)
				go func() { waited <- e.Wait(t.Context(), it) }()
				if !before {
					happen(e)
				}
				if err := <-waited; err != nil {
					t.Errorf("Wait = %v", err)
				}
			})
		}
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	e := newEngine(t, nil).create("1")
	it := e.iterator(kinesis.GetShardIteratorInput{ShardIteratorType: "LATEST"})
	ctx, cancel := context.WithCancel(t.Context())
	waited := make(chan error)
	go func() { waited <- e.Wait(ctx, it) }()
	cancel()
	if err := <-waited; !errors.Is(err, context.Canceled) {
		t.Errorf("Wait = %v, want %v", err, context.Canceled)
	}
}

// TestNoWakeUpIsLost has readers that only ever read after Wait: with a lost wake-up the test would not end.
func TestNoWakeUpIsLost(t *testing.T) {
	const records, readers = 5000, 3
	e := newEngine(t, nil).create("1")
	done := make(chan int)
	for range readers {
		it := e.iterator(kinesis.GetShardIteratorInput{ShardIteratorType: "TRIM_HORIZON"})
		go func() {
			next := 0
			defer func() { done <- next }()
			for next < records {
				if err := e.Wait(t.Context(), it); err != nil {
					t.Error(err)
					return
				}
				out, err := e.GetRecords(t.Context(), nil, &kinesis.GetRecordsInput{ShardIterator: it})
				if err != nil || len(out.Records) == 0 {
					t.Errorf("after Wait: %d records, %v", len(out.Records), err)
					return
				}
				for _, r := range out.Records {
					if string(r.Data) != strconv.Itoa(next) {
						t.Errorf("read %s, want %d", r.Data, next)
						return
					}
					next++
				}
				it = out.NextShardIterator
			}
		}()
	}
	for i := range records {
		e.put("k", strconv.Itoa(i))
	}
	for range readers {
		if got := <-done; got != records {
			t.Errorf("a reader got %d records, want %d", got, records)
		}
	}
}
