package expression

import (
	"strconv"
	"strings"

	"transactional-outbox/local/dynamodb/attribute"
)

type elementKind uint8

const (
	elementName  elementKind = iota // name
	elementRef                      // names[index] of the binding
	elementIndex                    // [index] of a list
)

type element struct {
	name  string
	index int
	kind  elementKind
}

// path leads to a value inside an item: as parsed, with references to names, or resolved, without.
type path []element

// resolve replaces the references to names. A path without references is returned as it is.
func (p path) resolve(names []string) path {
	for i := range p {
		if p[i].kind == elementRef {
			out := make(path, len(p))
			for i, e := range p {
				if e.kind == elementRef {
					e = element{name: names[e.index]}
				}
				out[i] = e
			}
			return out
		}
	}
	return p
}

// get returns the value at a path, resolved or with the names to resolve it, or no value.
func (p path) get(item attribute.Map, names []string) attribute.Value {
	v := item.Get(p[0].resolved(names))
	for _, e := range p[1:] {
		if e.kind != elementIndex {
			v = v.Members().Get(e.resolved(names))
			continue
		}
		elements := v.Elements()
		if e.index >= len(elements) {
			return attribute.Value{}
		}
		v = elements[e.index]
	}
	return v
}

func (e element) resolved(names []string) string {
	if e.kind == elementRef {
		return names[e.index]
	}
	return e.name
}

// String writes a resolved path as DynamoDB's messages do: [a, b, [3]].
func (p path) String() string {
	parts := make([]string, len(p))
	for i, e := range p {
		parts[i] = e.name
		if e.kind == elementIndex {
			parts[i] = "[" + strconv.Itoa(e.index) + "]"
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// equal compares resolved paths.
func (p path) equal(q path) bool {
	if len(p) != len(q) {
		return false
	}
	for i := range p {
		if p[i] != q[i] {
			return false
		}
	}
	return true
}

// disjoint returns an error if two of the resolved paths lead to the same place, one leads into what the other replaces, or they
// disagree about what is a list and what is a map.
func disjoint(paths []path) error {
	for i, p := range paths {
		for _, q := range paths[:i] {
			if err := q.clash(p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p path) clash(q path) error {
	for i := range min(len(p), len(q)) {
		if p[i].kind != q[i].kind {
			return errorf("Two document paths conflict with each other; must remove or rewrite one of these paths; path one: %v, path two: %v", p, q)
		}
		if p[i] != q[i] {
			return nil
		}
	}
	return errorf("Two document paths overlap with each other; must remove or rewrite one of these paths; path one: %v, path two: %v", p, q)
}
