package mapping_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/mapping"
)

const tableStreamARN = "arn:aws:dynamodb:eu-central-1:000000000000:table/events/stream/2026-11-24T12:00:00.000"

// tableStream is a DynamoDB Streams service with one stream. Its iterators are "shard/index/time of handing out".
type tableStream struct {
	mu      sync.Mutex
	shards  []string
	parents map[string]string
	closed  map[string]bool
	records map[string][]string
	trimmed map[string]int // records that are gone
	puts    int
	calls   map[string]int
}

func newTableStream() *tableStream {
	s := &tableStream{parents: map[string]string{}, closed: map[string]bool{}, records: map[string][]string{}, trimmed: map[string]int{}, calls: map[string]int{}}
	s.shards = []string{"shard-1"}
	return s
}

func (s *tableStream) put(shard, members string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.puts++
	s.records[shard] = append(s.records[shard], fmt.Sprintf(`{"awsRegion":"eu-central-1","dynamodb":{"ApproximateCreationDateTime":%d,"Keys":{"k":{"S":"%d"}},"SequenceNumber":"%d","SizeBytes":5,"StreamViewType":"NEW_AND_OLD_IMAGES"},"eventID":"e-%[2]d","eventName":"INSERT","eventSource":"aws:dynamodb","eventVersion":"1.1"%[4]s}`,
		time.Now().Unix(), s.puts, 100+s.puts, members))
}

func (s *tableStream) Call(_ context.Context, auth awsapi.Authorizer, operation string, request []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[operation]++
	if err := auth.Check("dynamodb:"+operation, tableStreamARN); err != nil {
		return nil, err
	}
	var in struct {
		StreamArn, ExclusiveStartShardId, ShardId, ShardIteratorType, SequenceNumber, ShardIterator string
		Limit                                                                                       int
	}
	if err := json.Unmarshal(request, &in); err != nil {
		return nil, err
	}
	switch operation {
	case "DescribeStream":
		return s.describe(in.ExclusiveStartShardId), nil
	case "GetShardIterator":
		index := s.trimmed[in.ShardId]
		switch in.ShardIteratorType {
		case "LATEST":
			index = len(s.records[in.ShardId])
		case "AFTER_SEQUENCE_NUMBER":
			index = 1 + slices.IndexFunc(s.records[in.ShardId], func(r string) bool { return strings.Contains(r, `"`+in.SequenceNumber+`"`) })
			if index <= s.trimmed[in.ShardId] && s.trimmed[in.ShardId] > 0 {
				return nil, awsapi.Errorf("TrimmedDataAccessException", "gone")
			}
		}
		return fmt.Appendf(nil, `{"ShardIterator":"%s/%d/%d"}`, in.ShardId, index, time.Now().Unix()), nil
	case "GetRecords":
		return s.get(in.ShardIterator, in.Limit)
	}
	return nil, awsapi.UnknownOperation(operation)
}

// describe returns one shard a page.
func (s *tableStream) describe(after string) []byte {
	i := slices.Index(s.shards, after) + 1
	id, last := s.shards[i], ""
	if i+1 < len(s.shards) {
		last = fmt.Sprintf(`,"LastEvaluatedShardId":"%s"`, id)
	}
	sequences := `"StartingSequenceNumber":"1"`
	if s.closed[id] {
		sequences += `,"EndingSequenceNumber":"2"`
	}
	parent := ""
	if p := s.parents[id]; p != "" {
		parent = fmt.Sprintf(`,"ParentShardId":"%s"`, p)
	}
	return fmt.Appendf(nil, `{"StreamDescription":{"StreamArn":"%s","Shards":[{"ShardId":"%s","SequenceNumberRange":{%s}%s}]%s}}`, tableStreamARN, id, sequences, parent, last)
}

func (s *tableStream) get(iterator string, limit int) ([]byte, error) {
	parts := strings.Split(iterator, "/")
	var index int
	var made int64
	fmt.Sscan(parts[1], &index)
	fmt.Sscan(parts[2], &made)
	if time.Since(time.Unix(made, 0)) > 15*time.Minute {
		return nil, awsapi.Errorf("ExpiredIteratorException", "expired")
	}
	records := s.records[parts[0]][index:]
	records = records[:min(limit, len(records))]
	index += len(records)
	next := ""
	if !s.closed[parts[0]] || index < len(s.records[parts[0]]) {
		next = fmt.Sprintf(`,"NextShardIterator":"%s/%d/%d"`, parts[0], index, time.Now().Unix())
	}
	return fmt.Appendf(nil, `{"Records":[%s]%s}`, strings.Join(records, ","), next), nil
}

