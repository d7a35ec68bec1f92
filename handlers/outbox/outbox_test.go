package outbox_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"transactional-outbox/handlers/outbox"
	"transactional-outbox/handlers/tabletest"
)

const orderID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

func event(sequence int64) *outbox.Event {
	return &outbox.Event{
		OrderID: orderID, Sequence: sequence, ID: fmt.Sprintf("event-%d", sequence), Source: "/test/orders", Type: "order.placed",
		Time: time.Date(2026, 11, 24, 12, 0, 0, 1000, time.UTC), DataContentType: outbox.ContentType, DataSchema: "/schemas/order.placed/1", Data: "{}",
	}
}

func TestItemsAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(1, 20, -1)
		stamp := func(name string) time.Time {
			return time.UnixMicro(rapid.Int64Range(0, 1<<52).Draw(t, name)).UTC()
		}
		want := &outbox.Event{
			OrderID: text.Draw(t, "order"), Sequence: rapid.Int64Range(1, 1<<62).Draw(t, "sequence"), ID: text.Draw(t, "id"), Source: text.Draw(t, "source"),
			Type: text.Draw(t, "type"), Time: stamp("time"), DataContentType: text.Draw(t, "content"), DataSchema: text.Draw(t, "schema"), Data: text.Draw(t, "data"),
			TraceParent: rapid.String().Draw(t, "trace"), CorrelationID: rapid.String().Draw(t, "correlation"), CausationID: rapid.String().Draw(t, "causation"),
		}
		if rapid.Bool().Draw(t, "touched") {
			want.ExpiresAt, want.RepublishedAt = stamp("expires").Truncate(time.Second), stamp("republished")
		}
		item := want.Item()
		got, err := outbox.FromItem(item)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Fatalf("(-want +got):\n%s%v", diff, err)
		}
		size := 0
		for name, value := range item {
			switch v := value.(type) {
			case *types.AttributeValueMemberS:
				size += len(name) + len(v.Value)
			case *types.AttributeValueMemberN:
				size += len(name) + (len(v.Value)+1)/2 + 1
			}
		}
		if want.Size() < size {
			t.Fatalf("size %d is less than the item's %d", want.Size(), size)
		}
	})
}

