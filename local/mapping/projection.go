package mapping

import (
	"errors"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// projection is the part of a document that is looked at: of its objects, only these fields. It spares decoding the rest, which is
// nearly all of it.
type projection struct {
	everything bool
	fields     map[string]*projection
}

// field returns the projection of a field, which it adds if need be.
func (p *projection) field(name string) *projection {
	if p.fields == nil {
		p.fields = map[string]*projection{}
	}
	if p.fields[name] == nil {
		p.fields[name] = &projection{}
	}
	return p.fields[name]
}

// number is a JSON number.
type number struct {
	text  string
	value float64
}

func numberOf(text string) number {
	value, _ := strconv.ParseFloat(text, 64) // ±Inf for what is out of range
	return number{text: text, value: value}
}

// decodeAll decodes one value that is all of the input: nil, bool, string, [number], []any or map[string]any.
func decodeAll(d *jsontext.Decoder, want *projection) (any, error) {
	value, err := decode(d, want)
	if err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, errors.New("more than one value")
	}
	return value, nil
}

func decode(d *jsontext.Decoder, want *projection) (any, error) {
	switch d.PeekKind() {
	case '{':
		return decodeObject(d, want)
	case '[':
		return decodeArray(d, want)
	}
	token, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case 'n':
		return nil, nil
	case 't', 'f':
		return token.Bool(), nil
	case '0':
		return numberOf(token.String()), nil
	default:
		return token.String(), nil
	}
}

func decodeObject(d *jsontext.Decoder, want *projection) (any, error) {
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	object := map[string]any{}
	for d.PeekKind() != '}' {
		raw, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		field, name, err := want.lookup(raw)
		if err != nil {
			return nil, err
		}
		if field == nil {
			if err := d.SkipValue(); err != nil {
				return nil, err
			}
			continue
		}
		if object[name], err = decode(d, field); err != nil {
			return nil, err
		}
	}
	_, err := d.ReadToken()
	return object, err
}

// lookup finds the field with a quoted name; nil if it is not wanted. Only wanted names are copied.
func (p *projection) lookup(raw jsontext.Value) (field *projection, name string, err error) {
	unquoted := raw[1 : len(raw)-1]
	for _, c := range unquoted {
		if c == '\\' {
			if unquoted, err = jsontext.AppendUnquote(nil, raw); err != nil {
				return nil, "", err
			}
			break
		}
	}
	if p.everything {
		return p, string(unquoted), nil
	}
	if field = p.fields[string(unquoted)]; field != nil {
		name = string(unquoted)
	}
	return field, name, nil
}

func decodeArray(d *jsontext.Decoder, want *projection) (any, error) {
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	array := []any{}
	for d.PeekKind() != ']' {
		value, err := decode(d, want)
		if err != nil {
			return nil, err
		}
		array = append(array, value)
	}
	_, err := d.ReadToken()
	return array, err
}
