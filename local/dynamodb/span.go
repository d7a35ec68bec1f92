package dynamodb

import (
	"transactional-outbox/local/dynamodb/attribute"
	"transactional-outbox/local/dynamodb/expression"
)

// span is a stretch of places: from low to high, each of which may be part of it or not. An empty high is the end of all.
type span struct {
	low, high           string
	afterLow, untilHigh bool // low is not part of it; high is
}

// belowHigh reports whether a place is not yet beyond the end of the span.
func (s *span) belowHigh(at string) bool {
	return s.high == "" || at < s.high || s.untilHigh && at == s.high
}

// aboveLow reports whether a place is not before the beginning of the span.
func (s *span) aboveLow(at string) bool {
	return at > s.low || !s.afterLow && at == s.low
}

// spanOf returns the places that a key condition describes.
func (s *schema) spanOf(clauses []expression.KeyClause) (span, error) {
	var hash, sort *expression.KeyClause
	for i := range clauses {
		switch clauses[i].Name {
		case s.hash.name:
			hash = &clauses[i]
		case s.sort.name:
			sort = &clauses[i]
		}
	}
	if hash == nil {
		return span{}, validation("Query condition missed key schema element: %s", s.hash.name)
	}
	if len(clauses) > 1 && sort == nil {
		if !s.sorted() {
			return span{}, validation("Query key condition not supported")
		}
		return span{}, validation("Query condition missed key schema element: %s", s.sort.name)
	}
	if hash.Operator != "=" {
		return span{}, validation("Query key condition not supported")
	}
	if err := checkClause(s.hash, hash); err != nil {
		return span{}, err
	}
	partition := partitionOf(hash.Values[0])
	all := span{low: partition, high: after(partition)}
	if sort == nil {
		return all, nil
	}
	if err := checkClause(s.sort, sort); err != nil {
		return span{}, err
	}
	return all.narrowed(partition, sort), nil
}

// narrowed returns the part of a partition's span that a clause about the sort key leaves.
func (all span) narrowed(partition string, c *expression.KeyClause) span {
	at := func(v attribute.Value) string { return string(v.AppendKey([]byte(partition))) }
	first := at(c.Values[0])
	switch c.Operator {
	case "=":
		return span{low: first, high: first, untilHigh: true}
	case "<":
		return span{low: all.low, high: first}
	case "<=":
		return span{low: all.low, high: first, untilHigh: true}
	case ">":
		return span{low: first, high: all.high, afterLow: true}
	case ">=":
		return span{low: first, high: all.high}
	case "begins_with":
		return span{low: first, high: after(first)}
	}
	return span{low: first, high: at(c.Values[1]), untilHigh: true}
}

func checkClause(a keyAttribute, c *expression.KeyClause) error {
	if c.Operator == "begins_with" && a.kind == attribute.N {
		return validation("Invalid KeyConditionExpression: Incorrect operand type for operator or function; operator or function: begins_with, operand type: N")
	}
	for _, v := range c.Values {
		if v.Kind() != a.kind {
			return validation(textParameterInvalid + "Condition parameter type does not match schema type")
		}
		if v.Kind() != attribute.N && v.Text() == "" && c.Operator != "begins_with" {
			empty := "string"
			if v.Kind() == attribute.B {
				empty = "binary"
			}
			return emptyKey(empty, a.name)
		}
	}
	return nil
}
