package expression

import (
	"slices"
	"strings"

	"transactional-outbox/local/dynamodb/attribute"
)

// KeyClause is what a key condition asks of one key attribute.
type KeyClause struct {
	Name string
	// Operator is =, <, <=, >, >=, BETWEEN or begins_with.
	Operator string
	// Values is one value, or two for BETWEEN.
	Values []attribute.Value
}

var mirrored = map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

// keyClauses takes a key condition apart.
func (c *Condition) keyClauses(b *binding) ([]KeyClause, error) {
	var out []KeyClause
	if err := collectClauses(c.root, b, &out); err != nil {
		return nil, err
	}
	if len(out) > 2 {
		return nil, invalidText("Conditions can be of length 1 or 2 only")
	}
	return out, nil
}

func invalidText(text string) error { return &attribute.Invalid{Text: text} }

func invalidOperator(name string) error {
	return invalidText("Invalid operator used in KeyConditionExpression: " + name)
}

func collectClauses(n node, b *binding, out *[]KeyClause) error {
	var operator string
	var operands []operand
	switch n := n.(type) {
	case and:
		if err := collectClauses(n.left, b, out); err != nil {
			return err
		}
		return collectClauses(n.right, b, out)
	case or:
		return invalidOperator("OR")
	case not:
		return invalidOperator("NOT")
	case in:
		return invalidOperator("IN")
	case comparison:
		operator, operands = n.operator, []operand{n.left, n.right}
	case between:
		operator, operands = "BETWEEN", []operand{n.subject, n.low, n.high}
	case function:
		operator, operands = n.name, n.args
	}
	if operator == "<>" || operator != "begins_with" && functions[operator] > 0 {
		return invalidOperator(operator)
	}
	clause, err := keyClause(operator, operands, b)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(*out, func(other KeyClause) bool { return other.Name == clause.Name }) {
		return invalidText("KeyConditionExpressions must only contain one condition per key")
	}
	*out = append(*out, clause)
	return nil
}

func keyClause(operator string, operands []operand, b *binding) (KeyClause, error) {
	clause := KeyClause{Operator: operator}
	for i, o := range operands {
		switch o := o.(type) {
		case sizeOperand:
			return clause, invalidText("KeyConditionExpressions cannot contain nested operations")
		case valueOperand:
			clause.Values = append(clause.Values, b.values[o.index])
		case pathOperand:
			if clause.Name != "" {
				return clause, invalidText("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition")
			}
			if len(o.path) > 1 {
				return clause, invalidText("KeyConditionExpressions cannot have conditions on nested attributes")
			}
			if i > 0 {
				if clause.Operator = mirrored[operator]; clause.Operator == "" {
					return clause, invalidText("Invalid condition in KeyConditionExpression: " + strings.TrimSpace(operator) +
						" operator must have the key attribute as its first operand")
				}
			}
			clause.Name = o.path[0].resolved(b.names)
		}
	}
	if clause.Name == "" {
		return clause, invalidText("Invalid condition in KeyConditionExpression: No key attribute specified")
	}
	return clause, nil
}
