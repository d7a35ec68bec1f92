package ledger

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func event(sequence int64, kind string) Event {
	version := map[int64]string{1: "1", 2: "2", 3: "3"}[sequence]
	return Event{OrderID: "o", Sequence: sequence, EventID: "e" + version, Type: kind, Data: `{"orderId":"o","version":` + version + `}`}
}

func TestAudit(t *testing.T) {
	placed, cancelled := event(1, "order.placed"), event(2, "order.cancelled")
	other := placed
	other.OrderID, other.Data = "x", `{"orderId":"x","version":1}`
	twin := cancelled
	twin.EventID = placed.EventID
	for name, tc := range map[string]struct {
		order      *Order
		events     []Event
		fulfilment *Fulfilment
		want       string // part of the disagreement; empty for none
	}{
		"placed and delivered":    {&Order{OrderID: "o", Status: "PLACED", Version: 1}, []Event{placed}, &Fulfilment{Status: "REQUESTED", LastSequence: 1, LastEventID: "e1"}, ""},
		"cancelled and delivered": {&Order{OrderID: "o", Status: "CANCELLED", Version: 2}, []Event{placed, cancelled}, &Fulfilment{Status: "CANCELLED", LastSequence: 2, LastEventID: "e2"}, ""},
		"event without order":     {nil, []Event{placed}, nil, "no order"},
		"event missing":           {&Order{OrderID: "o", Status: "CANCELLED", Version: 2}, []Event{placed}, &Fulfilment{Status: "REQUESTED", LastSequence: 1, LastEventID: "e1"}, "events [order.placed], want"},
		"hole":                    {&Order{OrderID: "o", Status: "CANCELLED", Version: 2}, []Event{cancelled}, &Fulfilment{}, "event 2 follows event 0"},
		"version behind":          {&Order{OrderID: "o", Status: "CANCELLED", Version: 1}, []Event{placed, cancelled}, &Fulfilment{Status: "CANCELLED", LastSequence: 2, LastEventID: "e2"}, "version 1 with 2"},
		"lost":                    {&Order{OrderID: "o", Status: "PLACED", Version: 1}, []Event{placed}, nil, "no fulfilment"},
		"late":                    {&Order{OrderID: "o", Status: "CANCELLED", Version: 2}, []Event{placed, cancelled}, &Fulfilment{Status: "REQUESTED", LastSequence: 1, LastEventID: "e1"}, "events make"},
		"applied out of nowhere":  {&Order{OrderID: "o", Status: "PLACED", Version: 1}, []Event{placed}, &Fulfilment{Status: "REQUESTED", LastSequence: 1, LastEventID: "x"}, "events make"},
		"parked":                  {&Order{OrderID: "o", Status: "PLACED", Version: 1}, []Event{placed}, &Fulfilment{Parked: &Parked{Reason: "gap"}}, "parked"},
		"another order's event":   {&Order{OrderID: "o", Status: "PLACED", Version: 1}, []Event{other}, &Fulfilment{Status: "REQUESTED", LastSequence: 1, LastEventID: "e1"}, "of order x"},
		"one id twice":            {&Order{OrderID: "o", Status: "CANCELLED", Version: 2}, []Event{placed, twin}, &Fulfilment{Status: "CANCELLED", LastSequence: 2, LastEventID: "e1"}, "two events"},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(Audit(tc.order, tc.events, tc.fulfilment), "; ")
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("Audit = %q, want %q", got, tc.want)
			}
		})
	}
}

func TestFoldRefuses(t *testing.T) {
	for name, events := range map[string][]Event{
		"cancelled before placed": {event(1, "order.cancelled")},
		"placed twice":            {event(1, "order.placed"), event(2, "order.placed")},
		"cancelled twice":         {event(1, "order.placed"), event(2, "order.cancelled"), event(3, "order.cancelled")},
		"unknown type":            {event(1, "order.exploded")},
		"hole":                    {event(1, "order.placed"), event(3, "order.cancelled")},
	} {
		t.Run(name, func(t *testing.T) {
			if state, err := Fold(events); err == nil {
				t.Errorf("Fold = %+v, want a refusal", state)
			}
		})
	}
}

func TestReadFulfilment(t *testing.T) {
	number := func(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }
	delivered := map[string]types.AttributeValue{
		"orderId": text("o"), "status": text("REQUESTED"), "lastSequence": number("1"), "lastEventId": text("e"), "updatedAt": text("now"),
	}
	got, err := readFulfilment(delivered)
	if err != nil || got.LastSequence != 1 || got.Parked != nil {
		t.Errorf("readFulfilment = %+v, %v", got, err)
	}
	parked := map[string]types.AttributeValue{
		"orderId": text("o"), "lastSequence": number("0"), "updatedAt": text("now"),
		"parked": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
			"reason": text("r"), "detail": text("d"), "sequence": number("1"), "at": text("now"),
		}},
	}
	got, err = readFulfilment(parked)
	if err != nil || got.Parked == nil || got.Parked.Reason != "r" {
		t.Errorf("readFulfilment = %+v, %v", got, err)
	}
	for count, right := range map[string]bool{"2": true, "1": false, "3": false} {
		together := map[string]types.AttributeValue{"lastCount": number(count)}
		maps.Copy(together, delivered)
		together["lastSequence"] = number("2")
		if got, err := readFulfilment(together); (err == nil) != right || right && got.LastCount != 2 {
			t.Errorf("readFulfilment with %s events up to 2 = %+v, %v", count, got, err)
		}
	}
	delete(delivered, "status")
	delivered["lastSequence"] = text("1")
	delivered["color"] = text("red")
	_, err = readFulfilment(delivered)
	const want = "fulfilment o: color: not documented; lastSequence: want a number, got S; status: want a text, got nothing"
	if err == nil || err.Error() != want {
		t.Errorf("readFulfilment = %v, want %s", err, want)
	}
}

func TestNotation(t *testing.T) {
	item := map[string]types.AttributeValue{
		"s": text("v"),
		"n": &types.AttributeValueMemberN{Value: "1"},
		"b": &types.AttributeValueMemberB{Value: []byte("hi")},
		"l": &types.AttributeValueMemberL{Value: []types.AttributeValue{
			&types.AttributeValueMemberBOOL{Value: true},
			&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"z": &types.AttributeValueMemberNULL{Value: true}}},
		}},
	}
	got, err := json.Marshal(Notation(item))
	const want = `{"b":{"B":"aGk="},"l":{"L":[{"BOOL":true},{"M":{"z":{"NULL":true}}}]},"n":{"N":"1"},"s":{"S":"v"}}`
	if err != nil || string(got) != want {
		t.Errorf("Notation = %s, %v, want %s", got, err, want)
	}
}
