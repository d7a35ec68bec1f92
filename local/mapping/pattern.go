package mapping

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// maxPatternBytes is the size limit of one pattern in the Lambda API.
const maxPatternBytes = 4096

// objectPattern is a pattern for an object: every field and one alternative of every $or must match.
type objectPattern struct {
	fields map[string]fieldPattern
	ors    [][]*objectPattern
}

// fieldPattern is an [*objectPattern] or a [leafPattern].
type fieldPattern interface {
	// matchField matches the value of a field; present is false where there is none.
	matchField(value any, present bool) bool
	want(p *projection)
}

// leafPattern is a list of rules of which one must match.
type leafPattern []rule

func parsePattern(text string) (*objectPattern, error) {
	if len(text) > maxPatternBytes {
		return nil, fmt.Errorf("longer than %d characters", maxPatternBytes)
	}
	value, err := decodeAll(jsontext.NewDecoder(bytes.NewBufferString(text)), &projection{everything: true})
	if err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("not an object")
	}
	return parseObject(object)
}

func parseObject(object map[string]any) (*objectPattern, error) {
	if len(object) == 0 {
		return nil, fmt.Errorf("an empty object")
	}
	p := &objectPattern{fields: map[string]fieldPattern{}}
	for name, value := range object {
		var err error
		switch v := value.(type) {
		case map[string]any:
			p.fields[name], err = parseObject(v)
		case []any:
			if name == "$or" {
				err = p.parseOr(v)
			} else {
				p.fields[name], err = parseLeaf(v)
			}
		default:
			err = fmt.Errorf("neither an object nor an array")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return p, nil
}

func (p *objectPattern) parseOr(alternatives []any) error {
	if len(alternatives) == 0 {
		return fmt.Errorf("an empty array")
	}
	var group []*objectPattern
	for _, a := range alternatives {
		object, ok := a.(map[string]any)
		if !ok {
			return fmt.Errorf("not an array of objects")
		}
		alternative, err := parseObject(object)
		if err != nil {
			return err
		}
		group = append(group, alternative)
	}
	p.ors = append(p.ors, group)
	return nil
}

func parseLeaf(values []any) (leafPattern, error) {
	if len(values) == 0 {
		return nil, fmt.Errorf("an empty array")
	}
	var leaf leafPattern
	for _, v := range values {
		r, err := parseRule(v)
		if err != nil {
			return nil, err
		}
		leaf = append(leaf, r)
	}
	return leaf, nil
}

// match matches a document.
func (p *objectPattern) match(object map[string]any) bool {
	for name, field := range p.fields {
		value, present := object[name]
		if !field.matchField(value, present) {
			return false
		}
	}
	for _, group := range p.ors {
		if !slices.ContainsFunc(group, func(alternative *objectPattern) bool { return alternative.match(object) }) {
			return false
		}
	}
	return true
}

// matchField matches an object, or an array of which one object must match as a whole. Anything else is like an object without
// fields: only a demand that fields do not exist can be met by it.
func (p *objectPattern) matchField(value any, _ bool) bool {
	switch v := value.(type) {
	case map[string]any:
		return p.match(v)
	case []any:
		if len(v) > 0 {
			return slices.ContainsFunc(v, func(element any) bool { return p.matchField(element, true) })
		}
	}
	return p.match(nil)
}

// matchField matches a scalar, or an array of which one scalar must match. An object is no leaf, so nothing exists there.
func (p leafPattern) matchField(value any, present bool) bool {
	switch v := value.(type) {
	case map[string]any:
		present = false
	case []any:
		if len(v) > 0 {
			return slices.ContainsFunc(v, func(element any) bool { return p.matchField(element, true) })
		}
		present = false
	}
	return slices.ContainsFunc(p, func(r rule) bool { return r(value, present) })
}

// looksInto reports whether the pattern expects the field to be an object.
func (p *objectPattern) looksInto(name string) bool {
	if _, ok := p.fields[name].(*objectPattern); ok {
		return true
	}
	return slices.ContainsFunc(p.ors, func(group []*objectPattern) bool {
		return !slices.ContainsFunc(group, func(alternative *objectPattern) bool { return !alternative.looksInto(name) })
	})
}

func (p *objectPattern) want(w *projection) {
	for name, field := range p.fields {
		field.want(w.field(name))
	}
	for _, group := range p.ors {
		for _, alternative := range group {
			alternative.want(w)
		}
	}
}

func (p leafPattern) want(*projection) {}
