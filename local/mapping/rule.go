package mapping

import (
	"fmt"
	"strings"
)

// rule matches the value of a leaf; present is false where there is none.
type rule func(value any, present bool) bool

// parseRule parses one element of a leaf's array: a value to be equal to, or an object with one comparison operator. Operators that
// EventBridge has and Lambda does not document (wildcard, cidr, the nested forms of anything-but and prefix) are refused.
func parseRule(v any) (rule, error) {
	operators, ok := v.(map[string]any)
	if !ok {
		return equals(v)
	}
	if len(operators) != 1 {
		return nil, fmt.Errorf("not exactly one comparison operator")
	}
	for name, operand := range operators {
		switch name {
		case "exists":
			return exists(operand)
		case "prefix":
			return compareText(name, operand, strings.HasPrefix)
		case "suffix":
			return compareText(name, operand, strings.HasSuffix)
		case "equals-ignore-case":
			return compareText(name, operand, strings.EqualFold)
		case "anything-but":
			return anythingBut(operand)
		case "numeric":
			return numeric(operand)
		}
		return nil, fmt.Errorf("unknown comparison operator %s", name)
	}
	return nil, nil
}

func equals(want any) (rule, error) {
	if _, ok := want.([]any); ok {
		return nil, fmt.Errorf("an array in an array")
	}
	n, numeric := want.(number)
	return func(value any, present bool) bool {
		if numeric {
			got, ok := value.(number)
			return ok && got.equal(n)
		}
		switch value.(type) {
		case map[string]any, []any:
			return false
		}
		return present && value == want
	}, nil
}

// equal compares values; integers that a float cannot tell apart are compared as they are written.
func (n number) equal(other number) bool {
	const exact = 1 << 53
	if n.value >= exact || n.value <= -exact {
		return n.text == other.text
	}
	return n.value == other.value
}

func exists(operand any) (rule, error) {
	want, ok := operand.(bool)
	if !ok {
		return nil, fmt.Errorf("exists: not true or false")
	}
	return func(_ any, present bool) bool { return present == want }, nil
}

func compareText(name string, operand any, compare func(s, t string) bool) (rule, error) {
	want, ok := operand.(string)
	if !ok {
		return nil, fmt.Errorf("%s: not a string", name)
	}
	return func(value any, _ bool) bool {
		got, ok := value.(string)
		return ok && compare(got, want)
	}, nil
}

func anythingBut(operand any) (rule, error) {
	values, ok := operand.([]any)
	if !ok {
		values = []any{operand}
	}
	if len(values) == 0 {
		return nil, fmt.Errorf("anything-but: an empty array")
	}
	var excluded []rule
	for _, v := range values {
		switch v.(type) {
		case string, number:
		default:
			return nil, fmt.Errorf("anything-but: neither strings nor numbers")
		}
		r, err := equals(v)
		if err != nil {
			return nil, err
		}
		excluded = append(excluded, r)
	}
	return func(value any, present bool) bool {
		for _, r := range excluded {
			if r(value, present) {
				return false
			}
		}
		return present
	}, nil
}

func numeric(operand any) (rule, error) {
	terms, ok := operand.([]any)
	if !ok || len(terms) == 0 || len(terms)%2 != 0 || len(terms) > 4 {
		return nil, fmt.Errorf("numeric: not one or two pairs of comparison and number")
	}
	var conditions []func(float64) bool
	for i := 0; i < len(terms); i += 2 {
		operator, _ := terms[i].(string)
		n, ok := terms[i+1].(number)
		if !ok {
			return nil, fmt.Errorf("numeric: not a number")
		}
		condition, ok := comparisons[operator]
		if !ok || operator == "=" && len(terms) > 2 {
			return nil, fmt.Errorf("numeric: misplaced or unknown comparison %q", operator)
		}
		conditions = append(conditions, func(v float64) bool { return condition(v, n.value) })
	}
	return func(value any, _ bool) bool {
		n, ok := value.(number)
		if !ok {
			return false
		}
		for _, c := range conditions {
			if !c(n.value) {
				return false
			}
		}
		return true
	}, nil
}

var comparisons = map[string]func(a, b float64) bool{
	"=":  func(a, b float64) bool { return a == b },
	"<":  func(a, b float64) bool { return a < b },
	"<=": func(a, b float64) bool { return a <= b },
	">":  func(a, b float64) bool { return a > b },
	">=": func(a, b float64) bool { return a >= b },
}
