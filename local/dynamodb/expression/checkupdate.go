package expression

import "transactional-outbox/local/dynamodb/attribute"

// kindWords are how DynamoDB names kinds in its messages about ADD and DELETE.
var kindWords = map[attribute.Kind]string{
	attribute.S: "STRING", attribute.N: "NUMBER", attribute.B: "BINARY", attribute.BOOL: "BOOLEAN", attribute.NULL: "NULL",
	attribute.L: "LIST", attribute.M: "MAP",
}

// check finds the faults that depend on the names and values.
func (u *Update) check(b *binding) error {
	if err := disjoint(u.targets(b.names)); err != nil {
		return err
	}
	for i := range u.sets {
		if err := u.sets[i].source.check(b); err != nil {
			return err
		}
	}
	for i := range u.adds {
		if kind := b.values[u.adds[i].value].Kind(); !kind.IsSet() && kind != attribute.N {
			return wrongAmendment("ADD", kind)
		}
	}
	for i := range u.deletes {
		if kind := b.values[u.deletes[i].value].Kind(); !kind.IsSet() {
			return wrongAmendment("DELETE", kind)
		}
	}
	return nil
}

func wrongAmendment(operator string, kind attribute.Kind) error {
	return errorf("Incorrect operand type for operator or function; operator: %s, operand type: %s, typeSet: ALLOWED_FOR_%s_OPERAND", operator, kindWords[kind], operator)
}

func (s sourceOperand) check(*binding) error { return nil }

func (s sum) check(b *binding) error {
	for _, term := range []source{s.left, s.right} {
		if err := term.check(b); err != nil {
			return err
		}
		if kind := termKind(term, b); kind != 0 && kind != attribute.N {
			return wrongType(s.operator, kind)
		}
	}
	return nil
}

func (s sourceCall) check(b *binding) error {
	if len(s.args) != 2 {
		return errorf("Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", s.name, len(s.args))
	}
	for i, argument := range s.args {
		if s.name == "if_not_exists" && i == 0 {
			if operand, ok := argument.(sourceOperand); !ok || !isPath(operand.operand) {
				return errorf("Operator or function requires a document path; operator or function: %s", s.name)
			}
		}
		if err := argument.check(b); err != nil {
			return err
		}
		if kind := termKind(argument, b); s.name == "list_append" && kind != 0 && kind != attribute.L {
			return wrongType(s.name, kind)
		}
	}
	return nil
}

func isPath(o operand) bool {
	_, ok := o.(pathOperand)
	return ok
}

// termKind is the kind of a term that does not depend on the item, else 0.
func termKind(s source, b *binding) attribute.Kind {
	switch s := s.(type) {
	case sourceOperand:
		return literalKind(s.operand, b)
	case sourceCall:
		if s.name == "list_append" {
			return attribute.L
		}
	}
	return 0
}
