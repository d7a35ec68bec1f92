package projection_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"transactional-outbox/handlers/outbox"
	"transactional-outbox/handlers/projection"
	"transactional-outbox/handlers/tabletest"
)

// A want is a state without its times.
type want struct {
	Last   int64
	Status string
	ID     string
	Parked string // reason/sequence/event id
}

func seen(s *projection.State) *want {
	if s == nil {
		return nil
	}
	w := &want{Last: s.LastSequence, Status: s.Status, ID: s.LastEventID}
	if s.Parked != nil {
		w.Parked = fmt.Sprintf("%s/%d/%s", s.Parked.Reason, s.Parked.Sequence, s.Parked.EventID)
	}
	return w
}

func TestConsume(t *testing.T) {
	spoil := func(e *outbox.Event, edit func(record, dynamodb map[string]any, image map[string]map[string]string)) []string {
		return []string{record(e, edit)}
	}
	s := story("o", 9)
	touched := *s[1]
	touched.RepublishedAt = touched.Time.Add(time.Hour)
	foreign := func(r, _ map[string]any, _ map[string]map[string]string) { r["tableName"] = "others" }
	noType := func(_, _ map[string]any, image map[string]map[string]string) { delete(image, "type") }

	for name, test := range map[string]struct {
		before  []string        // records applied before
		outbox  []*outbox.Event // what is there to read
		records []string
		state   *want
		outcome projection.Outcome
		calls   map[string]int64
	}{
		"first event":                  {nil, nil, records(s[0]), &want{1, "OPEN", "o-1", ""}, projection.Outcome{Applied: 1}, map[string]int64{"UpdateItem": 1}},
		"next event":                   {records(s[0]), nil, records(s[1]), &want{2, "CLOSED", "o-2", ""}, projection.Outcome{Applied: 1}, map[string]int64{"UpdateItem": 1}},
		"whole story":                  {nil, nil, records(s[:4]...), &want{4, "CLOSED", "o-4", ""}, projection.Outcome{Applied: 4}, map[string]int64{"UpdateItem": 1}},
		"whole story backwards":        {nil, nil, records(s[3], s[2], s[1], s[0]), &want{4, "CLOSED", "o-4", ""}, projection.Outcome{Applied: 4}, map[string]int64{"UpdateItem": 1}},
		"duplicate in a batch":         {nil, nil, records(s[0], s[0], s[1], s[0]), &want{2, "CLOSED", "o-2", ""}, projection.Outcome{Applied: 2, Duplicates: 2}, map[string]int64{"UpdateItem": 1}},
		"duplicate later":              {records(s[:3]...), nil, records(s[0], s[1]), &want{3, "OPEN", "o-3", ""}, projection.Outcome{Duplicates: 2}, map[string]int64{"UpdateItem": 1}},
		"sent again by hand":           {records(s[:2]...), nil, records(&touched), &want{2, "CLOSED", "o-2", ""}, projection.Outcome{Duplicates: 1}, map[string]int64{"UpdateItem": 1}},
		"gap":                          {records(s[0]), s, records(s[3]), &want{4, "CLOSED", "o-4", ""}, projection.Outcome{Applied: 3, GapsFilled: 2}, map[string]int64{"UpdateItem": 2, "Query": 1}},
		"gap from the start":           {nil, s, records(s[2]), &want{3, "OPEN", "o-3", ""}, projection.Outcome{Applied: 3, GapsFilled: 2}, map[string]int64{"UpdateItem": 2, "Query": 1}},
		"gap, then what was missing":   {nil, s, records(s[2], s[5]), &want{6, "CLOSED", "o-6", ""}, projection.Outcome{Applied: 6, GapsFilled: 4}, map[string]int64{"UpdateItem": 3, "Query": 2}},
		"gap in the middle of a batch": {nil, s, records(s[0], s[1], s[4], s[5]), &want{6, "CLOSED", "o-6", ""}, projection.Outcome{Applied: 6, GapsFilled: 2}, map[string]int64{"UpdateItem": 2, "Query": 1}},
		"partly applied before":        {records(s[:2]...), nil, records(s[:5]...), &want{5, "OPEN", "o-5", ""}, projection.Outcome{Applied: 3, Duplicates: 2}, map[string]int64{"UpdateItem": 2}},
		"all applied before":           {records(s[:5]...), nil, records(s[1:4]...), &want{5, "OPEN", "o-5", ""}, projection.Outcome{Duplicates: 3}, map[string]int64{"UpdateItem": 1}},
		"from another status":          {records(s[:2]...), nil, records(event("o", 3, "toggle"), event("o", 4, "toggle")), &want{4, "CLOSED", "o-4", ""}, projection.Outcome{Applied: 2}, map[string]int64{"UpdateItem": 2}},
		"unreadable in the middle":     {records(s[0]), nil, append(append(records(s[1], s[2]), spoil(s[3], noType)...), records(s[4])...), &want{3, "OPEN", "o-3", "decode/4/"}, projection.Outcome{Applied: 2, Parked: 2}, map[string]int64{"UpdateItem": 2}},
		"rule broken after a gap":      {records(s[0]), s, records(event("o", 4, "open"), s[4]), &want{3, "OPEN", "o-3", "rule/4/o-4"}, projection.Outcome{Applied: 2, GapsFilled: 2, Parked: 2}, map[string]int64{"UpdateItem": 3, "Query": 1}},
		"gap that nothing fills":       {records(s[0]), nil, records(s[3]), &want{1, "OPEN", "o-1", "gap/2/"}, projection.Outcome{Parked: 1}, map[string]int64{"UpdateItem": 2, "Query": 1}},
		"gap filled in part":           {records(s[0]), []*outbox.Event{s[1], s[3]}, records(s[5]), &want{2, "CLOSED", "o-2", "gap/3/"}, projection.Outcome{Applied: 1, GapsFilled: 1, Parked: 1}, map[string]int64{"UpdateItem": 3, "Query": 1}},
		"gap at the beginning":         {nil, []*outbox.Event{s[1]}, records(s[2]), &want{0, "", "", "gap/1/"}, projection.Outcome{Parked: 1}, map[string]int64{"UpdateItem": 2, "Query": 1}},
		"rule broken":                  {records(s[0]), nil, records(event("o", 2, "open")), &want{1, "OPEN", "o-1", "rule/2/o-2"}, projection.Outcome{Parked: 1}, nil},
		"rule broken at the beginning": {nil, nil, records(event("o", 1, "close")), &want{0, "", "", "rule/1/o-1"}, projection.Outcome{Parked: 1}, map[string]int64{"UpdateItem": 1}},
		"rule broken in a gap":         {records(s[0]), []*outbox.Event{event("o", 2, "open"), s[2]}, records(s[3]), &want{1, "OPEN", "o-1", "rule/2/o-2"}, projection.Outcome{Parked: 1}, nil},
		"unknown type":                 {records(s[0]), nil, records(event("o", 2, "explode")), &want{1, "OPEN", "o-1", "rule/2/o-2"}, projection.Outcome{Parked: 1}, map[string]int64{"UpdateItem": 1}},
		"unknown type far ahead":       {records(s[0]), s, records(event("o", 4, "explode")), &want{3, "OPEN", "o-3", "rule/4/o-4"}, projection.Outcome{Applied: 2, GapsFilled: 2, Parked: 1}, nil},
		"unknown type, duplicate":      {records(s[:3]...), nil, records(event("o", 2, "explode")), &want{3, "OPEN", "o-3", ""}, projection.Outcome{Duplicates: 1}, nil},
		"event from any status":        {records(s[0]), nil, records(event("o", 2, "slam")), &want{2, "CLOSED", "o-2", ""}, projection.Outcome{Applied: 1}, map[string]int64{"UpdateItem": 1}},
		"guess that is right":          {records(s[0]), nil, records(event("o", 2, "toggle")), &want{2, "CLOSED", "o-2", ""}, projection.Outcome{Applied: 1}, map[string]int64{"UpdateItem": 1}},
		"guess that is wrong":          {records(s[:2]...), nil, records(event("o", 3, "toggle")), &want{3, "OPEN", "o-3", ""}, projection.Outcome{Applied: 1}, map[string]int64{"UpdateItem": 2}},
		"unreadable event":             {records(s[0]), nil, spoil(s[1], noType), &want{1, "OPEN", "o-1", "decode/2/"}, projection.Outcome{Parked: 1}, map[string]int64{"UpdateItem": 1}},
		"unreadable first event":       {nil, nil, spoil(s[0], noType), &want{0, "", "", "decode/1/"}, projection.Outcome{Parked: 1}, map[string]int64{"UpdateItem": 1}},
		"unreadable, far ahead":        {records(s[0]), s, spoil(s[3], noType), &want{3, "OPEN", "o-3", "decode/4/"}, projection.Outcome{Applied: 2, GapsFilled: 2, Parked: 1}, nil},
		"unreadable in the outbox":     {records(s[0]), []*outbox.Event{{OrderID: "o", Sequence: 2}}, records(s[2]), &want{1, "OPEN", "o-1", "decode/2/"}, projection.Outcome{Parked: 1}, nil},
		"gap before an unreadable one": {records(s[0]), []*outbox.Event{{OrderID: "o", Sequence: 3}}, records(s[3]), &want{1, "OPEN", "o-1", "gap/2/"}, projection.Outcome{Parked: 1}, nil},
		"unreadable, then the same":    {nil, nil, append(spoil(s[0], noType), record(s[0], nil)), &want{1, "OPEN", "o-1", ""}, projection.Outcome{Applied: 1, Duplicates: 1}, map[string]int64{"UpdateItem": 1}},
		"sequence that is none": {nil, nil, spoil(s[0], func(_, _ map[string]any, image map[string]map[string]string) { image["sequence"]["N"] = "1.0" }),
			nil, projection.Outcome{Failed: 1}, nil},
		"image of another event": {nil, nil, spoil(s[0], func(_, _ map[string]any, image map[string]map[string]string) {
			image["sequence"] = map[string]string{"N": "2"}
		}),
			&want{0, "", "", "decode/1/"}, projection.Outcome{Parked: 1}, nil},
		"all of a parked order": {spoil(s[0], noType), nil, records(s[0], s[1], s[2]), &want{0, "", "", "decode/1/"}, projection.Outcome{Parked: 3}, map[string]int64{"UpdateItem": 1}},
		"parked in the middle":  {nil, nil, records(s[0], event("o", 2, "open"), s[2], s[3]), &want{1, "OPEN", "o-1", "rule/2/o-2"}, projection.Outcome{Applied: 1, Parked: 3}, map[string]int64{"UpdateItem": 2}},
		"removal": {nil, nil, spoil(s[0], func(r, d map[string]any, _ map[string]map[string]string) {
			r["eventName"] = "REMOVE"
			delete(d, "NewImage")
		}), nil, projection.Outcome{Ignored: 1}, map[string]int64{}},
		"another table": {nil, nil, spoil(s[0], foreign), nil, projection.Outcome{Ignored: 1}, map[string]int64{}},
		"no order": {nil, nil, spoil(s[0], func(_, d map[string]any, _ map[string]map[string]string) {
			d["Keys"] = map[string]any{"id": map[string]string{"S": "1"}}
		}), nil, projection.Outcome{Failed: 1, Failures: []string{"1000"}}, map[string]int64{}},
		"no change record":       {nil, nil, append([]string{"not JSON"}, records(s[0])...), &want{1, "OPEN", "o-1", ""}, projection.Outcome{Applied: 1, Failed: 1, Failures: []string{"1000"}}, map[string]int64{"UpdateItem": 1}},
		"nothing":                {nil, nil, nil, nil, projection.Outcome{}, map[string]int64{}},
		"broken behind its keys": {nil, nil, []string{strings.TrimSuffix(record(s[0], nil), "}")}, &want{0, "", "", "decode/1/"}, projection.Outcome{Parked: 1}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			tables := tabletest.New(t, nil)
			putEvents(t, tables, test.outbox...)
			c := consumer(tables.Client, nil)
			if out := c.Consume(t.Context(), deliver(test.before...)); len(out.Failures) > 0 {
				t.Fatalf("before: %+v", out)
			}
			before := tables.Calls()
			got := c.Consume(t.Context(), deliver(test.records...))
			test.outcome.Records = len(test.records)
			if test.outcome.Failed > 0 && test.outcome.Failures == nil {
				test.outcome.Failures = []string{"1000"}
			}
			if diff := cmp.Diff(test.outcome, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
			if sum := got.Applied - got.GapsFilled + got.Duplicates + got.Parked + got.Failed + got.Ignored; sum != got.Records {
				t.Errorf("%d records, %d accounted for", got.Records, sum)
			}
			after := tables.Calls()
			calls := map[string]int64{}
			for name, n := range after {
				if n -= before[name]; n > 0 {
					calls[name] = n
				}
			}
			if test.calls != nil {
				if diff := cmp.Diff(test.calls, calls); diff != "" {
					t.Errorf("calls (-want +got):\n%s", diff)
				}
			}
			if diff := cmp.Diff(test.state, seen(states(t, tables)["o"])); diff != "" {
				t.Errorf("state (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParkingKeepsTheFirstMarkAndThePosition(t *testing.T) {
	tables := tabletest.New(t, nil)
	c := consumer(tables.Client, nil)
	c.Consume(t.Context(), deliver(append(records(story("o", 3)...), record(event("o", 4, "open"), nil))...))
	first := states(t, tables)["o"]
	c.Consume(t.Context(), deliver(record(event("o", 4, "explode"), nil), record(event("o", 5, "close"), nil)))
	if diff := cmp.Diff(first, states(t, tables)["o"]); diff != "" || first.Parked == nil || first.Parked.Detail != `no open after "OPEN"` || first.LastSequence != 3 {
		t.Errorf("(-first +now):\n%s", diff)
	}
}

func TestAnOrderGoesOnOnceItIsUnparked(t *testing.T) {
	tables := tabletest.New(t, nil)
	s := story("o", 4)
	putEvents(t, tables, s...)
	c := consumer(tables.Client, nil)
	noType := func(_, _ map[string]any, image map[string]map[string]string) { delete(image, "type") }
	for _, start := range []int{0, 2} {
		c.Consume(t.Context(), deliver(record(s[start], noType)))
		item := tables.Items(t, tabletest.Fulfilments)[0]
		if item["parked"] == nil {
			t.Fatalf("not parked: %v", item)
		}
		delete(item, "parked")
		tables.Put(t, tabletest.Fulfilments, item)
		c.Consume(t.Context(), deliver(records(s[start], s[start+1])...))
	}
	if diff := cmp.Diff(&want{4, "CLOSED", "o-4", ""}, seen(states(t, tables)["o"])); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPoisonParksItsOrderOnly(t *testing.T) {
	tables := tabletest.New(t, nil)
	var list []string
	for i := range 40 {
		o := fmt.Sprintf("o%02d", i)
		s := story(o, 3)
		if i == 17 {
			s[1].Type = "explode"
		}
		list = append(list, records(s...)...)
	}
	out := consumer(tables.Client, nil).Consume(t.Context(), deliver(list...))
	if diff := cmp.Diff(projection.Outcome{Records: 120, Applied: 118, Parked: 2}, out); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for o, s := range states(t, tables) {
		if parked := o == "o17"; parked != (s.Parked != nil) || !parked && s.LastSequence != 3 {
			t.Errorf("%s: %+v", o, s)
		}
	}
}

// lambdaEvent is a batch as Lambda hands it over.
func lambdaEvent(t testing.TB, list ...string) []byte {
	t.Helper()
	var event struct{ Records []map[string]any }
	for _, d := range deliver(list...) {
		event.Records = append(event.Records, map[string]any{
			"kinesis": map[string]any{"sequenceNumber": d.SequenceNumber, "data": base64.StdEncoding.EncodeToString([]byte(d.Data))},
			"eventID": d.ShardID + ":" + d.SequenceNumber,
		})
	}
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

func TestInvoke(t *testing.T) {
	tables := tabletest.New(t, nil)
	var log bytes.Buffer
	c := projection.New(tables.Client, "arn:aws:dynamodb:eu-west-1:000000000000:table/"+tabletest.Events, tabletest.Fulfilments, door(), &projection.Options{
		Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	foreign := func(r, _ map[string]any, _ map[string]map[string]string) { r["tableName"] = "others" }
	got, err := c.Invoke(t.Context(), lambdaEvent(t, record(event("o", 1, "open"), nil), "junk", record(event("p", 1, "close"), nil), record(event("p", 1, "open"), foreign), "junk"))
	if want := `{"batchItemFailures":[{"itemIdentifier":"1001"},{"itemIdentifier":"1004"}]}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
	if got, err := c.Invoke(t.Context(), []byte(`{"Records":[]}`)); err != nil || string(got) != `{"batchItemFailures":[]}` {
		t.Errorf("nothing: got %s, %v", got, err)
	}
	if _, err := c.Invoke(t.Context(), []byte(`{"version":"2.0","Records":1}`)); err == nil {
		t.Error("another event: no error")
	}
	lines := map[string]map[string]any{}
	for line := range strings.Lines(log.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		delete(fields, "time")
		if _, twice := lines[fields["msg"].(string)]; !twice {
			lines[fields["msg"].(string)] = fields
		}
	}
	for _, want := range []map[string]any{
		{"level": "INFO", "msg": "batch done", "records": 5.0, "applied": 1.0, "duplicates": 0.0, "gapsFilled": 0.0, "parked": 1.0, "failed": 2.0},
		{"level": "WARN", "msg": "order parked", "orderId": "p", "sequence": 1.0, "eventId": "p-1", "reason": "rule"},
		{"level": "DEBUG", "msg": "event applied", "orderId": "o", "eventId": "o-1", "sequence": 1.0, "type": "open"},
		{"level": "WARN", "msg": "records of another table ignored", "records": 1.0, "table": "others"},
	} {
		if diff := cmp.Diff(want, lines[want["msg"].(string)]); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestStateIsRead(t *testing.T) {
	tables := tabletest.New(t, nil)
	r := &projection.Reader{DynamoDB: tables.Client, Table: tabletest.Fulfilments}
	if s, err := r.Get(t.Context(), "o"); s != nil || err != nil {
		t.Errorf("got %+v, %v of nothing", s, err)
	}
	now := time.Date(2026, 11, 24, 12, 0, 0, 1000, time.UTC)
	c := consumer(tables.Client, &projection.Options{Now: func() time.Time { return now }})
	c.Consume(t.Context(), deliver(records(event("o", 1, "open"), event("o", 2, "explode"))...))
	got, err := r.Get(t.Context(), "o")
	expected := &projection.State{OrderID: "o", LastSequence: 1, LastCount: 1, Status: "OPEN", LastEventID: "o-1", UpdatedAt: now, Parked: &projection.Parked{
		Reason: projection.ReasonRule, Detail: `no explode after "OPEN"`, Sequence: 2, EventID: "o-2", At: now,
	}}
	if diff := cmp.Diff(expected, got); diff != "" || err != nil {
		t.Errorf("(-want +got):\n%s%v", diff, err)
	}
	for name, value := range map[string]types.AttributeValue{
		"status": &types.AttributeValueMemberN{Value: "1"}, "lastSequence": &types.AttributeValueMemberN{Value: "1.5"}, "lastCount": &types.AttributeValueMemberS{Value: "2"},
		"updatedAt": &types.AttributeValueMemberS{Value: "noon"}, "parked": &types.AttributeValueMemberS{Value: "yes"},
	} {
		if _, err := projection.StateFromItem(map[string]types.AttributeValue{name: value}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func BenchmarkInvoke(b *testing.B) {
	db := &fake{UpdateFn: func(*dynamodb.UpdateItemInput) (*dynamodb.UpdateItemOutput, error) {
		return &dynamodb.UpdateItemOutput{}, nil
	}}
	var list []string
	for i := range 100 {
		list = append(list, records(story(fmt.Sprintf("01KAV8Q3ZJ4M5T6W7X8Y9Z%04d", i), 1)...)...)
	}
	payload := lambdaEvent(b, list...)
	c := consumer(db, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Invoke(context.Background(), payload); err != nil {
			b.Fatal(err)
		}
	}
}