func TestFromItemNamesWhatIsWrong(t *testing.T) {
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	number := func(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }
	for name, test := range map[string]struct {
		attribute string
		value     types.AttributeValue
		want      string
	}{
		"no order":               {"orderId", nil, "attribute orderId is missing"},
		"sequence is text":       {"sequence", text("1"), "attribute sequence is no whole number"},
		"sequence is a fraction": {"sequence", number("1.5"), "attribute sequence is no whole number"},
		"sequence of 0":          {"sequence", number("0"), "attribute sequence is missing or less than 1"},
		"no id":                  {"eventId", nil, "attribute eventId is missing"},
		"id is a number":         {"eventId", number("1"), "attribute eventId is no string"},
		"no type":                {"type", nil, "attribute type is missing"},
		"no source":              {"source", nil, "attribute source is missing"},
		"no data":                {"data", nil, "attribute data is missing"},
		"data are a map":         {"data", &types.AttributeValueMemberM{}, "attribute data is no string"},
		"time is no time":        {"time", text("noon"), "attribute time is no time"},
		"unknown attributes":     {"colour", &types.AttributeValueMemberBOOL{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			item := event(1).Item()
			if item[test.attribute] = test.value; test.value == nil {
				delete(item, test.attribute)
			}
			_, err := outbox.FromItem(item)
			if got := fmt.Sprint(err); got != test.want && !(err == nil && test.want == "") {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// small answers queries with pages of one item.
type small struct{ *dynamodb.Client }

func (s small) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	page := *in
	page.Limit = aws.Int32(1)
	return s.Client.Query(ctx, &page, o...)
}

func TestEventsAreReadInSequence(t *testing.T) {
	tables := tabletest.New(t, nil)
	for _, n := range []int64{12, 3, 1, 2, 10, 5} {
		tables.Put(t, tabletest.Events, event(n).Item())
	}
	other := event(4)
	other.OrderID = "another"
	tables.Put(t, tabletest.Events, other.Item())
	for _, db := range []outbox.DynamoDB{tables.Client, small{tables.Client}} {
		var got []int64
		for e, err := range (&outbox.Table{DynamoDB: db, Name: tabletest.Events}).Events(t.Context(), orderID, 2, 10) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e.Sequence)
		}
		if diff := cmp.Diff([]int64{2, 3, 5, 10}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestEventsEndWithTheFirstThatCannotBeRead(t *testing.T) {
	tables := tabletest.New(t, nil)
	tables.Put(t, tabletest.Events, event(1).Item())
	broken := event(2).Item()
	delete(broken, "type")
	tables.Put(t, tabletest.Events, broken)
	tables.Put(t, tabletest.Events, event(3).Item())
	var last error
	read := 0
	for e, err := range (&outbox.Table{DynamoDB: tables.Client, Name: tabletest.Events}).Events(t.Context(), orderID, 1, 3) {
		if last = err; e != nil {
			read++
		}
	}
	unreadable, ok := errors.AsType[*outbox.DecodeError](last)
	if !ok || unreadable.Sequence != 2 || unreadable.OrderID != orderID || read != 1 {
		t.Errorf("read %d, then %v", read, last)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range (&outbox.Table{DynamoDB: tables.Client, Name: tabletest.Events}).Events(ctx, orderID, 1, 3) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
}

func TestRepublishTouchesAndMakesNothing(t *testing.T) {
	tables := tabletest.New(t, nil)
	table := &outbox.Table{DynamoDB: tables.Client, Name: tabletest.Events}
	want := event(1)
	tables.Put(t, tabletest.Events, want.Item())
	want.RepublishedAt = time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	if err := table.Republish(t.Context(), orderID, 1, want.RepublishedAt); err != nil {
		t.Fatal(err)
	}
	if err := table.Republish(t.Context(), orderID, 2, want.RepublishedAt); !errors.Is(err, outbox.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	items := tables.Items(t, tabletest.Events)
	if len(items) != 1 {
		t.Fatalf("%d items", len(items))
	}
	got, err := outbox.FromItem(items[0])
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("(-want +got):\n%s%v", diff, err)
	}
}

func TestChildTrace(t *testing.T) {
	const id, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for name, test := range map[string]struct {
		parent string
		child  bool
		flags  string
	}{
		"recorded":           {"00-" + id + "-" + span + "-01", true, "01"},
		"not recorded":       {"00-" + id + "-" + span + "-00", true, "00"},
		"version to come":    {"cc-" + id + "-" + span + "-01-what-comes", true, "01"},
		"none":               {"", false, "00"},
		"upper case":         {"00-" + strings.ToUpper(id) + "-" + span + "-01", false, "00"},
		"trace of zeros":     {"00-" + strings.Repeat("0", 32) + "-" + span + "-01", false, "00"},
		"span of zeros":      {"00-" + id + "-" + strings.Repeat("0", 16) + "-01", false, "00"},
		"longer than it may": {"00-" + id + "-" + span + "-01-x", false, "00"},
		"invalid version":    {"ff-" + id + "-" + span + "-01", false, "00"},
		"no separator":       {"cc-" + id + "-" + span + "-01x", false, "00"},
		"cut short":          {"00-" + id + "-" + span + "-0", false, "00"},
		"no hex":             {"00-" + id[:31] + "g-" + span + "-01", false, "00"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := outbox.ChildTrace(test.parent, rand.Reader)
			if err != nil || !outbox.ValidTrace(got) || len(got) != 55 {
				t.Fatalf("got %s, %v", got, err)
			}
			if same := got[3:35] == id; same != test.child || got[36:52] == span || got[53:] != test.flags {
				t.Errorf("got %s of %s", got, test.parent)
			}
		})
	}
	if got, err := outbox.ChildTrace("", bytes.NewReader(make([]byte, 24))); err != nil || !outbox.ValidTrace(got) {
		t.Errorf("of zeros: %s, %v", got, err)
	}
	if _, err := outbox.ChildTrace("", bytes.NewReader(nil)); err == nil {
		t.Error("no random bits, no error")
	}
}
