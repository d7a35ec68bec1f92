package change_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"transactional-outbox/handlers/alloctest"
	"transactional-outbox/handlers/change"
)

func read(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// reference is the same record by encoding/json.
type reference struct {
	AwsRegion, EventID, EventName, TableName, EventSource, RecordFormat string
	UserIdentity                                                        *struct{ Type, PrincipalID string }
	Dynamodb                                                            struct {
		ApproximateCreationDateTime          int64
		ApproximateCreationDateTimePrecision string
		Keys, NewImage, OldImage             map[string]map[string]json.RawMessage
		SizeBytes                            int64
	}
}

func (r *reference) record(t interface{ Fatal(...any) }) *change.Record {
	created := time.UnixMilli(r.Dynamodb.ApproximateCreationDateTime)
	if r.Dynamodb.ApproximateCreationDateTimePrecision == "MICROSECOND" {
		created = time.UnixMicro(r.Dynamodb.ApproximateCreationDateTime)
	}
	image := func(m map[string]map[string]json.RawMessage) change.Image {
		var i change.Image
		for name, value := range m {
			for kind, raw := range value {
				a := change.Attribute{Name: name, Type: kind, Text: string(raw)}
				if kind == "S" || kind == "N" || kind == "B" {
					if err := json.Unmarshal(raw, &a.Text); err != nil {
						t.Fatal(err)
					}
				}
				i = append(i, a)
			}
		}
		return i
	}
	return &change.Record{
		Region: r.AwsRegion, EventID: r.EventID, EventName: change.EventName(r.EventName), Table: r.TableName, Created: created.UTC(),
		Precision: r.Dynamodb.ApproximateCreationDateTimePrecision, SizeBytes: r.Dynamodb.SizeBytes,
		ByTTL: r.EventName == "REMOVE" && r.UserIdentity != nil && r.UserIdentity.PrincipalID == "dynamodb.amazonaws.com",
		Keys:  image(r.Dynamodb.Keys), NewImage: image(r.Dynamodb.NewImage), OldImage: image(r.Dynamodb.OldImage),
	}
}

var sameRecord = cmp.Options{
	cmpopts.EquateEmpty(),
	cmpopts.SortSlices(func(a, b change.Attribute) bool { return a.Name < b.Name }),
}

func compare(t interface {
	Fatal(...any)
	Fatalf(string, ...any)
}, text string) *change.Record {
	var ref reference
	if err := json.Unmarshal([]byte(text), &ref); err != nil {
		t.Fatal(err)
	}
	got := new(change.Record)
	if err := got.Decode(text); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if diff := cmp.Diff(ref.record(t), got, sameRecord); diff != "" {
		t.Fatalf("(-encoding/json +got):\n%s", diff)
	}
	return got
}

func TestDecodeEveryShapeThereIs(t *testing.T) {
	for name, test := range map[string]struct {
		event           change.EventName
		created         string
		keys, new_, old int
		ttl             bool
	}{
		"insert-milliseconds.json":        {change.Insert, "2026-11-24T12:00:00.123Z", 2, 13, 0, false},
		"insert-microseconds.json":        {change.Insert, "2026-11-24T12:00:00.123456Z", 2, 13, 0, false},
		"modify-milliseconds.json":        {change.Modify, "2026-11-25T08:00:00Z", 2, 14, 13, false},
		"modify-microseconds.json":        {change.Modify, "2026-11-25T08:00:00Z", 2, 14, 13, false},
		"remove.json":                     {change.Remove, "2026-11-25T09:46:40Z", 2, 0, 13, false},
		"remove-by-ttl.json":              {change.Remove, "2026-12-26T15:46:40Z", 2, 0, 13, true},
		"remove-by-ttl-milliseconds.json": {change.Remove, "2026-12-26T15:46:40Z", 2, 0, 13, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := compare(t, read(t, name))
			if r.EventName != test.event || r.Created.Format(time.RFC3339Nano) != test.created || r.ByTTL != test.ttl || r.Table != "events-5f1c2ab" {
				t.Errorf("got %s of %s at %s, by TTL %t", r.EventName, r.Table, r.Created.Format(time.RFC3339Nano), r.ByTTL)
			}
			if len(r.Keys) != test.keys || len(r.NewImage) != test.new_ || len(r.OldImage) != test.old {
				t.Errorf("%d keys, %d new, %d old", len(r.Keys), len(r.NewImage), len(r.OldImage))
			}
			if n, ok := r.Keys.Lookup("sequence", "N"); !ok || n != "1" && n != "2" {
				t.Errorf("sequence %q", n)
			}
			if _, ok := r.Keys.Lookup("sequence", "S"); ok {
				t.Error("found under another type")
			}
		})
	}
}

