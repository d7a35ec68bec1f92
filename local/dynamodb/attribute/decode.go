package attribute

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"unique"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is how deeply lists and maps may be nested.
const maxDepth = 32

// Malformed is JSON that does not have the shape of an attribute value. DynamoDB answers it with a SerializationException.
type Malformed struct{ Text string }

func (e *Malformed) Error() string { return e.Text }

func malformed(text string) error { return &Malformed{text} }

// UnmarshalJSONFrom reads a map as DynamoDB writes it. It returns an [Invalid], a [Malformed] or an error about the JSON itself.
func (m *Map) UnmarshalJSONFrom(dec *jsontext.Decoder) error { return m.read(dec, 0) }

// UnmarshalJSONFrom reads a value as DynamoDB writes it, with the errors of [Map.UnmarshalJSONFrom].
func (v *Value) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var err error
	*v, err = read(dec, 0)
	return err
}

func (m *Map) read(dec *jsontext.Decoder, depth int) error {
	*m = nil
	if dec.PeekKind() == 'n' {
		return dec.SkipValue()
	}
	if err := expect(dec, '{'); err != nil {
		return err
	}
	sorted := true
	var room [16]Member // most maps fit, so that only the result is allocated, in its exact size
	members := room[:0]
	for dec.PeekKind() != '}' {
		token, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if token.String() == "" {
			return invalid("Empty attribute name")
		}
		// A table has few attribute names and many items.
		name := unique.Make(token.String()).Value()
		v, err := read(dec, depth)
		if err != nil {
			return err
		}
		sorted = sorted && (len(members) == 0 || members[len(members)-1].Name < name)
		members = append(members, Member{name, v})
	}
	*m = make(Map, len(members))
	copy(*m, members)
	if !sorted {
		*m = m.sorted()
	}
	return expect(dec, '}')
}

// sorted sorts by name; of members with one name the last wins, as in JSON.
func (m Map) sorted() Map {
	slices.SortStableFunc(m, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	out := m[:0]
	for i := range m {
		if i+1 < len(m) && m[i+1].Name == m[i].Name {
			continue
		}
		out = append(out, m[i])
	}
	return out
}

func expect(dec *jsontext.Decoder, kind jsontext.Kind) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if token.Kind() != kind {
		if kind == '{' && token.Kind() == '[' {
			return malformed("Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue")
		}
		if token.Kind() == '{' {
			return malformed("Start of structure or map found where not expected")
		}
		return malformed("Unexpected value type in payload")
	}
	return nil
}

// read reads one value at a depth of nesting.
func read(dec *jsontext.Decoder, depth int) (Value, error) {
	if err := expect(dec, '{'); err != nil {
		return Value{}, err
	}
	var v Value
	for dec.PeekKind() != '}' {
		token, err := dec.ReadToken()
		if err != nil {
			return v, err
		}
		kind := KindNamed(token.String())
		if kind == 0 {
			return v, invalid("Supplied AttributeValue has the unknown datatype " + strconv.Quote(token.String()))
		}
		if dec.PeekKind() == 'n' {
			if err := dec.SkipValue(); err != nil {
				return v, err
			}
			continue
		}
		if v.kind != 0 {
			return v, invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
		}
		v.kind = kind
		if err := v.readContent(dec, depth); err != nil {
			return v, err
		}
	}
	if v.kind == 0 {
		return v, invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
	}
	return v, expect(dec, '}')
}

