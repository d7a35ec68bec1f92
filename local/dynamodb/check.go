package dynamodb

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"transactional-outbox/local/awsapi"
)

// constraints collects the violations of a request's declared constraints, which DynamoDB reports together, ten at most.
type constraints []string

func (c *constraints) violated(value, member, constraint string) {
	if len(*c) < 10 {
		*c = append(*c, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: %s", value, member, constraint))
	}
}

func (c constraints) err() error {
	switch len(c) {
	case 0:
		return nil
	case 1:
		return validation("1 validation error detected: %s", c[0])
	}
	return validation("%d validation errors detected: %s", len(c), strings.Join(c, "; "))
}

func itoa(n int) string { return strconv.Itoa(n) }

func quoted(value string) string { return "'" + value + "'" }

// required checks that a member is present.
func (c *constraints) required(present bool, member string) {
	if !present {
		c.violated("null", member, "Member must not be null")
	}
}

// oneOf checks a member that may be absent.
func (c *constraints) oneOf(value, member string, allowed ...string) {
	if value != "" && !slices.Contains(allowed, value) {
		c.violated(quoted(value), member, "Member must satisfy enum value set: ["+strings.Join(allowed, ", ")+"]")
	}
}

// length checks how many elements a list has; its elements are not repeated in the message.
func (c *constraints) length(n int, member string, atLeast, atMost int) {
	value := "'[]'"
	if n > 0 {
		value = "'[...]'"
	}
	if n < atLeast {
		c.violated(value, member, fmt.Sprintf("Member must have length greater than or equal to %d", atLeast))
	}
	if n > atMost {
		c.violated(value, member, fmt.Sprintf("Member must have length less than or equal to %d", atMost))
	}
}

// text checks the length of a string that may be absent.
func (c *constraints) text(value *string, member string, atLeast, atMost int) {
	if value == nil {
		return
	}
	if len(*value) < atLeast {
		c.violated(quoted(*value), member, fmt.Sprintf("Member must have length greater than or equal to %d", atLeast))
	}
	if len(*value) > atMost {
		c.violated(quoted(*value), member, fmt.Sprintf("Member must have length less than or equal to %d", atMost))
	}
}

// tableName checks a table's name.
func (c *constraints) tableName(name string) {
	const member = "tableName"
	if name == "" {
		c.required(false, member)
		return
	}
	name = tableNameOf(name)
	if strings.IndexFunc(name, notInNames) >= 0 {
		c.violated(quoted(name), member, "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
	}
	if len(name) > 255 {
		c.violated(quoted(name), member, "Member must have length less than or equal to 255")
	}
}

// notInNames reports whether a table's name must not contain the character.
func notInNames(r rune) bool {
	return !('a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9' || r == '_' || r == '.' || r == '-')
}

func (c *constraints) returnConsumedCapacity(value string) {
	c.oneOf(value, "returnConsumedCapacity", "INDEXES", "TOTAL", "NONE")
}

func (c *constraints) returnOnFailure(value string) {
	c.oneOf(value, "returnValuesOnConditionCheckFailure", "ALL_OLD", "NONE")
}

// open authorizes an action on a table and returns the table, nil if it does not exist.
func (e *Engine) open(auth awsapi.Authorizer, action, name string) (*table, error) {
	name = tableNameOf(name)
	if auth != nil {
		if err := auth("dynamodb:"+action, e.arn("table/"+name)); err != nil {
			return nil, err
		}
	}
	return e.table(name), nil
}

// openItems is open for operations on items, which must find their table.
func (e *Engine) openItems(auth awsapi.Authorizer, action, name string) (*table, error) {
	t, err := e.open(auth, action, name)
	if err == nil && t == nil {
		return nil, tableNotFound()
	}
	return t, err
}
