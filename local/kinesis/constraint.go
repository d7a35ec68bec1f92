package kinesis

import (
	"fmt"
	"slices"
	"strings"
)

// constraints collects what is wrong with a request, in the words of AWS's request validation, which reports everything at once.
type constraints []string

// fail notes that value, at a member of the request, does not satisfy a constraint.
func (c *constraints) fail(member, value, constraint string) {
	if len(*c) < 10 {
		*c = append(*c, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: %s", value, member, constraint))
	}
}

func (c *constraints) err() error {
	switch len(*c) {
	case 0:
		return nil
	case 1:
		return invalid("1 validation error detected: %s", (*c)[0])
	}
	return invalid("%d validation errors detected: %s", len(*c), strings.Join(*c, "; "))
}

// length checks the length of a string that must be there.
func (c *constraints) length(member, value string, lowest, highest int) {
	switch {
	case len(value) < lowest:
		c.fail(member, "'"+value+"'", fmt.Sprintf("Member must have length greater than or equal to %d", lowest))
	case len(value) > highest:
		c.fail(member, "'"+value+"'", fmt.Sprintf("Member must have length less than or equal to %d", highest))
	}
}

// name checks the name of a stream or shard.
func (c *constraints) name(member, value string) {
	if strings.ContainsFunc(value, func(r rune) bool { return !isNameRune(r) }) || value == "" {
		c.fail(member, "'"+value+"'", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
	}
	c.length(member, value, 1, 128)
}

func isNameRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '.' || r == '-'
}

// required checks that a string is there at all.
func (c *constraints) required(member, value string) bool {
	if value == "" {
		c.fail(member, "null", "Member must not be null")
	}
	return value != ""
}

// between checks an optional number.
func (c *constraints) between(member string, value *int, lowest, highest int) {
	switch {
	case value == nil:
	case *value < lowest:
		c.fail(member, fmt.Sprintf("'%d'", *value), fmt.Sprintf("Member must have value greater than or equal to %d", lowest))
	case *value > highest:
		c.fail(member, fmt.Sprintf("'%d'", *value), fmt.Sprintf("Member must have value less than or equal to %d", highest))
	}
}

// oneOf checks a value that must be one of a set.
func (c *constraints) oneOf(member, value string, set ...string) {
	if c.required(member, value) && !slices.Contains(set, value) {
		c.fail(member, "'"+value+"'", "Member must satisfy enum value set: ["+strings.Join(set, ", ")+"]")
	}
}

// decimal checks an optional decimal number.
func (c *constraints) decimal(member, value string, digits int) {
	bad := len(value) > digits || len(value) > 1 && value[0] == '0' ||
		strings.ContainsFunc(value, func(r rune) bool { return r < '0' || r > '9' })
	if bad {
		c.fail(member, "'"+value+"'", fmt.Sprintf("Member must satisfy regular expression pattern: 0|([1-9]\\d{0,%d})", digits-1))
	}
}
