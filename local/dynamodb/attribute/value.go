// Package attribute holds DynamoDB's attribute values: their JSON, their order and equality, their arithmetic and their size.
//
// Values are immutable: what changes one returns another, and parts may be shared.
package attribute

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Kind is the type of a value. The zero Kind is that of no value.
type Kind uint8

// The kinds, in DynamoDB's names.
const (
	S Kind = iota + 1
	N
	B
	BOOL
	NULL
	SS
	NS
	BS
	L
	M
)

var kindNames = [...]string{"", "S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"}

// String returns DynamoDB's name of the kind.
func (k Kind) String() string { return kindNames[k] }

// KindNamed returns the kind of a name, or 0.
func KindNamed(name string) Kind {
	for k := S; k <= M; k++ {
		if kindNames[k] == name {
			return k
		}
	}
	return 0
}

// IsSet reports whether values of the kind are sets.
func (k Kind) IsSet() bool { return k == SS || k == NS || k == BS }

// element is the kind of a set's elements.
func (k Kind) element() Kind { return k - SS + S }

// Value is one attribute value. The zero Value is no value, as of an attribute that does not exist.
type Value struct {
	kind  Kind
	truth bool
	text  string // S, N in canonical notation, B as raw bytes
	parts *parts // sets, L, M
}

type parts struct {
	set     []string // sorted
	list    []Value
	members Map
}

// Invalid is a value, or the outcome of an operation on values, that DynamoDB refuses with a ValidationException of this text.
type Invalid struct{ Text string }

func (e *Invalid) Error() string { return e.Text }

func invalid(text string) error { return &Invalid{text} }

// String returns a value of kind S.
func String(s string) Value { return Value{kind: S, text: s} }

// Binary returns a value of kind B.
func Binary(b []byte) Value { return Value{kind: B, text: string(b)} }

// Bool returns a value of kind BOOL.
func Bool(b bool) Value { return Value{kind: BOOL, truth: b} }

// Null returns the value of kind NULL.
func Null() Value { return Value{kind: NULL, truth: true} }

// Integer returns a value of kind N.
func Integer(n int) Value { return Value{kind: N, text: strconv.Itoa(n)} }

// Number returns a value of kind N; text is anything that DynamoDB accepts as a number.
func Number(text string) (Value, error) {
	canonical, err := NormalizeNumber(text)
	return Value{kind: N, text: canonical}, err
}

// List returns a value of kind L.
func List(elements ...Value) Value { return Value{kind: L, parts: &parts{list: elements}} }

// MapOf returns a value of kind M.
func MapOf(members Map) Value { return Value{kind: M, parts: &parts{members: members}} }

// Kind returns the kind of v, 0 if it is no value.
func (v Value) Kind() Kind { return v.kind }

// Exists reports whether v is a value.
func (v Value) Exists() bool { return v.kind != 0 }

// Text returns the text of a string, the canonical notation of a number or the bytes of a binary value.
func (v Value) Text() string { return v.text }

// Elements returns the elements of a list. Do not modify them.
func (v Value) Elements() []Value {
	if v.kind != L {
		return nil
	}
	return v.parts.list
}

// Members returns the members of a map. Do not modify them.
func (v Value) Members() Map {
	if v.kind != M {
		return nil
	}
	return v.parts.members
}

// Len returns what the function size gives: UTF-16 code units of strings, bytes of binaries, elements of collections. ok is false for other
// kinds, which have no size.
func (v Value) Len() (n int, ok bool) {
	switch v.kind {
	case S:
		return utf16Length(v.text), true
	case B:
		return len(v.text), true
	case SS, NS, BS:
		return len(v.parts.set), true
	case L:
		return len(v.parts.list), true
	case M:
		return len(v.parts.members), true
	}
	return 0, false
}

// utf16Length is the length of a text as DynamoDB counts it: in UTF-16 code units, as DynamoDB Local shows.
func utf16Length(text string) int {
	n := 0
	for _, r := range text {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}

// Equal reports whether both values are the same: of one kind, numbers by value, sets whatever their order.
func (v Value) Equal(w Value) bool {
	if v.kind != w.kind || v.truth != w.truth || v.text != w.text {
		return false
	}
	if v.parts == w.parts {
		return true
	}
	return slices.Equal(v.parts.set, w.parts.set) && slices.EqualFunc(v.parts.list, w.parts.list, Value.Equal) &&
		v.parts.members.Equal(w.parts.members)
}

// Compare orders two strings or binaries by their bytes, or two numbers. ok is false for any other pair.
func (v Value) Compare(w Value) (order int, ok bool) {
	if v.kind != w.kind {
		return 0, false
	}
	switch v.kind {
	case S, B:
		return strings.Compare(v.text, w.text), true
	case N:
		return compareNumbers(v.text, w.text), true
	}
	return 0, false
}

// HasPrefix reports whether v starts with w, both being strings or both binaries.
func (v Value) HasPrefix(w Value) bool {
	return v.kind == w.kind && (v.kind == S || v.kind == B) && strings.HasPrefix(v.text, w.text)
}

// Contains reports whether w is a part of the string or binary v, or an element of the set or list v.
func (v Value) Contains(w Value) bool {
	switch {
	case v.kind == S || v.kind == B:
		return v.kind == w.kind && strings.Contains(v.text, w.text)
	case v.kind.IsSet():
		_, found := slices.BinarySearch(v.parts.set, w.text)
		return found && v.kind.element() == w.kind
	case v.kind == L:
		return slices.ContainsFunc(v.parts.list, w.Equal)
	}
	return false
}

// AppendKey appends bytes that sort as the string, number or binary v does.
func (v Value) AppendKey(dst []byte) []byte {
	if v.kind == N {
		return appendNumberKey(dst, v.text)
	}
	return append(dst, v.text...)
}
