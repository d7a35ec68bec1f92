package order

import (
	"strconv"
	"unicode/utf8"

	"transactional-outbox/handlers/jsonscan"
)

// text reads a string of 1 to limit characters, counted after trim where there is one.
func (p *parser) text(field string, limit int, trim func(string) string) string {
	if p.Kind() != jsonscan.String {
		p.wrongType(field, "a string")
		return ""
	}
	text, when := p.String(), ""
	if trim != nil {
		text, when = trim(text), " after trimming"
	}
	if n := utf8.RuneCountInString(text); n < 1 || n > limit {
		p.broken(field, "must have 1 to "+strconv.Itoa(limit)+" characters"+when)
	}
	return text
}

// integer reads a whole number from low to high, written with digits only.
func (p *parser) integer(field string, low, high int64) int64 {
	want := "an integer from " + strconv.FormatInt(low, 10) + " to " + strconv.FormatInt(high, 10)
	if p.Kind() != jsonscan.Number {
		p.wrongType(field, want)
		return 0
	}
	n, err := strconv.ParseInt(p.Number(), 10, 64)
	if err != nil || n < low || n > high {
		p.broken(field, "must be "+want)
	}
	return n
}

// items reads the array of items. Of one that is too long the rest is only checked to be JSON.
func (p *parser) items() []Item {
	const field = "items"
	if p.Kind() != jsonscan.Array {
		p.wrongType(field, "an array")
		return nil
	}
	var items []Item
	count := 0
	p.Array()
	for ; p.Element(); count++ {
		if count < maxItems {
			items = append(items, p.item(field+"["+strconv.Itoa(count)+"]"))
		} else {
			p.Skip()
		}
	}
	if count < 1 || count > maxItems {
		p.broken(field, "must have 1 to "+strconv.Itoa(maxItems)+" elements")
	}
	return items
}

func (p *parser) item(path string) (item Item) {
	if p.Kind() != jsonscan.Object {
		p.wrongType(path, "an object")
		return item
	}
	const sku, quantity, unitPrice = set(1), set(2), set(4)
	var seen set
	p.Object()
	for name, ok := p.Member(); ok; name, ok = p.Member() {
		switch name {
		case "sku":
			p.add(&seen, sku, name)
			item.SKU = p.text(path+".sku", maxSKU, nil)
		case "quantity":
			p.add(&seen, quantity, name)
			item.Quantity = p.integer(path+".quantity", 1, maxQuantity)
		case "unitPrice":
			p.add(&seen, unitPrice, name)
			item.UnitPrice = p.integer(path+".unitPrice", 0, maxUnitPrice)
		default:
			p.unknown(path+".", name)
		}
	}
	for _, required := range []struct {
		bit  set
		name string
	}{{sku, ".sku"}, {quantity, ".quantity"}, {unitPrice, ".unitPrice"}} {
		if seen&required.bit == 0 {
			p.broken(path+required.name, "is required")
		}
	}
	return item
}
