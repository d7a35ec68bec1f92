package expression

import "transactional-outbox/local/dynamodb/attribute"

// Condition is a parsed condition, filter or key condition. It may be shared.
type Condition struct {
	root          node
	names, values []string
}

// node is a condition that is true or false of an item.
type node interface {
	// holds evaluates the condition.
	holds(item attribute.Map, b *binding) bool
	// check finds the faults that depend on the names and values.
	check(b *binding) error
}

// operand is what conditions compare.
type operand interface {
	// value returns the value, or no value if the item has none.
	value(item attribute.Map, b *binding) attribute.Value
}

// binding is the names and values that the references of one expression stand for, by the indices that the parser gave them.
type binding struct {
	names  []string
	values []attribute.Value
}

type (
	pathOperand  struct{ path path }
	valueOperand struct{ index int }
	sizeOperand  struct {
		function
	}
)

type (
	and        struct{ left, right node }
	or         struct{ left, right node }
	not        struct{ inner node }
	comparison struct {
		operator    string
		left, right operand
	}
	between struct{ subject, low, high operand }
	in      struct {
		subject operand
		choices []operand
	}
	// function is a call: a condition, or the operand size(path).
	function struct {
		name string
		args []operand
	}
	// misplaced is a function where only operands may stand; the parser has noted the fault.
	misplaced struct{ function }
)

func (o pathOperand) value(item attribute.Map, b *binding) attribute.Value {
	return o.path.get(item, b.names)
}

func (o valueOperand) value(_ attribute.Map, b *binding) attribute.Value { return b.values[o.index] }

func (o sizeOperand) value(item attribute.Map, b *binding) attribute.Value {
	n, ok := o.args[0].value(item, b).Len()
	if !ok {
		return attribute.Value{}
	}
	return attribute.Integer(n)
}

func (misplaced) value(attribute.Map, *binding) attribute.Value { return attribute.Value{} }

func (c and) holds(item attribute.Map, b *binding) bool {
	return c.left.holds(item, b) && c.right.holds(item, b)
}

func (c or) holds(item attribute.Map, b *binding) bool {
	return c.left.holds(item, b) || c.right.holds(item, b)
}

func (c not) holds(item attribute.Map, b *binding) bool { return !c.inner.holds(item, b) }

func (c comparison) holds(item attribute.Map, b *binding) bool {
	left, right := c.left.value(item, b), c.right.value(item, b)
	switch c.operator {
	case "=":
		return left.Exists() && left.Equal(right)
	case "<>":
		// True of an attribute that does not exist, too.
		return !left.Exists() || !left.Equal(right)
	}
	order, ok := left.Compare(right)
	if !ok {
		return false
	}
	switch c.operator {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

func (c between) holds(item attribute.Map, b *binding) bool {
	subject := c.subject.value(item, b)
	low, ok := subject.Compare(c.low.value(item, b))
	if !ok || low < 0 {
		return false
	}
	high, ok := subject.Compare(c.high.value(item, b))
	return ok && high <= 0
}

func (c in) holds(item attribute.Map, b *binding) bool {
	subject := c.subject.value(item, b)
	if !subject.Exists() {
		return false
	}
	for _, choice := range c.choices {
		if subject.Equal(choice.value(item, b)) {
			return true
		}
	}
	return false
}

func (c function) holds(item attribute.Map, b *binding) bool {
	subject := c.args[0].value(item, b)
	switch c.name {
	case "attribute_exists":
		return subject.Exists()
	case "attribute_not_exists":
		return !subject.Exists()
	}
	argument := c.args[1].value(item, b)
	switch c.name {
	case "attribute_type":
		return subject.Exists() && subject.Kind().String() == argument.Text()
	case "begins_with":
		return subject.HasPrefix(argument)
	}
	return subject.Exists() && argument.Exists() && subject.Contains(argument)
}
