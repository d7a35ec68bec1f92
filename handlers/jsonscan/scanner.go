// Package jsonscan reads JSON texts in one pass, without reflection and, where strings have no escapes, without allocating.
//
// It accepts exactly the texts of RFC 8259 in valid UTF-8, strings without lone surrogates included; what a reader does
// with an object's repeated names is up to the reader. Strings are taken from the text itself, which stays in memory for as
// long as any of them. Errors stick: after the first one every method returns its zero value, and Err says what it was.
//
//	s := jsonscan.New(text)
//	s.Object()
//	for name, ok := s.Member(); ok; name, ok = s.Member() {
//		switch name {
//		case "quantity":
//			quantity = s.Int64()
//		default:
//			s.Skip()
//		}
//	}
//	s.End()
//	return s.Err()
package jsonscan

import (
	"fmt"
	"strconv"
	"strings"
)

// maxDepth bounds nesting. DynamoDB nests 32 levels deep, two objects of its JSON each.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const maxDepth = 256

// A Kind is what a value is, as its first byte tells.
type Kind byte

const (
	None   Kind = 0 // the end of the text, or nothing that begins a value
	Object Kind = '{'
	Array  Kind = '['
	String Kind = '"'
	Number Kind = '0'
	True   Kind = 't'
	False  Kind = 'f'
	Null   Kind = 'n'
)

// An Error is a text that is not JSON, or not of the shape the reader asked for.
type Error struct {
	Offset  int // byte of the text
	Problem string
}

func (e *Error) Error() string { return fmt.Sprintf("%s at byte %d", e.Problem, e.Offset) }

// A Scanner reads one JSON text. The zero value reads an empty one.
type Scanner struct {
	text  string
	pos   int
	depth int
	fresh bool // an object or array was begun, and none of its members read
	err   error
}

// New returns a scanner at the beginning of a text.
func New(text string) Scanner { return Scanner{text: text} }

// Err returns the first error, of type [*Error], or nil.
func (s *Scanner) Err() error { return s.err }

// Offset is the number of bytes that have been read.
func (s *Scanner) Offset() int { return s.pos }

// Fail makes problem the error, unless there is one already.
func (s *Scanner) Fail(problem string) { s.failAt(s.pos, problem) }

func (s *Scanner) failAt(offset int, problem string) {
	if s.err == nil {
		s.err = &Error{Offset: offset, Problem: problem}
	}
}

func (s *Scanner) space() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\n', '\r', '\t':
			s.pos++
		default:
			return
		}
	}
}

// Kind looks at the value that comes next without reading it.
func (s *Scanner) Kind() Kind {
	if s.err != nil {
		return None
	}
	s.space()
	if s.pos == len(s.text) {
		return None
	}
	switch c := s.text[s.pos]; c {
	case '{', '[', '"', 't', 'f', 'n':
		return Kind(c)
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return Number
	}
	return None
}

// next reads byte c, which must come next.
func (s *Scanner) next(c byte, what string) bool {
	if s.err != nil {
		return false
	}
	s.space()
	if s.pos < len(s.text) && s.text[s.pos] == c {
		s.pos++
		return true
	}
	s.unexpected(what)
	return false
}

func (s *Scanner) unexpected(want string) {
	if s.err != nil {
		return
	}
	if s.space(); s.pos >= len(s.text) {
		s.Fail("unexpected end, want " + want)
		return
	}
	s.Fail("unexpected " + strconv.QuoteRuneToASCII(rune(s.text[s.pos])) + ", want " + want)
}

// Object begins an object; Member reads it.
func (s *Scanner) Object() { s.begin('{', "an object") }

// Array begins an array; Element reads it.
func (s *Scanner) Array() { s.begin('[', "an array") }

func (s *Scanner) begin(c byte, what string) {
	if !s.next(c, what) {
		return
	}
	if s.depth++; s.depth > maxDepth {
		s.Fail("nested too deeply")
	}
	s.fresh = true
}

// Member reads the name of the object's next member, whose value comes next, or reads the object's end and returns false.
func (s *Scanner) Member() (name string, ok bool) {
	if !s.more('}', "',' or '}'") {
		return "", false
	}
	name = s.String()
	s.next(':', "':'")
	return name, s.err == nil
}

// Element returns whether the array has another element, which comes next, or reads the array's end and returns false.
func (s *Scanner) Element() bool { return s.more(']', "',' or ']'") }

func (s *Scanner) more(end byte, want string) bool {
	if s.err != nil {
		return false
	}
	s.space()
	if s.pos < len(s.text) {
		switch c := s.text[s.pos]; {
		case c == end:
			s.pos++
			s.depth--
			s.fresh = false
			return false
		case s.fresh:
			s.fresh = false
			return true
		case c == ',':
			s.pos++
			return true
		}
	}
	s.unexpected(want)
	return false
}

// End makes anything that comes after the text's value an error.
func (s *Scanner) End() {
	if s.err != nil {
		return
	}
	if s.space(); s.pos < len(s.text) {
		s.Fail("unexpected text after the end")
	}
}

// Skip reads a value of any kind, and checks that it is well formed.
func (s *Scanner) Skip() {
	switch s.Kind() {
	case Object:
		s.Object()
		for _, ok := s.Member(); ok; _, ok = s.Member() {
			s.Skip()
		}
	case Array:
		s.Array()
		for s.Element() {
			s.Skip()
		}
	case String:
		s.skipString()
	case Number:
		s.Number()
	case True, False:
		s.Bool()
	case Null:
		s.Null()
	default:
		s.unexpected("a value")
	}
}

// Raw reads a value of any kind and returns its text.
func (s *Scanner) Raw() string {
	s.space()
	start := s.pos
	if s.Skip(); s.err != nil {
		return ""
	}
	return s.text[start:s.pos]
}

// Bool reads true or false.
func (s *Scanner) Bool() bool {
	if s.Kind() == True {
		s.literal("true")
		return s.err == nil
	}
	s.literal("false")
	return false
}

// Null reads null.
func (s *Scanner) Null() { s.literal("null") }

func (s *Scanner) literal(word string) {
	if s.err != nil {
		return
	}
	if s.space(); strings.HasPrefix(s.text[s.pos:], word) {
		s.pos += len(word)
		return
	}
	s.unexpected(word)
}
