package iam

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// condition is one key of one operator of a Condition element: it holds if any of its values fits.
type condition struct {
	operator operator
	key      string // lower case
	values   []string
	quantity quantity
	ifExists bool
}

// quantity says how the several values that a request may have for a key are treated.
type quantity int

const (
	single quantity = iota
	forAny
	forAll
)

// operator compares a value of the policy with one of the request. A negated one holds if no value of the policy fits.
type operator struct {
	fits    func(policy, request string) bool
	negated bool
	null    bool
	check   func(value string) error
}

// operators has every supported operator by its name.
var operators = map[string]operator{
	"StringEquals":              {fits: equal},
	"StringNotEquals":           {fits: equal, negated: true},
	"StringEqualsIgnoreCase":    {fits: strings.EqualFold},
	"StringNotEqualsIgnoreCase": {fits: strings.EqualFold, negated: true},
	"StringLike":                {fits: wildcard},
	"StringNotLike":             {fits: wildcard, negated: true},
	// ArnEquals and ArnLike behave the same, says the IAM reference.
	"ArnEquals":                {fits: arnLike},
	"ArnLike":                  {fits: arnLike},
	"ArnNotEquals":             {fits: arnLike, negated: true},
	"ArnNotLike":               {fits: arnLike, negated: true},
	"NumericEquals":            {fits: numeric(func(p, r float64) bool { return r == p }), check: isNumber},
	"NumericNotEquals":         {fits: numeric(func(p, r float64) bool { return r == p }), negated: true, check: isNumber},
	"NumericLessThan":          {fits: numeric(func(p, r float64) bool { return r < p }), check: isNumber},
	"NumericLessThanEquals":    {fits: numeric(func(p, r float64) bool { return r <= p }), check: isNumber},
	"NumericGreaterThan":       {fits: numeric(func(p, r float64) bool { return r > p }), check: isNumber},
	"NumericGreaterThanEquals": {fits: numeric(func(p, r float64) bool { return r >= p }), check: isNumber},
	"Bool":                     {fits: strings.EqualFold, check: isBool},
	"Null":                     {null: true, check: isBool},
}

func equal(policy, request string) bool { return policy == request }

// numeric compares numbers; what is no number fits nothing.
func numeric(compare func(policy, request float64) bool) func(string, string) bool {
	return func(policy, request string) bool {
		p, err := strconv.ParseFloat(policy, 64)
		r, err2 := strconv.ParseFloat(request, 64)
		return err == nil && err2 == nil && compare(p, r)
	}
}

func isNumber(value string) error {
	if _, err := strconv.ParseFloat(value, 64); err != nil {
		return fmt.Errorf("%q is no number", value)
	}
	return nil
}

func isBool(value string) error {
	if !strings.EqualFold(value, "true") && !strings.EqualFold(value, "false") {
		return fmt.Errorf("%q is neither true nor false", value)
	}
	return nil
}

// newConditions compiles a Condition element, in a fixed order.
func newConditions(wire map[string]map[string]oneOrMore[jsontext.Value]) ([]condition, error) {
	var all []condition
	for _, name := range slices.Sorted(maps.Keys(wire)) {
		template, err := newOperator(name)
		if err != nil {
			return nil, err
		}
		keys := wire[name]
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			c := template
			c.key = strings.ToLower(key)
			for _, raw := range keys[key] {
				value, err := text(raw)
				if err != nil {
					return nil, fmt.Errorf("condition %s of %s: %w", name, key, err)
				}
				if strings.Contains(value, "${") {
					return nil, fmt.Errorf("condition %s of %s: policy variables are not supported: %q", name, key, value)
				}
				if c.operator.check != nil {
					if err := c.operator.check(value); err != nil {
						return nil, fmt.Errorf("condition %s of %s: %w", name, key, err)
					}
				}
				c.values = append(c.values, value)
			}
			if c.operator.null && len(c.values) != 1 {
				return nil, fmt.Errorf("condition %s of %s: one value is needed", name, key)
			}
			all = append(all, c)
		}
	}
	return all, nil
}

// newOperator reads an operator's name: [ForAllValues:|ForAnyValue:]Operator[IfExists].
func newOperator(name string) (condition, error) {
	var c condition
	base := name
	if rest, ok := strings.CutPrefix(base, "ForAllValues:"); ok {
		base, c.quantity = rest, forAll
	} else if rest, ok := strings.CutPrefix(base, "ForAnyValue:"); ok {
		base, c.quantity = rest, forAny
	}
	base, c.ifExists = strings.CutSuffix(base, "IfExists")
	op, known := operators[base]
	if !known || op.null && base != name {
		return c, fmt.Errorf("the condition operator %s is not supported", name)
	}
	c.operator = op
	return c, nil
}

// text returns a condition value as the string it is compared as: numbers and booleans may be written bare.
func text(raw jsontext.Value) (string, error) {
	switch raw.Kind() {
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err
	case '0', 't', 'f':
		return string(raw), nil
	}
	return "", fmt.Errorf("a JSON %s is no condition value", raw.Kind())
}

// holds reports whether the condition is met by a request.
func (c *condition) holds(context map[string][]string) bool {
	request, present := lookup(context, c.key)
	if c.operator.null {
		return present != strings.EqualFold(c.values[0], "true")
	}
	if !present {
		// An absent key meets a negated operator, IfExists, and ForAllValues: there is no value that fails.
		return c.ifExists || c.quantity == forAll || c.operator.negated && c.quantity == single
	}
	switch c.quantity {
	case forAll:
		return !slices.ContainsFunc(request, func(r string) bool { return !c.meets(r) })
	case forAny:
		return slices.ContainsFunc(request, c.meets)
	}
	// A single-valued operator looks at the only value there should be.
	return len(request) == 1 && c.meets(request[0])
}

// meets compares one value of the request with those of the policy.
func (c *condition) meets(request string) bool {
	fits := slices.ContainsFunc(c.values, func(policy string) bool { return c.operator.fits(policy, request) })
	return fits != c.operator.negated
}

// lookup finds a condition key, whose case does not matter. A key without values counts as absent.
func lookup(context map[string][]string, key string) ([]string, bool) {
	for name, values := range context {
		if strings.EqualFold(name, key) {
			return values, len(values) > 0
		}
	}
	return nil, false
}
