package expression

import (
	"fmt"

	"transactional-outbox/local/dynamodb/attribute"
)

// functions are the functions of conditions and the number of their arguments.
var functions = map[string]int{
	"attribute_exists":     1,
	"attribute_not_exists": 1,
	"attribute_type":       2,
	"begins_with":          2,
	"contains":             2,
	"size":                 1,
}

const maxChoices = 100

func (c and) check(b *binding) error {
	if err := c.left.check(b); err != nil {
		return err
	}
	return c.right.check(b)
}

func (c or) check(b *binding) error { return and(c).check(b) }

func (c not) check(b *binding) error { return c.inner.check(b) }

func (c comparison) check(b *binding) error {
	if err := checkSizes(b, c.left, c.right); err != nil {
		return err
	}
	if c.operator != "=" && c.operator != "<>" {
		for _, o := range []operand{c.left, c.right} {
			if kind := literalKind(o, b); kind != 0 && kind != attribute.S && kind != attribute.N && kind != attribute.B {
				return wrongType(c.operator, kind)
			}
		}
	}
	return distinct(b, c.operator, c.left, c.right)
}

func (c between) check(b *binding) error {
	if err := checkSizes(b, c.subject, c.low, c.high); err != nil {
		return err
	}
	for _, o := range []operand{c.subject, c.low, c.high} {
		if kind := literalKind(o, b); kind != 0 && kind != attribute.S && kind != attribute.N && kind != attribute.B {
			return wrongType("BETWEEN", kind)
		}
	}
	for _, bound := range []operand{c.low, c.high} {
		if err := distinct(b, "BETWEEN", c.subject, bound); err != nil {
			return err
		}
	}
	low, lowOK := c.low.(valueOperand)
	high, highOK := c.high.(valueOperand)
	if !lowOK || !highOK {
		return nil
	}
	from, to := b.values[low.index], b.values[high.index]
	problem := ""
	if from.Kind() != to.Kind() {
		problem = "requires same data type for lower and upper bounds"
	} else if order, _ := from.Compare(to); order > 0 {
		problem = "requires upper bound to be greater than or equal to lower bound"
	}
	if problem == "" {
		return nil
	}
	return errorf("The BETWEEN operator %s; lower bound operand: %s, upper bound operand: %s", problem, show(from), show(to))
}

// show writes a value as DynamoDB's messages do.
func show(v attribute.Value) string {
	return fmt.Sprintf("AttributeValue: {%v:%s}", v.Kind(), v.Text())
}

func (c in) check(b *binding) error {
	if len(c.choices) > maxChoices {
		return errorf("The IN operator is provided with too many operands; number of operands: %d", len(c.choices))
	}
	if err := checkSizes(b, c.subject); err != nil {
		return err
	}
	if err := checkSizes(b, c.choices...); err != nil {
		return err
	}
	for _, choice := range c.choices {
		if err := distinct(b, "IN", c.subject, choice); err != nil {
			return err
		}
	}
	return nil
}

func (c function) check(b *binding) error {
	if want := functions[c.name]; len(c.args) != want {
		return errorf("Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", c.name, len(c.args))
	}
	if err := checkSizes(b, c.args...); err != nil {
		return err
	}
	if err := distinct(b, c.name, c.args...); err != nil {
		return err
	}
	switch c.name {
	case "attribute_exists", "attribute_not_exists":
		if _, ok := c.args[0].(pathOperand); !ok {
			return errorf("Operator or function requires a document path; operator or function: %s", c.name)
		}
	case "begins_with":
		for _, argument := range c.args {
			if kind := literalKind(argument, b); kind != 0 && kind != attribute.S && kind != attribute.B {
				return wrongType(c.name, kind)
			}
		}
	case "attribute_type":
		return c.checkType(b)
	case "size":
		kind := literalKind(c.args[0], b)
		if kind == attribute.N || kind == attribute.BOOL || kind == attribute.NULL {
			return wrongType(c.name, kind)
		}
	}
	return nil
}

func (c function) checkType(b *binding) error {
	literal, ok := c.args[1].(valueOperand)
	if !ok {
		return errorf("Incorrect operand type for operator or function; operator or function: attribute_type, operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}")
	}
	name := b.values[literal.index]
	if name.Kind() != attribute.S {
		return wrongType(c.name, name.Kind())
	}
	if attribute.KindNamed(name.Text()) == 0 {
		return errorf("Invalid attribute type name found; type: %s, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}", name.Text())
	}
	return nil
}

// checkSizes checks the calls of size among the operands.
func checkSizes(b *binding, operands ...operand) error {
	for _, o := range operands {
		if call, ok := o.(sizeOperand); ok {
			if err := call.check(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// literalKind is the kind of an operand that is a value or a size, and 0 of a path.
func literalKind(o operand, b *binding) attribute.Kind {
	switch o := o.(type) {
	case valueOperand:
		return b.values[o.index].Kind()
	case sizeOperand:
		return attribute.N
	}
	return 0
}

func wrongType(name string, kind attribute.Kind) error {
	return errorf("Incorrect operand type for operator or function; operator or function: %s, operand type: %v", name, kind)
}

// distinct returns an error if both operands are the same path.
func distinct(b *binding, name string, operands ...operand) error {
	if len(operands) != 2 {
		return nil
	}
	left, ok := operands[0].(pathOperand)
	if !ok {
		return nil
	}
	right, ok := operands[1].(pathOperand)
	if !ok {
		return nil
	}
	if p := left.path.resolve(b.names); p.equal(right.path.resolve(b.names)) {
		return errorf("The first operand must be distinct from the remaining operands for this operator or function; operator: %s, first operand: %v", name, p)
	}
	return nil
}
