package replication_test

import (
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/kinesis"
	"transactional-outbox/local/replication"
)

func TestChangesArriveOnTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := kinesis.New(&kinesis.Options{Region: "eu-central-1"})
		if _, err := engine.Call(t.Context(), nil, "CreateStream", []byte(`{"StreamName":"orders","ShardCount":4}`)); err != nil {
			t.Fatal(err)
		}
		source := newChanges()
		d := start(t, source, engine, replication.Options{Duplicate: -1})
		for i := range 1000 {
			source.add(change(i))
		}
		synctest.Wait()
		shards, err := engine.ListShards(t.Context(), nil, &kinesis.ListShardsInput{StreamARN: streamARN})
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, sh := range shards.Shards {
			it, err := engine.GetShardIterator(t.Context(), nil, &kinesis.GetShardIteratorInput{StreamARN: streamARN, ShardId: sh.ShardId, ShardIteratorType: "TRIM_HORIZON"})
			if err != nil {
				t.Fatal(err)
			}
			out, err := engine.GetRecords(t.Context(), nil, &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
			if err != nil {
				t.Fatal(err)
			}
			if len(out.Records) < 150 {
				t.Errorf("%d records on %s: items are not spread", len(out.Records), sh.ShardId)
			}
			total += len(out.Records)
		}
		want := replication.Metrics{Status: replication.Active, Precision: replication.Millisecond, Replicated: 1000, Written: 1000}
		if diff := cmp.Diff(want, d.Metrics()); diff != "" || total != 1000 {
			t.Errorf("%d records on the stream, metrics (-want +got):\n%s", total, diff)
		}
	})
}
