package kinesis_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"transactional-outbox/local/kinesis"
)

// readShard reads a shard to its end, after all the shards it continues, as a consumer does, and reports every record to see.
func readShard(e engine, shard kinesis.Shard, all map[string]kinesis.Shard, seen map[string]bool, see func(shard string, r kinesis.Record)) {
	if shard.ShardId == "" || seen[shard.ShardId] {
		return
	}
	seen[shard.ShardId] = true
	readShard(e, all[shard.ParentShardId], all, seen, see)
	readShard(e, all[shard.AdjacentParentShardId], all, seen, see)
	it := e.iterator(kinesis.GetShardIteratorInput{ShardId: shard.ShardId, ShardIteratorType: "TRIM_HORIZON"})
	for it != "" {
		limit := 7
		out, err := e.GetRecords(e.Context(), nil, &kinesis.GetRecordsInput{ShardIterator: it, Limit: &limit})
		if err != nil {
			e.Fatal(err)
		}
		for _, r := range out.Records {
			see(shard.ShardId, r)
		}
		if len(out.Records) == 0 && out.NextShardIterator != "" {
			return // an open shard, read to its end
		}
		it = out.NextShardIterator
	}
}

// TestEveryKeyIsReadInTheOrderItWasWritten has several producers write to a stream that is resharded meanwhile, and holds what a consumer
// reads against the naive model: one list per key.
func TestEveryKeyIsReadInTheOrderItWasWritten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		producers := rapid.IntRange(1, 4).Draw(rt, "producers")
		records := rapid.IntRange(1, 60).Draw(rt, "records of each")
		resharding := rapid.SliceOfN(rapid.IntRange(1, 6), 0, 6).Draw(rt, "shard counts")
		e := newEngine(t, nil).create(strconv.Itoa(rapid.IntRange(1, 4).Draw(rt, "shards")))

		var all sync.WaitGroup
		written := make([]map[string][]string, producers) // each producer has keys of its own, so it knows their order
		for p := range producers {
			written[p] = map[string][]string{}
			all.Go(func() {
				for i := 0; i < records; i += 3 {
					in := &kinesis.PutRecordsInput{StreamName: "s"}
					for j := i; j < min(i+3, records); j++ {
						in.Records = append(in.Records, kinesis.PutRecordsEntry{PartitionKey: fmt.Sprintf("%d-%d", p, j%5), Data: []byte(strconv.Itoa(j))})
					}
					out, err := e.PutRecords(t.Context(), nil, in)
					if err != nil || out.FailedRecordCount > 0 {
						t.Errorf("PutRecords: %+v, %v", out, err)
						return
					}
					for j, r := range in.Records {
						written[p][r.PartitionKey] = append(written[p][r.PartitionKey], out.Records[j].ShardId+" "+out.Records[j].SequenceNumber+" "+string(r.Data))
					}
				}
			})
		}
		for _, n := range resharding {
			if err := e.Reshard("s", n); err != nil {
				rt.Fatal(err)
			}
		}
		all.Wait()

		want, got := map[string][]string{}, map[string][]string{}
		for _, keys := range written {
			for key, list := range keys {
				want[key] = list
			}
		}
		seen, last := map[string]bool{}, map[string]string{}
		shards := decode[kinesis.ListShardsOutput](t, e.do("ListShards", `{"StreamName":"s"}`)).Shards
		byID := map[string]kinesis.Shard{}
		for _, sh := range shards {
			byID[sh.ShardId] = sh
		}
		for _, sh := range shards {
			readShard(e, sh, byID, seen, func(shard string, r kinesis.Record) {
				if r.SequenceNumber <= last[shard] {
					rt.Fatalf("%s: %s comes after %s", shard, r.SequenceNumber, last[shard])
				}
				last[shard] = r.SequenceNumber
				got[r.PartitionKey] = append(got[r.PartitionKey], shard+" "+r.SequenceNumber+" "+string(r.Data))
			})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("records by key (-want +got):\n%s", diff)
		}
	})
}

func TestSequenceNumbersFindTheirRecords(t *testing.T) {
	e := newEngine(t, nil).create("1")
	var numbers []string
	for i := range 1300 {
		numbers = append(numbers, e.put("k", strconv.Itoa(i)).SequenceNumber)
	}
	one := 1
	for i, number := range numbers {
		it := e.iterator(kinesis.GetShardIteratorInput{ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: number})
		out, err := e.GetRecords(t.Context(), nil, &kinesis.GetRecordsInput{ShardIterator: it, Limit: &one})
		if err != nil {
			t.Fatal(err)
		}
		if out.Records[0].SequenceNumber != number || payloads(out) != strconv.Itoa(i) {
			t.Fatalf("at %s: record %s, %s", number, out.Records[0].SequenceNumber, payloads(out))
		}
	}
}
