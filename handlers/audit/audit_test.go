package audit_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"transactional-outbox/handlers/audit"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// tables answers with fixed positions and keeps what is put back.
type tables struct {
	positions map[string]int64
	present   map[string]bool // events that are in the outbox again
	puts      []map[string]types.AttributeValue
	putErr    map[string]error // by event
	readErr   error
	reads     int
	leave     int // keys that each of the first reads leaves unprocessed
}

func (f *tables) BatchGetItem(_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	f.reads++
	if f.readErr != nil {
		return nil, f.readErr
	}
	request := in.RequestItems["fulfilments"]
	if !*request.ConsistentRead {
		return nil, errors.New("the read is not consistent")
	}
	keys := request.Keys
	out := &dynamodb.BatchGetItemOutput{Responses: map[string][]map[string]types.AttributeValue{}}
	if n := min(f.leave, len(keys)); n > 0 {
		f.leave -= n
		request.Keys = keys[:n]
		out.UnprocessedKeys = map[string]types.KeysAndAttributes{"fulfilments": request}
		keys = keys[n:]
	}
	for _, key := range keys {
		id := key["orderId"].(*types.AttributeValueMemberS).Value
		if last, ok := f.positions[id]; ok {
			out.Responses["fulfilments"] = append(out.Responses["fulfilments"], map[string]types.AttributeValue{
				"orderId": key["orderId"], "lastSequence": &types.AttributeValueMemberN{Value: fmt.Sprint(last)},
			})
		}
	}
	return out, nil
}

func (f *tables) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	name := in.Item["orderId"].(*types.AttributeValueMemberS).Value + "/" + in.Item["sequence"].(*types.AttributeValueMemberN).Value
	if *in.ConditionExpression != "attribute_not_exists(orderId)" || *in.TableName != "events" {
		return nil, errors.New("not a conditional put of an event")
	}
	if err := f.putErr[name]; err != nil {
		return nil, err
	}
	if f.present[name] {
		return nil, &types.ConditionalCheckFailedException{}
	}
	f.puts = append(f.puts, in.Item)
	return &dynamodb.PutItemOutput{}, nil
}

// names are the events that were put back.
func (f *tables) names() []string {
	var names []string
	for _, item := range f.puts {
		names = append(names, item["orderId"].(*types.AttributeValueMemberS).Value+"/"+item["sequence"].(*types.AttributeValueMemberN).Value)
	}
	return names
}

func newAuditor(f *tables) *audit.Auditor {
	return audit.New(f, "events", "fulfilments", 720*time.Hour, &audit.Options{
		Concurrency: 1, Now: func() time.Time { return now }, Jitter: func(int64) int64 { return 0 },
	})
}

// expired are removals of events written as order/sequence; each one's sequence number is its own name.
func expired(names ...string) []audit.Removal {
	batch := make([]audit.Removal, len(names))
	for i, name := range names {
		order, sequence, _ := strings.Cut(name, "/")
		batch[i] = audit.Removal{SequenceNumber: name, Expired: true}
		batch[i].Err = batch[i].Take(map[string]types.AttributeValue{
			"orderId": &types.AttributeValueMemberS{Value: order}, "sequence": &types.AttributeValueMemberN{Value: sequence},
		})
	}
	return batch
}

