package expression

import (
	"cmp"
	"slices"

	"transactional-outbox/local/dynamodb/attribute"
)

// The faults of an update that show only with the item. They are [attribute.Invalid].
var (
	errOperandType = &attribute.Invalid{Text: "An operand in the update expression has an incorrect data type"}
	errMissing     = &attribute.Invalid{Text: "The provided expression refers to an attribute that does not exist in the item"}
	errPath        = &attribute.Invalid{Text: "The document path provided in the update expression is invalid for update"}
)

// change is one thing an update does: put a value at a path, or remove what is there.
type change struct {
	target path
	value  attribute.Value // no value to remove
}

// apply returns the item that the update makes of item, which it leaves as it is. Every value is computed from the old item.
func (u *Update) apply(item attribute.Map, b *binding) (attribute.Map, error) {
	var room [8]change
	changes := room[:0]
	for i := range u.sets {
		v, err := u.sets[i].source.eval(item, b)
		if err != nil {
			return nil, err
		}
		changes = append(changes, change{u.sets[i].target.resolve(b.names), v})
	}
	for i := range u.adds {
		v, err := u.adds[i].add(item, b)
		if err != nil {
			return nil, err
		}
		changes = append(changes, change{u.adds[i].target.resolve(b.names), v})
	}
	for i := range u.deletes {
		v, err := u.deletes[i].delete(item, b)
		if err != nil {
			return nil, err
		}
		changes = append(changes, change{u.deletes[i].target.resolve(b.names), v})
	}
	for _, target := range u.removes {
		changes = append(changes, change{target: target.resolve(b.names)})
	}
	// Indices are those of the old list: first what is set, lowest index first, as what lies behind the end is appended; then what is
	// removed, highest index first.
	slices.SortStableFunc(changes, func(a, b change) int {
		if a.value.Exists() != b.value.Exists() {
			return cmp.Compare(b2i(b.value.Exists()), b2i(a.value.Exists()))
		}
		order := cmp.Compare(a.target[len(a.target)-1].index, b.target[len(b.target)-1].index)
		if a.value.Exists() {
			return order
		}
		return -order
	})
	out := append(make(attribute.Map, 0, len(item)+len(changes)), item...)
	for _, c := range changes {
		if err := c.apply(&out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// apply carries out the change in item, which is a copy; what lies deeper is copied on the way.
func (c change) apply(item *attribute.Map) error {
	first := c.target[0].name
	if len(c.target) == 1 {
		if c.value.Exists() {
			item.Set(first, c.value)
		} else {
			item.Delete(first)
		}
		return nil
	}
	v, err := c.within(item.Get(first), c.target[1:])
	if err != nil {
		return err
	}
	item.Set(first, v)
	return nil
}

// within returns what the change makes of a value, at the rest of the path.
func (c change) within(v attribute.Value, rest path) (attribute.Value, error) {
	if rest[0].kind == elementIndex {
		return c.withinList(v, rest)
	}
	if v.Kind() != attribute.M {
		return v, errPath
	}
	members := slices.Clone(v.Members())
	name := rest[0].name
	inner := c.value
	if len(rest) > 1 {
		var err error
		if inner, err = c.within(members.Get(name), rest[1:]); err != nil {
			return v, err
		}
	}
	if inner.Exists() {
		members.Set(name, inner)
	} else {
		members.Delete(name)
	}
	return attribute.MapOf(members), nil
}

func (c change) withinList(v attribute.Value, rest path) (attribute.Value, error) {
	if v.Kind() != attribute.L {
		return v, errPath
	}
	elements := slices.Clone(v.Elements())
	i := rest[0].index
	if len(rest) > 1 {
		if i >= len(elements) {
			return v, errPath
		}
		inner, err := c.within(elements[i], rest[1:])
		elements[i] = inner
		return attribute.List(elements...), err
	}
	switch {
	case c.value.Exists() && i < len(elements):
		elements[i] = c.value
	case c.value.Exists():
		elements = append(elements, c.value)
	case i < len(elements):
		elements = slices.Delete(elements, i, i+1)
	}
	return attribute.List(elements...), nil
}

// add returns the value that ADD leaves at its target.
func (a amendment) add(item attribute.Map, b *binding) (attribute.Value, error) {
	old, operand := a.target.get(item, b.names), b.values[a.value]
	switch {
	case !old.Exists():
		return operand, nil
	case old.Kind() != operand.Kind():
		return old, errOperandType
	case operand.Kind() == attribute.N:
		return old.Plus(operand)
	}
	return old.Union(operand), nil
}

// delete returns the value that DELETE leaves at its target, no value if none.
func (a amendment) delete(item attribute.Map, b *binding) (attribute.Value, error) {
	old, operand := a.target.get(item, b.names), b.values[a.value]
	switch {
	case !old.Exists():
		return old, nil
	case old.Kind() != operand.Kind():
		return old, errOperandType
	}
	return old.Without(operand), nil
}

func (s sourceOperand) eval(item attribute.Map, b *binding) (attribute.Value, error) {
	v := s.value(item, b)
	if !v.Exists() {
		return v, errMissing
	}
	return v, nil
}

func (s sum) eval(item attribute.Map, b *binding) (attribute.Value, error) {
	left, err := s.left.eval(item, b)
	if err != nil {
		return left, err
	}
	right, err := s.right.eval(item, b)
	if err != nil {
		return right, err
	}
	if left.Kind() != attribute.N || right.Kind() != attribute.N {
		return left, errOperandType
	}
	if s.operator == "-" {
		return left.Minus(right)
	}
	return left.Plus(right)
}

func (s sourceCall) eval(item attribute.Map, b *binding) (attribute.Value, error) {
	left, err := s.args[0].eval(item, b)
	if s.name == "if_not_exists" {
		if err == nil {
			return left, nil
		}
		return s.args[1].eval(item, b)
	}
	if err != nil {
		return left, err
	}
	right, err := s.args[1].eval(item, b)
	if err != nil {
		return right, err
	}
	if left.Kind() != attribute.L || right.Kind() != attribute.L {
		return left, errOperandType
	}
	return left.Concat(right), nil
}