// tableMapping is a mapping on a table's stream.
func tableMapping(t *testing.T, s *tableStream, opts mapping.Options) (*mapping.Mapping, *[]string) {
	t.Helper()
	var mu sync.Mutex
	batches := &[]string{}
	f := mapping.InvokerFunc(func(_ context.Context, event []byte) (*mapping.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		*batches = append(*batches, string(event))
		return ok()
	})
	m, err := mapping.New(mapping.NewDynamoDBSource(s, nil, tableStreamARN, nil), f, &opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m, batches
}

func eventIDs(t *testing.T, batches []string) []string {
	t.Helper()
	var ids []string
	for _, b := range batches {
		var e events.DynamoDBEvent
		if err := json.Unmarshal([]byte(b), &e); err != nil {
			t.Fatal(err)
		}
		for _, r := range e.Records {
			ids = append(ids, r.EventID)
		}
	}
	return ids
}

func TestDynamoDBEvent(t *testing.T) {
	inVirtualTime(t, func(t *testing.T) {
		s := newTableStream()
		s.put("shard-1", "")
		s.records["shard-1"][0] = `{"awsRegion":"eu-central-1","dynamodb":{"ApproximateCreationDateTime":946684800,"Keys":{"k":{"S":"1"}},"OldImage":{"k":{"S":"1"}},` +
			`"SequenceNumber":"101","SizeBytes":5,"StreamViewType":"NEW_AND_OLD_IMAGES"},"eventID":"e-1","eventName":"REMOVE","eventSource":"aws:dynamodb","eventVersion":"1.1",` +
			`"userIdentity":{"PrincipalId":"dynamodb.amazonaws.com","Type":"Service"}}`
		filter := `{"eventName":["REMOVE"],"userIdentity":{"type":["Service"],"principalId":["dynamodb.amazonaws.com"]},"dynamodb":{"OldImage":{"k":{"S":["1"]}}}}`
		_, batches := tableMapping(t, s, mapping.Options{Config: mapping.Config{Filters: []string{filter}}})
		synctest.Wait()
		want := []string{`{"Records":[{"eventID":"e-1","eventName":"REMOVE","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"eu-central-1",` +
			`"dynamodb":{"ApproximateCreationDateTime":946684800,"Keys":{"k":{"S":"1"}},"OldImage":{"k":{"S":"1"}},"SequenceNumber":"101","SizeBytes":5,"StreamViewType":"NEW_AND_OLD_IMAGES"},` +
			`"userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"},"eventSourceARN":"` + tableStreamARN + `"}]}`}
		if diff := cmp.Diff(want, *batches); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestDynamoDBStream(t *testing.T) {
	tests := []struct {
		name  string
		opts  mapping.Options
		story func(s *tableStream, m *mapping.Mapping)
		want  []string
	}{
		{"is read from the trim horizon", mapping.Options{}, func(s *tableStream, _ *mapping.Mapping) {
			s.put("shard-1", "")
		}, []string{"e-1", "e-2", "e-3"}},
		{"is read from the latest record on", mapping.Options{StartingPosition: mapping.Latest}, func(s *tableStream, _ *mapping.Mapping) {
			s.put("shard-1", "")
		}, []string{"e-3"}},
		{"goes on in the shard's child", mapping.Options{}, func(s *tableStream, _ *mapping.Mapping) {
			s.mu.Lock()
			s.shards, s.parents["shard-2"], s.closed["shard-1"] = append(s.shards, "shard-2"), "shard-1", true
			s.mu.Unlock()
			s.put("shard-2", "")
		}, []string{"e-1", "e-2", "e-3"}},
		{"is found again after its iterator has expired", mapping.Options{}, func(s *tableStream, m *mapping.Mapping) {
			m.Update(mapping.Config{Disabled: true})
			synctest.Wait()
			time.Sleep(time.Hour)
			s.put("shard-1", "")
			m.Update(mapping.Config{})
		}, []string{"e-1", "e-2", "e-3"}},
		{"is found again after the first iterator has expired", mapping.Options{StartingPosition: mapping.Latest}, func(s *tableStream, m *mapping.Mapping) {
			m.Update(mapping.Config{Disabled: true})
			synctest.Wait()
			s.put("shard-1", "")
			time.Sleep(time.Hour)
			m.Update(mapping.Config{})
		}, []string{"e-3"}},
		{"goes on at the trim horizon when the position is gone", mapping.Options{}, func(s *tableStream, m *mapping.Mapping) {
			m.Update(mapping.Config{Disabled: true})
			synctest.Wait()
			time.Sleep(25 * time.Hour)
			s.put("shard-1", "")
			s.put("shard-1", "")
			s.mu.Lock()
			s.trimmed["shard-1"] = 3
			s.mu.Unlock()
			m.Update(mapping.Config{})
		}, []string{"e-1", "e-2", "e-4"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T) {
				s := newTableStream()
				s.put("shard-1", "")
				s.put("shard-1", "")
				time.Sleep(2 * time.Second)
				m, batches := tableMapping(t, s, tt.opts)
				synctest.Wait()
				tt.story(s, m)
				time.Sleep(time.Minute)
				synctest.Wait()
				if diff := cmp.Diff(tt.want, eventIDs(t, *batches)); diff != "" {
					t.Errorf("records (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestDynamoDBIsPolledFourTimesASecond(t *testing.T) {
	inVirtualTime(t, func(t *testing.T) {
		s := newTableStream()
		tableMapping(t, s, mapping.Options{})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := s.calls["GetRecords"]; got < 40 || got > 42 {
			t.Errorf("%d reads in ten seconds, want 40", got)
		}
	})
}