// A value of every type, as DynamoDB JSON.
func attribute(depth int) *rapid.Generator[map[string]any] {
	text := rapid.String()
	return rapid.Custom(func(t *rapid.T) map[string]any {
		kinds := []string{"S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"}
		if depth == 0 {
			kinds = kinds[:8]
		}
		switch kind := rapid.SampledFrom(kinds).Draw(t, "kind"); kind {
		case "S":
			return map[string]any{kind: text.Draw(t, "S")}
		case "N":
			return map[string]any{kind: json.Number(rapid.StringMatching(`-?[1-9][0-9]{0,30}`).Draw(t, "N")).String()}
		case "B":
			return map[string]any{kind: rapid.SliceOf(rapid.Byte()).Draw(t, "B")}
		case "BOOL":
			return map[string]any{kind: rapid.Bool().Draw(t, "BOOL")}
		case "NULL":
			return map[string]any{kind: true}
		case "L":
			return map[string]any{kind: rapid.SliceOfN(attribute(depth-1), 0, 3).Draw(t, "L")}
		case "M":
			return map[string]any{kind: rapid.MapOfN(text, attribute(depth-1), 0, 3).Draw(t, "M")}
		default:
			return map[string]any{kind: rapid.SliceOfN(text, 1, 3).Draw(t, kind)}
		}
	})
}

// What encoding/json writes is read as encoding/json reads it, whatever the order of the members, and whatever else there is.
func TestDecodeWhatEncodingJSONWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		item := rapid.MapOfN(rapid.String(), attribute(2), 1, 4)
		dynamodb := map[string]any{
			"ApproximateCreationDateTime": rapid.Int64Range(0, 1<<52).Draw(t, "created"),
			"Keys":                        item.Draw(t, "keys"),
			"SizeBytes":                   rapid.IntRange(0, 400<<10).Draw(t, "size"),
		}
		event := rapid.SampledFrom([]string{"INSERT", "MODIFY", "REMOVE"}).Draw(t, "event")
		if event != "REMOVE" {
			dynamodb["NewImage"] = item.Draw(t, "new")
		}
		if event != "INSERT" {
			dynamodb["OldImage"] = item.Draw(t, "old")
		}
		if rapid.Bool().Draw(t, "micro") {
			dynamodb["ApproximateCreationDateTimePrecision"] = "MICROSECOND"
		}
		record := map[string]any{
			"awsRegion": rapid.String().Draw(t, "region"), "eventID": rapid.String().Draw(t, "id"), "eventName": event, "userIdentity": nil,
			"recordFormat": "application/json", "tableName": rapid.StringN(1, 20, -1).Draw(t, "table"), "dynamodb": dynamodb, "eventSource": "aws:dynamodb",
		}
		if rapid.Bool().Draw(t, "service") {
			record["userIdentity"] = map[string]any{"type": "Service", "principalId": "dynamodb.amazonaws.com", "more": []int{1}}
		}
		for _, name := range rapid.SliceOf(rapid.StringMatching(`x[a-z]{1,5}`)).Draw(t, "unknown") {
			record[name], dynamodb[name] = attribute(1).Draw(t, "value"), 12.5
		}
		text, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, string(text))
	})
}

func TestARecordCanBeUsedAgain(t *testing.T) {
	var r change.Record
	for _, name := range []string{"modify-microseconds.json", "insert-milliseconds.json", "remove-by-ttl.json", "insert-microseconds.json"} {
		if err := r.Decode(read(t, name)); err != nil {
			t.Fatal(err)
		}
		var fresh change.Record
		if err := fresh.Decode(read(t, name)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fresh, r, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-fresh +used):\n%s", name, diff)
		}
	}
}

