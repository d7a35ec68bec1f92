package order

import (
	"strconv"
	"unicode/utf8"

	"transactional-outbox/handlers/jsonscan"
)

// text reads a string of 1 to limit characters, counted after trim where there is one.
func (p *parser) text(name string, limit int, trim func(string) string) string {
	if p.Kind() != jsonscan.String {
		p.wrongType(name, "a string")
		return ""
	}
	text, when := p.String(), ""
	if trim != nil {
		text, when = trim(text), " after trimming"
	}
	if n := utf8.RuneCountInString(text); n < 1 || n > limit {
		p.broken(name, "must have 1 to "+strconv.Itoa(limit)+" characters"+when)
	}
	return text
}

// integer reads a whole number from low to high, written with digits only.
func (p *parser) integer(name string, low, high int64) int64 {
	if p.Kind() != jsonscan.Number {
		p.wrongType(name, integers(low, high))
		return 0
	}
	n, err := strconv.ParseInt(p.Number(), 10, 64)
	if err != nil || n < low || n > high {
		p.broken(name, "must be "+integers(low, high))
	}
	return n
}

func integers(low, high int64) string {
	return "an integer from " + strconv.FormatInt(low, 10) + " to " + strconv.FormatInt(high, 10)
}

// items reads the array of items. Of one that is too long the rest is only checked to be JSON.
func (p *parser) items() []Item {
	const name = "items"
	if p.Kind() != jsonscan.Array {
		p.wrongType(name, "an array")
		return nil
	}
	var items []Item
	count := 0
	p.Array()
	for ; p.Element(); count++ {
		if count < maxItems {
			p.item = count
			items = append(items, p.readItem())
		} else {
			p.Skip()
		}
	}
	p.item = -1
	if count < 1 || count > maxItems {
		p.broken(name, "must have 1 to "+strconv.Itoa(maxItems)+" elements")
	}
	return items
}

func (p *parser) readItem() (item Item) {
	if p.Kind() != jsonscan.Object {
		p.wrongType("", "an object")
		return item
	}
	const sku, quantity, unitPrice = set(1), set(2), set(4)
	var seen set
	p.Object()
	for name, ok := p.Member(); ok; name, ok = p.Member() {
		switch name {
		case "sku":
			p.add(&seen, sku, name)
			item.SKU = p.text(name, maxSKU, nil)
		case "quantity":
			p.add(&seen, quantity, name)
			item.Quantity = p.integer(name, 1, maxQuantity)
		case "unitPrice":
			p.add(&seen, unitPrice, name)
			item.UnitPrice = p.integer(name, 0, maxUnitPrice)
		default:
			p.unknown(name)
		}
	}
	for _, required := range []struct {
		bit  set
		name string
	}{{sku, "sku"}, {quantity, "quantity"}, {unitPrice, "unitPrice"}} {
		if seen&required.bit == 0 {
			p.broken(required.name, "is required")
		}
	}
	return item
}
