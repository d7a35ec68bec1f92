package replication_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/kinesis"
	"transactional-outbox/local/replication"
)

// TestEveryChangeIsDelivered lets the stream fail in all ways it can. Rapid prints the seed of a failure.
func TestEveryChangeIsDelivered(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		fates := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 40).Draw(rt, "fates")
		sizes := rapid.SliceOfN(rapid.IntRange(1, 300), 1, 8).Draw(rt, "sizes")
		opts := replication.Options{Seed: rapid.Uint64().Draw(rt, "seed"), Duplicate: rapid.Float64Range(-0.1, 0.3).Draw(rt, "duplicate")}
		var problem string
		synctest.Test(t, func(t *testing.T) {
			problem = deliverAll(t, fates, sizes, opts)
		})
		if problem != "" {
			rt.Fatal(problem)
		}
	})
}

func deliverAll(t *testing.T, fates, sizes []int, opts replication.Options) string {
	source, w := newChanges(), &writer{}
	w.refuse = func(call int, in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
		if call > len(fates) {
			return nil, nil
		}
		switch fates[call-1] {
		case 1:
			return nil, &awsapi.Error{Code: "InternalFailure", Status: 500}
		case 2:
			return refusing(in, "ProvisionedThroughputExceededException", func(i int) bool { return (i+call)%3 == 0 }), nil
		case 3:
			return refusing(in, "InternalFailure", func(int) bool { return true }), nil
		}
		return nil, nil
	}
	d := start(t, source, w, opts)
	total := 0
	for _, n := range sizes {
		for range n {
			source.add(change(total))
			total++
		}
		synctest.Wait()
	}
	pass(time.Hour)
	seen := map[string]bool{}
	for _, e := range w.written {
		_, rest, _ := strings.Cut(string(e.Data), `"eventID":"`)
		id, _, _ := strings.Cut(rest, `"`)
		seen[id] = true
	}
	for i := range total {
		if !seen[fmt.Sprintf("id-%d", i)] {
			return fmt.Sprintf("change %d of %d is not on the stream", i, total)
		}
	}
	if m := d.Metrics(); m.Replicated != int64(total) || m.Written != int64(len(w.written)) || m.AgeOfOldestUnreplicatedRecord != 0 {
		return fmt.Sprintf("metrics %+v after %d changes and %d records", m, total, len(w.written))
	}
	return ""
}
