package cloudwatch

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// parseExpression reads arithmetic over the ids of terms: + - * / and parentheses. A period in which one of the terms has no value, or
// in which something is divided by zero, has no value.
func parseExpression(text string, terms map[string]Term) (valueOf, error) {
	values := map[string]valueOf{}
	for id, term := range terms {
		v, err := term.compile()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		values[id] = v
	}
	p := &parser{tokens: tokens.FindAllString(text, -1), values: values}
	if strings.Join(p.tokens, "") != strings.ReplaceAll(text, " ", "") {
		return nil, fmt.Errorf("expression %q has something in it that is not supported", text)
	}
	v := p.sum()
	if p.err == nil && len(p.tokens) > 0 {
		p.err = fmt.Errorf("%q is not expected", p.tokens[0])
	}
	if p.err != nil {
		return nil, fmt.Errorf("expression %q: %w", text, p.err)
	}
	return v, nil
}

var tokens = regexp.MustCompile(`[a-z][A-Za-z0-9_]*|[0-9]+(?:\.[0-9]+)?|[-+*/()]`)

type parser struct {
	tokens []string
	values map[string]valueOf
	err    error
}

// next takes a token if it is one of those wanted; an empty list wants any.
func (p *parser) next(wanted string) (string, bool) {
	if len(p.tokens) == 0 || wanted != "" && !strings.Contains(wanted, p.tokens[0]) {
		return "", false
	}
	token := p.tokens[0]
	p.tokens = p.tokens[1:]
	return token, true
}

func (p *parser) sum() valueOf     { return p.chain("+-", p.product) }
func (p *parser) product() valueOf { return p.chain("*/", p.operand) }

func (p *parser) chain(operators string, operand func() valueOf) valueOf {
	left := operand()
	for {
		operator, ok := p.next(operators)
		if !ok {
			return left
		}
		left = combine(operator, left, operand())
	}
}

func combine(operator string, left, right valueOf) valueOf {
	return func(m *Metrics, from time.Time, period time.Duration) (float64, bool) {
		l, ok := left(m, from, period)
		if !ok {
			return 0, false
		}
		r, ok := right(m, from, period)
		if !ok {
			return 0, false
		}
		switch operator {
		case "+":
			return l + r, true
		case "-":
			return l - r, true
		case "*":
			return l * r, true
		}
		return l / r, r != 0
	}
}

func (p *parser) operand() valueOf {
	none := func(*Metrics, time.Time, time.Duration) (float64, bool) { return 0, false }
	token, ok := p.next("")
	if !ok {
		p.fail("it ends too early")
		return none
	}
	if token == "(" {
		inner := p.sum()
		if _, ok := p.next(")"); !ok {
			p.fail("a parenthesis is not closed")
		}
		return inner
	}
	if n, err := strconv.ParseFloat(token, 64); err == nil {
		return func(*Metrics, time.Time, time.Duration) (float64, bool) { return n, true }
	}
	if v := p.values[token]; v != nil {
		return v
	}
	p.fail("there is no %q", token)
	return none
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}