func TestAudit(t *testing.T) {
	unavailable := errors.New("no answer")
	tests := map[string]struct {
		tables tables
		batch  []audit.Removal
		want   audit.Outcome
		puts   []string
	}{
		"delivered events go": {
			tables: tables{positions: map[string]int64{"a": 2}}, batch: expired("a/1", "a/2"),
			want: audit.Outcome{Records: 2, Delivered: 2},
		},
		"undelivered events come back in sequence": {
			tables: tables{positions: map[string]int64{"a": 1}}, batch: expired("a/3", "b/2", "a/1", "b/1", "a/2"),
			want: audit.Outcome{Records: 5, Delivered: 1, Resurrected: 4}, puts: []string{"a/2", "a/3", "b/1", "b/2"},
		},
		"events that are back are left": {
			tables: tables{present: map[string]bool{"a/1": true}}, batch: expired("a/1", "a/2"),
			want: audit.Outcome{Records: 2, Present: 1, Resurrected: 1}, puts: []string{"a/2"},
		},
		"later events wait for one that fails": {
			tables: tables{putErr: map[string]error{"a/2": unavailable}}, batch: expired("b/1", "a/3", "a/2", "a/1"),
			want: audit.Outcome{Records: 4, Resurrected: 2, Failed: 2, Failures: []string{"a/3", "a/2"}}, puts: []string{"a/1", "b/1"},
		},
		"nothing is decided without positions": {
			tables: tables{readErr: unavailable}, batch: expired("a/1", "b/1"),
			want: audit.Outcome{Records: 2, Failed: 2, Failures: []string{"a/1", "b/1"}},
		},
		"positions that did not fit are read again": {
			tables: tables{positions: map[string]int64{"a": 1, "b": 1, "c": 1}, leave: 2}, batch: expired("a/1", "b/1", "c/2"),
			want: audit.Outcome{Records: 3, Delivered: 2, Resurrected: 1}, puts: []string{"c/2"},
		},
		"what cannot be read is sent again, what is no expiry is not": {
			tables: tables{positions: map[string]int64{"a": 1}},
			batch:  append(expired("a/zero", "a/1"), audit.Removal{SequenceNumber: "other"}),
			want:   audit.Outcome{Records: 3, Delivered: 1, Ignored: 1, Failed: 1, Failures: []string{"a/zero"}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := newAuditor(&test.tables).Audit(t.Context(), test.batch)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.puts, test.tables.names()); diff != "" {
				t.Errorf("put back (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPositionsAreReadAHundredAtATime(t *testing.T) {
	f := &tables{positions: map[string]int64{}}
	var names []string
	for i := range 250 {
		names = append(names, fmt.Sprintf("order-%d/1", i))
		f.positions[fmt.Sprintf("order-%d", i)] = 1
	}
	if out := newAuditor(f).Audit(t.Context(), expired(names...)); out.Delivered != 250 || f.reads != 3 {
		t.Errorf("%d delivered with %d reads, want 250 with 3", out.Delivered, f.reads)
	}
}

func TestInvoke(t *testing.T) {
	payload, err := os.ReadFile("testdata/expired.json")
	if err != nil {
		t.Fatal(err)
	}
	f := &tables{}
	response, err := newAuditor(f).Invoke(t.Context(), payload)
	if want := `{"batchItemFailures":[{"itemIdentifier":"700000000000000000003"}]}`; string(response) != want || err != nil {
		t.Errorf("response %s, error %v, want %s", response, err, want)
	}
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	num := func(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }
	want := []map[string]types.AttributeValue{{
		"orderId": text("01JDEXAMPLE000000000000001"), "sequence": num("2"), "eventId": text("01JDEXAMPLE00000000000000E"),
		"data":      text(`{"orderId":"01JDEXAMPLE000000000000001","note":"café"}`),
		"expiresAt": num(fmt.Sprint(now.Add(720 * time.Hour).Unix())), "republishedAt": text("2026-11-24T12:00:00.000000Z"),
		"flag": &types.AttributeValueMemberBOOL{Value: true}, "none": &types.AttributeValueMemberNULL{Value: true},
		"raw": &types.AttributeValueMemberB{Value: []byte{0, 1, 2}},
		"nested": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
			"list": &types.AttributeValueMemberL{Value: []types.AttributeValue{num("1"), text("two")}},
		}},
		"names": &types.AttributeValueMemberSS{Value: []string{"a", "b"}}, "numbers": &types.AttributeValueMemberNS{Value: []string{"1", "2.5"}},
		"blobs": &types.AttributeValueMemberBS{Value: [][]byte{{0}}},
	}}
	ignore := cmpopts.IgnoreUnexported(
		types.AttributeValueMemberS{}, types.AttributeValueMemberN{}, types.AttributeValueMemberBOOL{}, types.AttributeValueMemberNULL{},
		types.AttributeValueMemberB{}, types.AttributeValueMemberM{}, types.AttributeValueMemberL{}, types.AttributeValueMemberSS{},
		types.AttributeValueMemberNS{}, types.AttributeValueMemberBS{})
	if diff := cmp.Diff(want, f.puts, ignore); diff != "" {
		t.Errorf("put back (-want +got):\n%s", diff)
	}
}

func TestDecodeBatch(t *testing.T) {
	record := func(members string) string { return `{"Records":[{"eventSource":"aws:dynamodb",` + members + `}]}` }
	const service = `"userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"}`
	const image = `"OldImage":{"orderId":{"S":"a"},"sequence":{"N":"1"}}`
	tests := map[string]struct {
		payload string
		want    string // the error of the batch, or of its record
	}{
		"an expiry":                            {record(service + `,"eventName":"REMOVE","dynamodb":{"SequenceNumber":"1",` + image + `}`), ""},
		"members in another order":             {record(`"dynamodb":{` + image + `,"SequenceNumber":"1"},"eventName":"REMOVE",` + service), ""},
		"as the stream itself has it":          {record(`"userIdentity":{"Type":"Service","PrincipalId":"dynamodb.amazonaws.com"},"eventName":"REMOVE","dynamodb":{"SequenceNumber":"1",` + image + `}`), ""},
		"no JSON":                              {`hello`, "not a batch of DynamoDB stream records"},
		"more than JSON":                       {`{"Records":[]} {}`, "not a batch of DynamoDB stream records"},
		"a record without sequence number":     {record(service + `,"eventName":"REMOVE","dynamodb":{` + image + `}`), "without dynamodb.SequenceNumber"},
		"an expiry without old image":          {record(service + `,"eventName":"REMOVE","dynamodb":{"SequenceNumber":"1"}`), "OldImage is missing"},
		"an item that is no event":             {record(service + `,"eventName":"REMOVE","dynamodb":{"SequenceNumber":"1","OldImage":{"orderId":{"S":"a"}}}`), "no orderId or no sequence"},
		"a sequence that is none":              {record(service + `,"eventName":"REMOVE","dynamodb":{"SequenceNumber":"1","OldImage":{"orderId":{"S":"a"},"sequence":{"N":"0"}}}`), "want a whole number from 1 on"},
		"an attribute of two types":            {record(service + `,"eventName":"REMOVE","dynamodb":{"SequenceNumber":"1","OldImage":{"orderId":{"S":"a","N":"1"}}}`), "more than one type"},
		"an attribute of an unknown type":      {record(service + `,"eventName":"REMOVE","dynamodb":{"SequenceNumber":"1","OldImage":{"orderId":{"X":"a"}}}`), "unknown type"},
		"a binary attribute that is no base64": {record(service + `,"eventName":"REMOVE","dynamodb":{"SequenceNumber":"1","OldImage":{"orderId":{"B":"?"}}}`), "not base64"},
		"another source":                       {`{"Records":[{"eventSource":"aws:kinesis","dynamodb":{"SequenceNumber":"1"}}]}`, "want aws:dynamodb"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			batch, err := audit.DecodeBatch([]byte(test.payload))
			if err == nil {
				err = batch[0].Err
			}
			if test.want == "" {
				if err != nil || !batch[0].Expired || batch[0].OrderID != "a" || batch[0].Sequence != 1 {
					t.Errorf("error %v, batch %+v", err, batch)
				}
			} else if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestRemovalsByClientsAreNothingToAudit(t *testing.T) {
	batch, err := audit.DecodeBatch([]byte(`{"Records":[
		{"eventSource":"aws:dynamodb","eventName":"REMOVE","dynamodb":{"SequenceNumber":"1"}},
		{"eventSource":"aws:dynamodb","eventName":"REMOVE","userIdentity":null,"dynamodb":{"SequenceNumber":"2"}},
		{"eventSource":"aws:dynamodb","eventName":"INSERT","userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"},"dynamodb":{"SequenceNumber":"3"}},
		{"eventSource":"aws:dynamodb","eventName":"REMOVE","userIdentity":{"type":"Service","principalId":"replication.dynamodb.amazonaws.com"},"dynamodb":{"SequenceNumber":"4"}}]}`))
	if err != nil || len(batch) != 4 {
		t.Fatalf("error %v, batch %+v", err, batch)
	}
	if slices.ContainsFunc(batch, func(r audit.Removal) bool { return r.Expired || r.Err != nil }) {
		t.Errorf("batch %+v", batch)
	}
}