func (v *Value) readContent(dec *jsontext.Decoder, depth int) error {
	if (v.kind == L || v.kind == M) && depth >= maxDepth {
		return invalid("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit")
	}
	var err error
	switch v.kind {
	case S, N, B:
		v.text, err = readScalar(dec, v.kind)
	case BOOL, NULL:
		v.truth, err = readBool(dec)
		if err == nil && v.kind == NULL && !v.truth {
			return invalid("One or more parameter values were invalid: Null attribute value types must have the value of true")
		}
	case SS, NS, BS:
		v.parts = &parts{}
		v.parts.set, err = readSet(dec, v.kind)
	case L:
		v.parts = &parts{}
		if err = expect(dec, '['); err != nil {
			return err
		}
		for dec.PeekKind() != ']' {
			element, err := read(dec, depth+1)
			if err != nil {
				return err
			}
			v.parts.list = append(v.parts.list, element)
		}
		err = expect(dec, ']')
	case M:
		v.parts = &parts{}
		err = v.parts.members.read(dec, depth+1)
	}
	return err
}

func readScalar(dec *jsontext.Decoder, kind Kind) (string, error) {
	token, err := dec.ReadToken()
	if err != nil {
		return "", err
	}
	if token.Kind() != '"' {
		return "", notText(token, kind)
	}
	text := token.String()
	switch kind {
	case N:
		return NormalizeNumber(text)
	case B:
		raw, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil {
			if len(text)%4 != 0 {
				return "", malformed("Base64 encoded length is expected a multiple of 4 bytes but found: " + strconv.Itoa(len(text)))
			}
			return "", malformed("Invalid last non-pad Base64 character dectected")
		}
		return string(raw), nil
	}
	return text, nil
}

// notText words the refusal of a JSON value that should be a string.
func notText(token jsontext.Token, kind Kind) error {
	switch token.Kind() {
	case '{':
		return malformed("Start of structure or map found where not expected")
	case '[':
		return malformed("Unrecognized collection type class java.lang.String")
	}
	if kind == B {
		return malformed("only base-64-encoded strings are convertible to bytes")
	}
	switch token.Kind() {
	case 't':
		return malformed("TRUE_VALUE cannot be converted to String")
	case 'f':
		return malformed("FALSE_VALUE cannot be converted to String")
	}
	if strings.ContainsAny(token.String(), ".eE") {
		return malformed("DECIMAL_VALUE cannot be converted to String")
	}
	return malformed("NUMBER_VALUE cannot be converted to String")
}

func readBool(dec *jsontext.Decoder) (bool, error) {
	token, err := dec.ReadToken()
	if err != nil {
		return false, err
	}
	switch token.Kind() {
	case 't':
		return true, nil
	case 'f':
		return false, nil
	case '"':
		return false, malformed("Unexpected token received from parser")
	}
	return false, malformed("Start of structure or map found where not expected")
}

func readSet(dec *jsontext.Decoder, kind Kind) ([]string, error) {
	if err := expect(dec, '['); err != nil {
		return nil, err
	}
	var set []string
	for dec.PeekKind() != ']' {
		text, err := readScalar(dec, kind.element())
		if err != nil {
			return nil, err
		}
		set = append(set, text)
	}
	if err := expect(dec, ']'); err != nil {
		return nil, err
	}
	if len(set) == 0 {
		return nil, emptySet(kind)
	}
	given := slices.Clone(set)
	slices.Sort(set)
	if len(slices.Compact(slices.Clone(set))) != len(set) {
		return nil, duplicates(kind, given)
	}
	return set, nil
}

func emptySet(kind Kind) error {
	switch kind {
	case SS:
		return invalid("One or more parameter values were invalid: An string set  may not be empty")
	case NS:
		return invalid("One or more parameter values were invalid: An number set  may not be empty")
	}
	return invalid("One or more parameter values were invalid: Binary sets should not be empty")
}

func duplicates(kind Kind, given []string) error {
	switch kind {
	case SS:
		return invalid("One or more parameter values were invalid: Input collection [" + strings.Join(given, ", ") + "] contains duplicates.")
	case NS:
		return invalid("Input collection contains duplicates")
	}
	for i := range given {
		given[i] = base64.StdEncoding.EncodeToString([]byte(given[i]))
	}
	return invalid("One or more parameter values were invalid: Input collection [" + strings.Join(given, ", ") + "]of type BS contains duplicates.")
}
