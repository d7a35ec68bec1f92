package kinesis_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/kinesis"
)

// family is what a test of resharding looks at.
type family struct{ ID, Parent, Adjacent, Start, End string }

func (e engine) families(filter string) []family {
	e.Helper()
	out := decode[kinesis.ListShardsOutput](e, e.do("ListShards", `{"StreamName":"s"`+filter+`}`))
	var all []family
	for _, sh := range out.Shards {
		all = append(all, family{short(sh.ShardId), short(sh.ParentShardId), short(sh.AdjacentParentShardId), sh.HashKeyRange.StartingHashKey, sh.HashKeyRange.EndingHashKey})
	}
	return all
}

func short(id string) string {
	if id == "" {
		return ""
	}
	return id[len(id)-1:]
}

const (
	half = "170141183460469231731687303715884105728"
	low  = "170141183460469231731687303715884105727"
	last = "340282366920938463463374607431768211455"
)

func TestSplitAndMerge(t *testing.T) {
	c := newClock()
	e := newEngine(t, &kinesis.Options{Clock: c.Now}).create("1")
	e.put("k", "before")
	it := e.iterator(kinesis.GetShardIteratorInput{ShardIteratorType: "TRIM_HORIZON"})
	c.Advance(time.Minute)
	e.do("SplitShard", `{"StreamName":"s","ShardToSplit":"shardId-000000000000","NewStartingHashKey":"`+half+`"}`)

	if diff := cmp.Diff([]family{{"0", "", "", "0", last}, {"1", "0", "", "0", low}, {"2", "0", "", half, last}}, e.families("")); diff != "" {
		t.Errorf("shards after the split (-want +got):\n%s", diff)
	}
	out := e.get(it)
	if payloads(out) != "before" || out.NextShardIterator != "" {
		t.Errorf("the closed shard holds %q and goes on at %q", payloads(out), out.NextShardIterator)
	}
	children := []kinesis.ChildShard{
		{ShardId: "shardId-000000000001", ParentShards: []string{"shardId-000000000000"}, HashKeyRange: kinesis.HashKeyRange{StartingHashKey: "0", EndingHashKey: low}},
		{ShardId: "shardId-000000000002", ParentShards: []string{"shardId-000000000000"}, HashKeyRange: kinesis.HashKeyRange{StartingHashKey: half, EndingHashKey: last}},
	}
	if diff := cmp.Diff(children, out.ChildShards); diff != "" {
		t.Errorf("child shards (-want +got):\n%s", diff)
	}

	c.Advance(time.Minute)
	e.do("MergeShards", `{"StreamName":"s","ShardToMerge":"shardId-000000000001","AdjacentShardToMerge":"shardId-000000000002"}`)
	open := []family{{"3", "1", "2", "0", last}}
	if diff := cmp.Diff(open, e.families(`,"ShardFilter":{"Type":"AT_LATEST"}`)); diff != "" {
		t.Errorf("open shards after the merge (-want +got):\n%s", diff)
	}
	if got := len(e.families(`,"ShardFilter":{"Type":"AT_TRIM_HORIZON"}`)); got != 1 {
		t.Errorf("%d shards were open at the trim horizon, want 1", got)
	}
	if got := len(e.families(`,"ShardFilter":{"Type":"AT_TIMESTAMP","Timestamp":1795521690}`)); got != 2 {
		t.Errorf("%d shards were open between the two, want 2", got)
	}
	if got := len(e.families(`,"ShardFilter":{"Type":"FROM_TIMESTAMP","Timestamp":1795521690}`)); got != 3 {
		t.Errorf("%d shards were open between the two or later, want 3", got)
	}
	if got := len(e.families(`,"ShardFilter":{"Type":"AFTER_SHARD_ID","ShardId":"shardId-000000000001"}`)); got != 2 {
		t.Errorf("%d shards come after the second, want 2", got)
	}

	c.Advance(25 * time.Hour)
	if diff := cmp.Diff(open, e.families("")); diff != "" {
		t.Errorf("shards after the retention (-want +got):\n%s", diff)
	}
}

func TestUpdateShardCountDividesEvenly(t *testing.T) {
	e := newEngine(t, nil).create("2")
	for _, n := range []string{"4", "3", "2", "1", "2", "3"} {
		e.do("UpdateShardCount", `{"StreamName":"s","TargetShardCount":`+n+`,"ScalingType":"UNIFORM_SCALING"}`)
		open := e.families(`,"ShardFilter":{"Type":"AT_LATEST"}`)
		var got, want []string
		for _, f := range open {
			got = append(got, f.Start)
		}
		for _, f := range newEngine(t, nil).create(n).families("") {
			want = append(want, f.Start)
		}
		if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
			t.Errorf("ranges of %s shards (-want +got):\n%s", n, diff)
		}
	}
	e.do("UpdateShardCount", `{"StreamName":"s","TargetShardCount":6,"ScalingType":"UNIFORM_SCALING"}`)
	for request, want := range map[string]string{
		"13": "LimitExceededException: UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: 6 Target shard count: 13",
		"2":  "LimitExceededException: UpdateShardCount cannot scale down below half your current open shard count. Current open shard count: 6 Target shard count: 2",
	} {
		if got := e.refuse("UpdateShardCount", `{"StreamName":"s","TargetShardCount":`+request+`,"ScalingType":"UNIFORM_SCALING"}`); got != want {
			t.Errorf("%s shards: %s, want %s", request, got, want)
		}
	}
}

func TestListShardsPages(t *testing.T) {
	c := newClock()
	e := newEngine(t, &kinesis.Options{Clock: c.Now}).create("5")
	first := decode[kinesis.ListShardsOutput](t, e.do("ListShards", `{"StreamName":"s","MaxResults":2,"ShardFilter":{"Type":"AT_LATEST"}}`))
	second := decode[kinesis.ListShardsOutput](t, e.do("ListShards", `{"NextToken":"`+first.NextToken+`"}`))
	third := decode[kinesis.ListShardsOutput](t, e.do("ListShards", `{"NextToken":"`+second.NextToken+`"}`))
	if len(first.Shards) != 2 || len(second.Shards) != 2 || len(third.Shards) != 1 || third.NextToken != "" {
		t.Errorf("pages of %d, %d and %d shards, then %q", len(first.Shards), len(second.Shards), len(third.Shards), third.NextToken)
	}
	c.Advance(6 * time.Minute)
	if got, want := e.refuse("ListShards", `{"NextToken":"`+first.NextToken+`"}`), "ExpiredNextTokenException: NextToken has expired."; got != want {
		t.Errorf("old token: %s, want %s", got, want)
	}
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }
