package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/google/go-cmp/cmp"

	"transactional-outbox/e2e/ledger"
	"transactional-outbox/e2e/tap"
	"transactional-outbox/e2e/wait"
)

func TestStreamCarriesOneInsertPerEvent(t *testing.T) {
	s := begin(t)
	placed := s.place(s.order())
	s.cancel(placed.OrderID)
	records := s.streamed(placed.OrderID, 1, 2)
	for _, sequence := range slices.Sorted(maps.Keys(records)) {
		change, err := tap.Decode(records[sequence].Data)
		if err != nil {
			t.Errorf("event %d: %v in %s", sequence, err, records[sequence].Data)
			continue
		}
		if change.EventName != "INSERT" || change.TableName != s.stage.EventsTable || change.AWSRegion != s.stage.Region {
			t.Errorf("event %d: %s of %s in %s, want INSERT of %s in %s", sequence,
				change.EventName, change.TableName, change.AWSRegion, s.stage.EventsTable, s.stage.Region)
		}
		if diff := cmp.Diff(ledger.Notation(ledger.EventKey(placed.OrderID, sequence)), change.DynamoDB.Keys); diff != "" {
			t.Errorf("event %d: Keys (-want +got):\n%s", sequence, diff)
		}
		item, err := s.ledger.EventItem(s.Context(), placed.OrderID, sequence)
		s.must(err)
		if diff := cmp.Diff(ledger.Notation(item), change.DynamoDB.NewImage); diff != "" {
			t.Errorf("event %d: NewImage (-table +stream):\n%s", sequence, diff)
		}
		created, err := change.DynamoDB.Created.Int64()
		s.must(err)
		if away := time.Since(time.UnixMicro(created)).Abs(); away > suite.patience+time.Minute {
			t.Errorf("event %d: created %v away from now", sequence, away)
		}
	}
	if t.Failed() {
		return
	}
	// Ids of changes are per change, and the stream may say one thing twice: then in the same words.
	first, _ := tap.Decode(records[1].Data)
	second, _ := tap.Decode(records[2].Data)
	if first.EventID == second.EventID {
		t.Errorf("two changes have the eventID %s", first.EventID)
	}
}

// streamed waits for the stream's records about the given events of an order and returns the first of each.
func (s *scenario) streamed(orderID string, sequences ...int64) map[int64]tap.Record {
	s.Helper()
	var found map[int64]tap.Record
	s.eventually(func(context.Context) error {
		records, err := suite.tap.OfOrder(orderID)
		if err != nil {
			return wait.Stop(err)
		}
		found = map[int64]tap.Record{}
		for _, record := range records {
			sequence, err := sequenceOf(record.Data)
			if err != nil {
				return wait.Stop(err)
			}
			if _, again := found[sequence]; !again {
				found[sequence] = record
			}
		}
		if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, sequences) {
			return fmt.Errorf("order %s: the stream has carried the events %v, want %v", orderID, got, sequences)
		}
		return nil
	})
	return found
}

func sequenceOf(data []byte) (int64, error) {
	var change struct {
		DynamoDB struct {
			Keys struct {
				Sequence struct{ N string } `json:"sequence"`
			}
		} `json:"dynamodb"`
	}
	if err := json.Unmarshal(data, &change); err != nil {
		return 0, err
	}
	return strconv.ParseInt(change.DynamoDB.Keys.Sequence.N, 10, 64)
}

// put writes a record to the stream, past DynamoDB, and returns where it went.
func (s *scenario) put(partitionKey string, data []byte) (shard, sequenceNumber string) {
	s.Helper()
	written, err := s.stage.Kinesis.PutRecord(s.Context(), &kinesis.PutRecordInput{
		StreamName: &s.stage.StreamName, PartitionKey: &partitionKey, Data: data,
	})
	s.must(err)
	return *written.ShardId, *written.SequenceNumber
}
