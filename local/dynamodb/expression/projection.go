package expression

import (
	"slices"

	"transactional-outbox/local/dynamodb/attribute"
)

// Projection is a parsed projection expression. It may be shared.
type Projection struct {
	paths []path
	names []string
}

// ParseProjection parses a projection expression. It reports the faults that do not depend on names, as [Error].
func ParseProjection(text string) (*Projection, error) {
	p, err := newParser(text)
	if err != nil {
		return nil, err
	}
	out := &Projection{}
	for {
		path, err := p.path()
		if err != nil {
			return nil, err
		}
		out.paths = append(out.paths, path)
		if !p.accept(",") {
			break
		}
	}
	if err := p.finish(); err != nil {
		return nil, err
	}
	out.names = p.names
	return out, nil
}

// project returns the parts of an item that lie at the resolved paths. Lists keep only the elements asked for, in their order.
func project(item attribute.Map, paths []path) attribute.Map {
	out := attribute.Map{}
	for i, p := range paths {
		name := p[0].name
		if slices.ContainsFunc(paths[:i], func(q path) bool { return q[0].name == name }) {
			continue // done with the first of its name
		}
		if v := part(item.Get(name), tails(paths, p[0])); v.Exists() {
			out.Set(name, v)
		}
	}
	return out
}

// tails returns what follows in the paths that start with an element.
func tails(paths []path, first element) []path {
	var out []path
	for _, p := range paths {
		if p[0] == first {
			out = append(out, p[1:])
		}
	}
	return out
}

// part returns what of a value lies at the paths, no value if nothing does.
func part(v attribute.Value, paths []path) attribute.Value {
	for _, p := range paths {
		if len(p) == 0 {
			return v
		}
	}
	switch v.Kind() {
	case attribute.M:
		if members := project(v.Members(), onlyKind(paths, elementName)); len(members) > 0 {
			return attribute.MapOf(members)
		}
	case attribute.L:
		var elements []attribute.Value
		paths = onlyKind(paths, elementIndex)
		for i, e := range v.Elements() {
			rest := tails(paths, element{index: i, kind: elementIndex})
			if len(rest) == 0 {
				continue
			}
			if inner := part(e, rest); inner.Exists() {
				elements = append(elements, inner)
			}
		}
		if len(elements) > 0 {
			return attribute.List(elements...)
		}
	}
	return attribute.Value{}
}

func onlyKind(paths []path, kind elementKind) []path {
	var out []path
	for _, p := range paths {
		if p[0].kind == kind {
			out = append(out, p)
		}
	}
	return out
}
