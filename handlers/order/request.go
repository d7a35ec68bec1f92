package order

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"

	"transactional-outbox/handlers/fault"
	"transactional-outbox/handlers/jsonscan"
)

// A Request is what a client asks for when it places an order.
type Request struct {
	Description string // 1 to 1000 characters, trimmed
	CustomerID  string // up to 128 characters; empty if not given
	Items       []Item // up to 100; nil if not given
}

// Limits of a request. Characters are Unicode code points.
const (
	maxDescription = 1000
	maxCustomerID  = 128
	maxItems       = 100
	maxSKU         = 64
	maxQuantity    = 10_000
	maxUnitPrice   = 1<<53 - 1 // what every JSON reader can tell from its neighbours: https://www.rfc-editor.org/rfc/rfc7493#section-2.2
)

// maxFields bounds how many mistakes are listed, so that a hostile body does not make an answer larger than itself.
const maxFields = 400

// ParseRequest reads the body of a request. What is not JSON, names a member twice or is not UTF-8 is a fault of code
// Malformed; what breaks the rules is one of code Invalid that lists every broken one.
func ParseRequest(body string) (*Request, error) {
	if strings.TrimSpace(body) == "" {
		return nil, &fault.Error{Code: fault.Malformed, Detail: "The body is empty."}
	}
	p := &parser{Scanner: jsonscan.New(body), item: -1}
	r := p.request()
	p.End()
	if err := p.Err(); err != nil {
		return nil, &fault.Error{Code: fault.Malformed, Detail: "The body is not valid JSON: " + err.Error() + "."}
	}
	if len(p.fields) > 0 {
		return nil, &fault.Error{Code: fault.Invalid, Detail: "The order breaks the rules listed in errors.", Fields: p.fields}
	}
	return r, nil
}

// Hash is equal for requests that ask for the same, however they were written down.
func (r *Request) Hash() string {
	b := append(make([]byte, 0, 256+64*len(r.Items)), "order request 1\x00"...)
	b = appendText(b, r.Description)
	b = appendText(b, r.CustomerID)
	for i := range r.Items {
		b = appendText(b, r.Items[i].SKU)
		b = binary.BigEndian.AppendUint64(b, uint64(r.Items[i].Quantity))
		b = binary.BigEndian.AppendUint64(b, uint64(r.Items[i].UnitPrice))
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// A parser reads a request and collects the rules it breaks.
type parser struct {
	jsonscan.Scanner
	item   int // index of the item that is being read; -1 outside of the items
	fields []fault.Field
}

// broken notes what is wrong with a member, empty for the object itself. Only what is wrong needs a path, so it is made here.
func (p *parser) broken(name, message string) {
	if len(p.fields) >= maxFields {
		return
	}
	switch {
	case p.item >= 0 && name != "":
		name = "items[" + strconv.Itoa(p.item) + "]." + name
	case p.item >= 0:
		name = "items[" + strconv.Itoa(p.item) + "]"
	case name == "":
		name = "$"
	}
	p.fields = append(p.fields, fault.Field{Field: name, Message: message})
}

// A set has one bit for each member of an object that was seen.
type set uint

// add adds a member. A repeated one makes the text malformed: readers differ in which one counts.
func (p *parser) add(seen *set, bit set, name string) {
	if *seen&bit != 0 {
		p.Fail("repeated member " + strconv.QuoteToASCII(name))
	}
	*seen |= bit
}

func (p *parser) request() *Request {
	if p.Kind() != jsonscan.Object {
		p.wrongType("", "an object")
		return nil
	}
	const description, customerID, items = set(1), set(2), set(4)
	var seen set
	r := new(Request)
	p.Object()
	for name, ok := p.Member(); ok; name, ok = p.Member() {
		switch name {
		case "description":
			p.add(&seen, description, name)
			r.Description = p.text(name, maxDescription, strings.TrimSpace)
		case "customerId":
			p.add(&seen, customerID, name)
			r.CustomerID = p.text(name, maxCustomerID, nil)
		case "items":
			p.add(&seen, items, name)
			r.Items = p.items()
		default:
			p.unknown(name)
		}
	}
	if seen&description == 0 {
		p.broken("description", "is required")
	}
	return r
}

func (p *parser) unknown(name string) {
	p.Skip()
	p.broken(name, "is not known")
}

// wrongType reads a value that is of the wrong type.
func (p *parser) wrongType(name, want string) {
	p.Skip()
	p.broken(name, "must be "+want)
}
