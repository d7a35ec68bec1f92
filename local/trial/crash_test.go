package trial_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/faults"
)

// TestCrashingRecordIsIsolated: a record that crashes the handler ends alone in a dead letter, every other one is delivered, and
// when the handler is mended the dead letter leads to what is missing.
func TestCrashingRecordIsIsolated(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	const place = "\ts.event, err = eventOf(record.NewImage, orderID, sequence)\n"
	s := start(t, faults.Mix{}, oneShard, edit{
		"handlers/projection/steps.go", "\t\ts.event, err = eventOf(record.NewImage, orderID, sequence)\n",
		"\t\tif _, bad := os.Stat(" + fmt.Sprintf("%q", broken) + "); bad == nil && orderID == \"" + strangeID("CRASH") + "\" {\n\t\t\tpanic(\"this record crashes the handler\")\n\t\t}\n\t" + place,
	}, edit{"handlers/projection/steps.go", "\t\"log/slog\"\n", "\t\"log/slog\"\n\t\"os\"\n"})
	order := s.place()
	s.moves(order, "1")
	model := s.event(order, 1)

	crashing := strangeID("CRASH")
	batch := &events{stage: s}
	var others []string
	for i := range 40 {
		others = append(others, strangeID(fmt.Sprintf("%05d", i)))
		batch.add(model, others[i], 1, "order.placed")
		if i == 20 {
			batch.add(model, crashing, 1, "order.placed")
		}
	}
	batch.write()
	for _, other := range others {
		s.moves(other, "1")
	}

	queue := s.Output("deadLetterQueueUrl")
	var received struct{ Messages []struct{ Body string } }
	s.until("a dead letter is there", func() bool {
		s.call(s.Cloud.Queues(), "ReceiveMessage", map[string]any{"QueueUrl": queue, "VisibilityTimeout": 0, "MaxNumberOfMessages": 10}, &received)
		return len(received.Messages) > 0
	})
	if len(received.Messages) != 1 {
		t.Fatalf("%d dead letters, want 1", len(received.Messages))
	}
	var letter struct {
		ResponseContext struct {
			FunctionError string `json:"functionError"`
		} `json:"responseContext"`
		KinesisBatchInfo struct {
			BatchSize           int    `json:"batchSize"`
			ShardID             string `json:"shardId"`
			StartSequenceNumber string `json:"startSequenceNumber"`
			EndSequenceNumber   string `json:"endSequenceNumber"`
		}
	}
	if err := json.Unmarshal([]byte(received.Messages[0].Body), &letter); err != nil {
		t.Fatal(err)
	}
	info := letter.KinesisBatchInfo
	if info.BatchSize != 1 || info.StartSequenceNumber != info.EndSequenceNumber || letter.ResponseContext.FunctionError != "Unhandled" {
		t.Errorf("dead letter %s, want one record, and an unhandled error", received.Messages[0].Body)
	}
	if path := s.path(crashing); path != "" {
		t.Errorf("the crashing record had an effect: %s", path)
	}

	// The handler is mended, and an operator sends the dead letter's events again.
	if err := os.Remove(broken); err != nil {
		t.Fatal(err)
	}
	if said, code := s.ops("redrive"); code != 0 {
		t.Fatalf("redrive ended with %d:\n%s", code, said)
	}
	s.moves(crashing, "1")
	for _, other := range others {
		s.moves(other, "1")
	}
	if said, code := s.ops("doctor"); code != 0 {
		t.Errorf("doctor ended with %d, want nothing left to do:\n%s", code, said)
	}
}
