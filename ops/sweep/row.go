package sweep

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/jsonscan"
)

// A Row is an item in the form it came in, taken apart no further than into its attributes. It is valid until the next one is read;
// the texts of its attributes stay valid, and keep the page they came with in memory.
type Row struct{ attributes []attribute }

// An attribute's text is the value itself of types S and N, and JSON of any other type.
type attribute struct{ name, kind, text string }

// Text returns the value of a string attribute, empty if there is none.
func (r *Row) Text(name string) string { return r.value(name, "S") }

// Number returns the value of a number attribute, 0 if there is no whole one.
func (r *Row) Number(name string) int64 {
	n, _ := strconv.ParseInt(r.value(name, "N"), 10, 64) // 0 if it is none
	return n
}

// Has says whether there is an attribute of any type.
func (r *Row) Has(name string) bool {
	for i := range r.attributes {
		if r.attributes[i].name == name {
			return true
		}
	}
	return false
}

// Map returns the attributes of a map attribute, and whether there is one.
func (r *Row) Map(name string) (Row, bool) {
	text := r.value(name, "M")
	if text == "" {
		return Row{}, false
	}
	var inner Row
	s := jsonscan.New(text)
	inner.read(&s)
	return inner, s.Err() == nil
}

func (r *Row) value(name, kind string) string {
	for i := range r.attributes {
		if r.attributes[i].name == name && r.attributes[i].kind == kind {
			return r.attributes[i].text
		}
	}
	return ""
}

// read reads an item in DynamoDB's JSON into the row.
func (r *Row) read(s *jsonscan.Scanner) {
	r.attributes = r.attributes[:0]
	s.Object()
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		a := attribute{name: name}
		s.Object()
		if a.kind, ok = s.Member(); !ok {
			s.Fail("attribute without a type")
			return
		}
		if s.Kind() == jsonscan.String {
			a.text = s.String()
		} else {
			a.text = s.Raw()
		}
		if _, more := s.Member(); more {
			s.Fail("attribute of more than one type")
		}
		r.attributes = append(r.attributes, a)
	}
}

// key is the row as a key: attributes of types S and N only.
func (r *Row) key() map[string]types.AttributeValue {
	key := make(map[string]types.AttributeValue, len(r.attributes))
	for _, a := range r.attributes {
		if a.kind == "N" {
			key[a.name] = &types.AttributeValueMemberN{Value: a.text}
		} else {
			key[a.name] = &types.AttributeValueMemberS{Value: a.text}
		}
	}
	return key
}

// Rows reads a list of items, each of which visit sees until the next one is read.
func Rows(s *jsonscan.Scanner, visit func(*Row)) {
	var row Row
	s.Array()
	for s.Element() {
		if row.read(s); s.Err() == nil {
			visit(&row)
		}
	}
}