func TestDecodeRefusesAnythingElse(t *testing.T) {
	insert := read(t, "insert-microseconds.json")
	replace := func(old, new string) string {
		if !strings.Contains(insert, old) {
			t.Fatalf("no %s in the record", old)
		}
		return strings.Replace(insert, old, new, 1)
	}
	for name, test := range map[string]struct{ text, want string }{
		"nothing":              {"", "unexpected end, want an object"},
		"another format":       {"\x00\x01protobuf", "unexpected '\\x00', want an object"},
		"an array":             {"[]", "want an object"},
		"an empty object":      {"{}", `eventSource is "", want aws:dynamodb`},
		"cut short":            {insert[:len(insert)/2], "unexpected end"},
		"more behind it":       {insert + "{}", "unexpected text after the end"},
		"a DynamoDB Stream's":  {replace(`"ApproximateCreationDateTime":1795521600123456`, `"ApproximateCreationDateTime":1.7955216E9`), "number is not a 64-bit integer"},
		"another source":       {replace(`"aws:dynamodb"`, `"aws:s3"`), `eventSource is "aws:s3", want aws:dynamodb`},
		"another event":        {replace(`"INSERT"`, `"UPSERT"`), `eventName is "UPSERT", want INSERT, MODIFY or REMOVE`},
		"another format named": {replace(`"application/json"`, `"application/ion"`), `recordFormat is "application/ion", want application/json`},
		"another precision":    {replace(`"MICROSECOND"`, `"NANOSECOND"`), `ApproximateCreationDateTimePrecision is "NANOSECOND", want MILLISECOND or MICROSECOND`},
		"no table":             {replace(`"tableName"`, `"table"`), "tableName is missing"},
		"no keys":              {replace(`"Keys"`, `"keys"`), "dynamodb.Keys is missing"},
		"no image":             {replace(`"NewImage"`, `"Image"`), "dynamodb.NewImage is missing"},
		"no time":              {replace(`"ApproximateCreationDateTime"`, `"Time"`), "dynamodb.ApproximateCreationDateTime is missing"},
		"no change":            {replace(`"dynamodb":`, `"change":`), "dynamodb is missing"},
		"an unknown type":      {replace(`{"N":"1"}`, `{"X":"1"}`), "attribute of an unknown type"},
		"no type":              {replace(`{"N":"1"}`, `{}`), "attribute without a type"},
		"two types":            {replace(`{"N":"1"}`, `{"N":"1","S":"1"}`), "attribute of more than one type"},
		"a bare value":         {replace(`{"N":"1"}`, `1`), "want an object"},
		"not UTF-8":            {replace("café", "caf\xe9"), "string is not valid UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			var r change.Record
			err := r.Decode(test.text)
			if !errors.Is(err, change.ErrFormat) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestWhatCouldBeReadOfABrokenRecordIsThere(t *testing.T) {
	insert := read(t, "insert-microseconds.json")
	var r change.Record
	if err := r.Decode(insert[:strings.Index(insert, "NewImage")+200]); err == nil {
		t.Fatal("no error")
	}
	if id, ok := r.Keys.Lookup("orderId", "S"); !ok || id != "01KAV8Q3ZJ4M5T6W7X8Y9Z0ABC" || r.Table == "" {
		t.Errorf("got %+v", r)
	}
}

func TestDecodeBatch(t *testing.T) {
	got, err := change.DecodeBatch([]byte(read(t, "batch.json")))
	if err != nil {
		t.Fatal(err)
	}
	want := []change.Delivery{
		{SequenceNumber: "49657828409187701520019995242508390119953358325192589314", ShardID: "shardId-000000000003", Data: read(t, "insert-microseconds.json")},
		{SequenceNumber: "49657828409187701520019995242508390119953358325192589315", ShardID: "shardId-000000000003", Data: read(t, "modify-microseconds.json")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, test := range map[string]struct{ payload, want string }{
		"no JSON":            {`no`, "want an object"},
		"no data":            {`{"Records":[{"kinesis":{"sequenceNumber":"1"}}]}`, "record without kinesis.sequenceNumber and kinesis.data"},
		"no sequence number": {`{"Records":[{"kinesis":{"data":""}}]}`, "record without kinesis.sequenceNumber and kinesis.data"},
		"another event":      {`{"Records":[{"s3":{}}]}`, "record without kinesis.sequenceNumber and kinesis.data"},
		"no base64":          {`{"Records":[{"kinesis":{"sequenceNumber":"1","data":"!"}}]}`, "string is not base64"},
	} {
		if _, err := change.DecodeBatch([]byte(test.payload)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
	for _, empty := range []string{`{}`, `{"Records":[]}`} {
		if got, err := change.DecodeBatch([]byte(empty)); err != nil || len(got) != 0 {
			t.Errorf("%s: got %v, %v", empty, got, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		f.Add(read(f, filepath.Base(name)))
	}
	f.Fuzz(func(t *testing.T, text string) {
		var r change.Record
		if err := r.Decode(text); err != nil {
			if !errors.Is(err, change.ErrFormat) {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		if !json.Valid([]byte(text)) || r.Table == "" || len(r.Keys) == 0 || r.EventName != change.Remove && len(r.NewImage) == 0 {
			t.Fatalf("%q is no change record, got %+v", text, r)
		}
	})
}

// payload is a batch of n inserts, as Lambda sends it.
func payload(tb testing.TB, n int) []byte {
	record := `{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"859F7C064A4818874FA67ABEC9BF2A01","sequenceNumber":"49657828409187701520019995242508390119953358325192589314","data":"` +
		base64.StdEncoding.EncodeToString([]byte(read(tb, "insert-microseconds.json"))) + `","approximateArrivalTimestamp":1795521600.932},"eventSource":"aws:kinesis","eventVersion":"1.0",` +
		`"eventID":"shardId-000000000003:49657828409187701520019995242508390119953358325192589314","eventName":"aws:kinesis:record","invokeIdentityArn":"arn:aws:iam::123456789012:role/fulfilment-role-1a2b3c4",` +
		`"awsRegion":"eu-west-1","eventSourceARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/events-9e8d7c6"},`
	return []byte(`{"Records":[` + strings.TrimSuffix(strings.Repeat(record, n), ",") + `]}`)
}

// decodeAll is what a consumer does with a batch before it does anything with its events.
func decodeAll(tb testing.TB, payload []byte, r *change.Record) {
	batch, err := change.DecodeBatch(payload)
	if err != nil {
		tb.Fatal(err)
	}
	for i := range batch {
		if err := r.Decode(batch[i].Data); err != nil {
			tb.Fatal(err)
		}
	}
}

// The event's data, JSON within JSON, is the one string of a record that cannot be a part of the text.
func TestAllocationsAreBounded(t *testing.T) {
	text := payload(t, 100)
	var r change.Record
	one := read(t, "insert-microseconds.json")
	alloctest.Hold(t,
		alloctest.Path{Name: "batch of 100 records", Most: 119, Run: func() error { decodeAll(t, text, &r); return nil }},
		alloctest.Path{Name: "record", Most: 1, Run: func() error { return r.Decode(one) }},
	)
}

func BenchmarkDecode(b *testing.B) {
	text := payload(b, 100)
	b.Run("batch of 100", func(b *testing.B) {
		var r change.Record
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			decodeAll(b, text, &r)
		}
	})
	one := read(b, "insert-microseconds.json")
	b.Run("record", func(b *testing.B) {
		var r change.Record
		b.SetBytes(int64(len(one)))
		b.ReportAllocs()
		for b.Loop() {
			if err := r.Decode(one); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("record by encoding json", func(b *testing.B) {
		b.SetBytes(int64(len(one)))
		b.ReportAllocs()
		for b.Loop() {
			var r reference
			if err := json.Unmarshal([]byte(one), &r); err != nil {
				b.Fatal(err)
			}
		}
	})
}
