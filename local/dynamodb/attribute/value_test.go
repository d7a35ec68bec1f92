package attribute_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"transactional-outbox/local/dynamodb/attribute"
)

func decode(text string) (attribute.Map, error) {
	var m attribute.Map
	err := json.Unmarshal([]byte(text), &m)
	return m, err
}

func TestDecodeEncode(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"every kind", `{"s":{"S":"x"},"n":{"N":"1.0"},"b":{"B":"AAE="},"t":{"BOOL":true},"z":{"NULL":true}}`, `{"b":{"B":"AAE="},"n":{"N":"1"},"s":{"S":"x"},"t":{"BOOL":true},"z":{"NULL":true}}`},
		{"sets are sorted", `{"a":{"SS":["b","a"]},"b":{"NS":["10","9"]},"c":{"BS":["Ag==","AQ=="]}}`, `{"a":{"SS":["a","b"]},"b":{"NS":["10","9"]},"c":{"BS":["AQ==","Ag=="]}}`},
		{"empty values", `{"a":{"S":""},"b":{"B":""},"c":{"L":[]},"d":{"M":{}}}`, `{"a":{"S":""},"b":{"B":""},"c":{"L":[]},"d":{"M":{}}}`},
		{"nesting", `{"a":{"L":[{"M":{"y":{"L":[{"S":"1"}]},"x":{"N":"2"}}}]}}`, `{"a":{"L":[{"M":{"x":{"N":"2"},"y":{"L":[{"S":"1"}]}}}]}}`},
		{"escapes", `{"a\"b":{"S":"é\u0041\n😀"}}`, `{"a\"b":{"S":"éA\n😀"}}`},
	} {
		m, err := decode(row.text)
		if got := string(m.AppendJSON(nil)); got != row.want || err != nil {
			t.Errorf("%s: got %s, %v, want %s", row.name, got, err, row.want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	const invalid = "One or more parameter values were invalid: "
	for _, row := range []struct{ value, want string }{
		{`{}`, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"},
		{`{"S":"a","N":"1"}`, "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"},
		{`{"NULL":false}`, invalid + "Null attribute value types must have the value of true"},
		{`{"SS":[]}`, invalid + "An string set  may not be empty"},
		{`{"NS":[]}`, invalid + "An number set  may not be empty"},
		{`{"BS":[]}`, invalid + "Binary sets should not be empty"},
		{`{"SS":["a","a"]}`, invalid + "Input collection [a, a] contains duplicates."},
		{`{"NS":["1","1.0"]}`, "Input collection contains duplicates"},
		{`{"BS":["AQ==","AQ=="]}`, invalid + "Input collection [AQ==, AQ==]of type BS contains duplicates."},
		{`{"N":"x"}`, "The parameter cannot be converted to a numeric value: x"},
		{`{"N":1}`, "NUMBER_VALUE cannot be converted to String"},
		{`{"S":1.5}`, "DECIMAL_VALUE cannot be converted to String"},
		{`{"S":true}`, "TRUE_VALUE cannot be converted to String"},
		{`{"S":{}}`, "Start of structure or map found where not expected"},
		{`{"B":"abc"}`, "Base64 encoded length is expected a multiple of 4 bytes but found: 3"},
		{`{"B":1}`, "only base-64-encoded strings are convertible to bytes"},
		{`{"X":"a"}`, `Supplied AttributeValue has the unknown datatype "X"`},
		{strings.Repeat(`{"L":[`, 33) + `{"S":""}` + strings.Repeat(`]}`, 33), "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"},
	} {
		_, err := decode(`{"a":` + row.value + `}`)
		var refused *attribute.Invalid
		var malformed *attribute.Malformed
		got := ""
		if errors.As(err, &refused) {
			got = refused.Text
		} else if errors.As(err, &malformed) {
			got = malformed.Text
		}
		if got != row.want {
			t.Errorf("%s: got %v, want %s", row.value, err, row.want)
		}
	}
}

// value draws any attribute value as JSON.
func value(depth int) *rapid.Generator[string] {
	text := rapid.StringMatching(`[a-c"\\é\x{0000}]{0,4}`)
	quote := func(s string) string { return string(attribute.AppendString(nil, s)) }
	scalars := []*rapid.Generator[string]{
		rapid.Map(text, func(s string) string { return `{"S":` + quote(s) + `}` }),
		rapid.Map(rapid.IntRange(-1000, 1000), func(n int) string { return string(attribute.Integer(n).AppendJSON(nil)) }),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 5), func(b []byte) string { return string(attribute.Binary(b).AppendJSON(nil)) }),
		rapid.SampledFrom([]string{`{"BOOL":true}`, `{"BOOL":false}`, `{"NULL":true}`, `{"SS":["b","a"]}`, `{"NS":["1","-2.5"]}`}),
	}
	if depth == 0 {
		return rapid.OneOf(scalars...)
	}
	inner := value(depth - 1)
	list := rapid.Map(rapid.SliceOfN(inner, 0, 3), func(l []string) string { return `{"L":[` + strings.Join(l, ",") + `]}` })
	name := rapid.StringMatching(`[a-c"\\é\x{0000}]{1,4}`)
	object := rapid.Map(rapid.MapOfN(name, inner, 0, 3), func(m map[string]string) string {
		var members []string
		for name, v := range m {
			members = append(members, quote(name)+":"+v)
		}
		return `{"M":{` + strings.Join(members, ",") + `}}`
	})
	return rapid.OneOf(append(scalars, list, object)...)
}

func TestDecodeOfEncodeIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := `{"a":` + value(3).Draw(t, "value") + `}`
		m, err := decode(text)
		if err != nil {
			t.Fatal(err)
		}
		once := string(m.AppendJSON(nil))
		again, err := decode(once)
		if err != nil || !m.Equal(again) {
			t.Fatalf("%s became %s, and then %v, %v", text, once, again, err)
		}
		if twice := string(again.AppendJSON(nil)); twice != once {
			t.Fatalf("%s became %s", once, twice)
		}
		if m.Size() != again.Size() {
			t.Fatalf("sizes %d and %d", m.Size(), again.Size())
		}
	})
}

func TestLengthOfTextsIsInUTF16(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, "é": 1, "漢": 1, "😀": 2} {
		if got, ok := attribute.String(text).Len(); got != want || !ok {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}
