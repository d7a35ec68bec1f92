package order_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"transactional-outbox/handlers/fault"
	"transactional-outbox/handlers/order"
)

// items is the JSON of an array of n items.
func items(n int) string {
	return "[" + strings.TrimSuffix(strings.Repeat(`{"sku":"A","quantity":1,"unitPrice":0},`, n), ",") + "]"
}

func TestParseRequestTakesWhatTheAPIAllows(t *testing.T) {
	for name, test := range map[string]struct {
		body string
		want order.Request
	}{
		"description only":      {`{"description":"a"}`, order.Request{Description: "a"}},
		"description trimmed":   {`{"description":" \n a b\t\u00a0"}`, order.Request{Description: "a b"}},
		"longest description":   {`{"description":"  ` + strings.Repeat("😀", 1000) + `"}`, order.Request{Description: strings.Repeat("😀", 1000)}},
		"longest customer":      {`{"description":"a","customerId":"` + strings.Repeat("é", 128) + `"}`, order.Request{Description: "a", CustomerID: strings.Repeat("é", 128)}},
		"blank customer stays":  {`{"description":"a","customerId":" "}`, order.Request{Description: "a", CustomerID: " "}},
		"one item":              {`{"items":[{"unitPrice":0,"sku":"x","quantity":1}],"description":"a"}`, order.Request{Description: "a", Items: []order.Item{{SKU: "x", Quantity: 1}}}},
		"largest item":          {`{"description":"a","items":[{"sku":"` + strings.Repeat("s", 64) + `","quantity":10000,"unitPrice":9007199254740991}]}`, order.Request{Description: "a", Items: []order.Item{{SKU: strings.Repeat("s", 64), Quantity: 10000, UnitPrice: 1<<53 - 1}}}},
		"escaped member names":  {`{"descri\u0070tion":"\u0061"}`, order.Request{Description: "a"}},
		"space around the body": {"\r\n {\"description\":\"a\"}\t", order.Request{Description: "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := order.ParseRequest(test.body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	r, err := order.ParseRequest(`{"description":"a","items":` + items(100) + `}`)
	if err != nil || len(r.Items) != 100 {
		t.Errorf("100 items: %v", err)
	}
}

func TestParseRequestRefusesWhatCannotBeRead(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":              ``,
		"space":                " \n",
		"no JSON":              `description=a`,
		"cut short":            `{"description":"a"`,
		"two values":           `{"description":"a"}{}`,
		"comma at the end":     `{"description":"a",}`,
		"byte order mark":      "\ufeff" + `{"description":"a"}`,
		"not UTF-8":            "{\"description\":\"\xff\"}",
		"UTF-8 cut short":      "{\"description\":\"a\xc3\"}",
		"not UTF-8 elsewhere":  "{\"description\":\"a\",\"\xff\":1}",
		"half a surrogate":     `{"description":"\ud800"}`,
		"control character":    "{\"description\":\"a\nb\"}",
		"repeated member":      `{"description":"a","description":"a"}`,
		"repeated, escaped":    `{"description":"a","\u0064escription":"b"}`,
		"repeated in item":     `{"description":"a","items":[{"sku":"a","sku":"b","quantity":1,"unitPrice":1}]}`,
		"repeated items":       `{"description":"a","items":[],"items":[]}`,
		"broken after mistake": `{"description":5,"customerId":}`,
		"leading zero":         `{"description":"a","items":[{"sku":"a","quantity":01,"unitPrice":1}]}`,
		"too deep":             `{"description":"a","x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := order.ParseRequest(body)
			if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != fault.Malformed {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestParseRequestListsEverythingThatIsWrong(t *testing.T) {
	const (
		descriptionLength = "must have 1 to 1000 characters after trimming"
		price             = "must be an integer from 0 to 9007199254740991"
		quantity          = "must be an integer from 1 to 10000"
	)
	for name, test := range map[string]struct {
		body string
		want []fault.Field
	}{
		"an array":              {`[]`, []fault.Field{{Field: "$", Message: "must be an object"}}},
		"null":                  {`null`, []fault.Field{{Field: "$", Message: "must be an object"}}},
		"empty object":          {`{}`, []fault.Field{{Field: "description", Message: "is required"}}},
		"blank description":     {`{"description":" \u2003"}`, []fault.Field{{Field: "description", Message: descriptionLength}}},
		"long description":      {`{"description":"` + strings.Repeat("é", 1001) + `"}`, []fault.Field{{Field: "description", Message: descriptionLength}}},
		"description of null":   {`{"description":null}`, []fault.Field{{Field: "description", Message: "must be a string"}}},
		"empty customer":        {`{"description":"a","customerId":""}`, []fault.Field{{Field: "customerId", Message: "must have 1 to 128 characters"}}},
		"customer of null":      {`{"description":"a","customerId":null}`, []fault.Field{{Field: "customerId", Message: "must be a string"}}},
		"no items":              {`{"description":"a","items":[]}`, []fault.Field{{Field: "items", Message: "must have 1 to 100 elements"}}},
		"too many items":        {`{"description":"a","items":` + items(101) + `}`, []fault.Field{{Field: "items", Message: "must have 1 to 100 elements"}}},
		"items of another type": {`{"description":"a","items":{}}`, []fault.Field{{Field: "items", Message: "must be an array"}}},
		"everything at once": {
			`{"descripton":"a","customerId":7,"items":[{"sku":"","quantity":0,"unitPrice":-1},{"sku":"a","quantity":10001,"unitPrice":9007199254740992},
			 {"sku":"a","quantity":1.5,"unitPrice":1e2},3,{"colour":{"r":1}},{"sku":"` + strings.Repeat("a", 65) + `","quantity":"1","unitPrice":null}],"x":[{}]}`,
			[]fault.Field{
				{Field: "descripton", Message: "is not known"},
				{Field: "customerId", Message: "must be a string"},
				{Field: "items[0].sku", Message: "must have 1 to 64 characters"},
				{Field: "items[0].quantity", Message: quantity},
				{Field: "items[0].unitPrice", Message: price},
				{Field: "items[1].quantity", Message: quantity},
				{Field: "items[1].unitPrice", Message: price},
				{Field: "items[2].quantity", Message: quantity},
				{Field: "items[2].unitPrice", Message: price},
				{Field: "items[3]", Message: "must be an object"},
				{Field: "items[4].colour", Message: "is not known"},
				{Field: "items[4].sku", Message: "is required"},
				{Field: "items[4].quantity", Message: "is required"},
				{Field: "items[4].unitPrice", Message: "is required"},
				{Field: "items[5].sku", Message: "must have 1 to 64 characters"},
				{Field: "items[5].quantity", Message: quantity},
				{Field: "items[5].unitPrice", Message: price},
				{Field: "x", Message: "is not known"},
				{Field: "description", Message: "is required"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := order.ParseRequest(test.body)
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Code != fault.Invalid {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(test.want, f.Fields); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheListOfMistakesIsBounded(t *testing.T) {
	var body strings.Builder
	body.WriteString(`{"description":"a"`)
	for i := range 10_000 {
		fmt.Fprintf(&body, `,"x%d":0`, i)
	}
	_, err := order.ParseRequest(body.String() + "}")
	if f, ok := errors.AsType[*fault.Error](err); !ok || len(f.Fields) != 400 {
		t.Errorf("got %.200v", err)
	}
}

func TestHashIsOfWhatIsAskedNotOfHowItIsWritten(t *testing.T) {
	hash := func(body string) string {
		t.Helper()
		r, err := order.ParseRequest(body)
		if err != nil {
			t.Fatal(err)
		}
		return r.Hash()
	}
	base := `{"description":"a b","customerId":"c","items":[{"sku":"s","quantity":1,"unitPrice":2}]}`
	for _, same := range []string{
		base, ` { "items" : [{"unitPrice":2,"quantity":1,"sku":"s"}], "customerId":"\u0063", "description":" a b " } `,
	} {
		if hash(same) != hash(base) {
			t.Errorf("%s has another hash", same)
		}
	}
	seen := map[string]string{hash(base): base}
	for _, other := range []string{
		`{"description":"a b"}`, `{"description":"a bc"}`, `{"description":"a b","customerId":"c"}`, `{"description":"a","customerId":"bc"}`,
		`{"description":"a b","customerId":"c","items":[{"sku":"s","quantity":2,"unitPrice":1}]}`,
		`{"description":"a b","customerId":"c","items":[{"sku":"s1","quantity":1,"unitPrice":2}]}`,
		`{"description":"a b","customerId":"c","items":[{"sku":"s","quantity":1,"unitPrice":2},{"sku":"s","quantity":1,"unitPrice":2}]}`,
	} {
		if like := seen[hash(other)]; like != "" {
			t.Errorf("%s has the hash of %s", other, like)
		}
		seen[hash(other)] = other
	}
}

// What clients and events carry is what encoding/json reads back.
func TestOrderJSONIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string, limit int) string {
			return rapid.StringN(1, limit, -1).Filter(func(s string) bool { return utf8.ValidString(s) && strings.TrimSpace(s) == s }).Draw(t, name)
		}
		want := request{Description: text("description", 1000), CustomerID: text("customer", 128)}
		for range rapid.IntRange(1, 5).Draw(t, "items") {
			want.Items = append(want.Items, item{SKU: text("sku", 64), Quantity: rapid.Int64Range(1, 10_000).Draw(t, "quantity"), UnitPrice: rapid.Int64Range(0, 1<<53-1).Draw(t, "price")})
		}
		body, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		r, err := order.ParseRequest(string(body))
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		o := order.Order{ID: "01ARZ3NDEKTSV4RRFFQ69G5FAV", Status: order.Placed, Version: 1, Description: r.Description, CustomerID: r.CustomerID, Items: r.Items}
		var got struct {
			request
			OrderID, Status string
			Version         int
		}
		if err := json.Unmarshal(o.AppendJSON(nil), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.request); diff != "" || got.OrderID != o.ID || got.Status != "PLACED" || got.Version != 1 {
			t.Fatalf("%+v (-want +got):\n%s", got, diff)
		}
	})
}

type request struct {
	Description string `json:"description"`
	CustomerID  string `json:"customerId"`
	Items       []item `json:"items"`
}

type item struct {
	SKU       string `json:"sku"`
	Quantity  int64  `json:"quantity"`
	UnitPrice int64  `json:"unitPrice"`
}

// Whatever is taken keeps the rules, and whatever is refused is so with a fault.
func FuzzParseRequest(f *testing.F) {
	for _, body := range []string{`{"description":"a"}`, `{"description":" a ","customerId":"c","items":[{"sku":"s","quantity":1,"unitPrice":0}]}`, `{"items":[{}]}`, `[]`, `{`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r, err := order.ParseRequest(body)
		if err != nil {
			if _, ok := errors.AsType[*fault.Error](err); !ok {
				t.Fatalf("not a fault: %v", err)
			}
			return
		}
		var std request
		decoder := json.NewDecoder(strings.NewReader(body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&std); err != nil {
			t.Fatalf("encoding/json refuses %q: %v", body, err)
		}
		switch n := utf8.RuneCountInString(r.Description); {
		case n < 1, n > 1000, r.Description != strings.TrimSpace(std.Description), r.CustomerID != std.CustomerID, len(r.Items) != len(std.Items), len(r.Items) > 100:
			t.Fatalf("%q: got %+v", body, r)
		}
		for i, it := range r.Items {
			if item(it) != std.Items[i] || it.Quantity < 1 || it.Quantity > 10_000 || it.UnitPrice < 0 {
				t.Fatalf("%q: got %+v", body, it)
			}
		}
	})
}

func BenchmarkParseRequest(b *testing.B) {
	for name, body := range map[string]string{
		"small":     `{"description":"blue desk with lamp and shelf"}`,
		"100 items": `{"description":"blue desk","customerId":"c-1","items":` + items(100) + `}`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, err := order.ParseRequest(body)
				if err != nil {
					b.Fatal(err)
				}
				r.Hash()
			}
		})
	}
}
