package expression

import "strings"

// ParseCondition parses a condition, filter or key condition. It reports the faults that do not depend on names and values, as [Error].
func ParseCondition(text string) (*Condition, error) {
	p, err := newParser(text)
	if err != nil {
		return nil, err
	}
	root, err := p.or()
	if err != nil {
		return nil, err
	}
	if err := p.finish(); err != nil {
		return nil, err
	}
	return &Condition{root: root, names: p.names, values: p.values}, nil
}

func (p *parser) or() (node, error) {
	left, err := p.and()
	for err == nil && p.keyword("OR") {
		p.operators++
		var right node
		right, err = p.and()
		left = or{left, right}
	}
	return left, err
}

func (p *parser) and() (node, error) {
	left, err := p.not()
	for err == nil && p.keyword("AND") {
		p.operators++
		var right node
		right, err = p.not()
		left = and{left, right}
	}
	return left, err
}

func (p *parser) not() (node, error) {
	if p.keyword("NOT") {
		p.operators++
		inner, err := p.not()
		return not{inner}, err
	}
	return p.primary()
}

// primary reads a condition in parentheses, or one without. An opening parenthesis may also belong to an operand, as in (a) = :v;
// which it is, shows only behind the closing one.
func (p *parser) primary() (node, error) {
	if p.is("(") {
		before := *p
		inner, err := p.parenthesized()
		if err == nil && !p.operatorFollows() {
			return inner, nil
		}
		failed := *p
		*p = before
		condition, otherwise := p.simple()
		if otherwise == nil || err == nil || failed.at <= p.at {
			return condition, otherwise
		}
		*p = failed // this reading got further
		return nil, err
	}
	return p.simple()
}

func (p *parser) parenthesized() (node, error) {
	p.at++
	doubled := p.is("(")
	start := p.at
	inner, err := p.or()
	if err != nil {
		return nil, err
	}
	if doubled && p.closes(start, p.at-1) {
		note(&p.parens, "The expression has redundant parentheses;")
	}
	return inner, p.expect(")")
}

// closes reports whether the parenthesis opened by token open is closed by token last.
func (p *parser) closes(open, last int) bool {
	depth := 0
	for i := open; i <= last; i++ {
		switch p.word(p.tokens[i]) {
		case "(":
			depth++
		case ")":
			depth--
		}
		if depth == 0 {
			return i == last
		}
	}
	return false
}

var comparators = []string{"=", "<>", "<", "<=", ">", ">="}

// operatorFollows reports whether the current token makes what precedes an operand.
func (p *parser) operatorFollows() bool {
	t := p.next()
	word := p.word(t)
	for _, comparator := range comparators {
		if word == comparator {
			return true
		}
	}
	return t.kind == tokenName && (strings.EqualFold(word, "BETWEEN") || strings.EqualFold(word, "IN"))
}

// simple reads a comparison, BETWEEN, IN or a function.
func (p *parser) simple() (node, error) {
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	if p.operatorFollows() {
		p.operators++
		p.noFunctions(left)
	}
	for _, comparator := range comparators {
		if p.accept(comparator) {
			right, err := p.operand()
			p.noFunctions(right)
			return comparison{comparator, left, right}, err
		}
	}
	if p.keyword("BETWEEN") {
		return p.between(left)
	}
	if p.keyword("IN") {
		choices, err := p.arguments()
		p.noFunctions(choices...)
		return in{left, choices}, err
	}
	switch call := left.(type) {
	case misplaced:
		return call.function, nil
	case sizeOperand:
		note(&p.misuse, "The function is not allowed to be used this way in an expression; function: size")
		return call.function, nil
	}
	return nil, p.unexpected()
}

func (p *parser) between(subject operand) (node, error) {
	low, err := p.operand()
	if err != nil {
		return nil, err
	}
	if !p.keyword("AND") {
		return nil, p.unexpected()
	}
	high, err := p.operand()
	p.noFunctions(low, high)
	return between{subject, low, high}, err
}

// noFunctions notes a fault if an operand is a function other than size.
func (p *parser) noFunctions(operands ...operand) {
	for _, o := range operands {
		if call, ok := o.(misplaced); ok {
			note(&p.misuse, "The function is not allowed to be used this way in an expression; function: "+call.name)
		}
	}
}

// operand reads a path, a value or a function, in parentheses or not.
func (p *parser) operand() (operand, error) {
	if p.accept("(") {
		doubled := p.is("(")
		inner, err := p.operand()
		if err != nil {
			return nil, err
		}
		if doubled {
			note(&p.parens, "The expression has redundant parentheses;")
		}
		return inner, p.expect(")")
	}
	t := p.next()
	switch {
	case t.kind == tokenValueRef:
		p.at++
		return valueOperand{refer(&p.values, p.word(t))}, nil
	case t.kind == tokenName && p.word(p.tokens[p.at+1]) == "(":
		return p.call()
	}
	path, err := p.path()
	return pathOperand{path}, err
}

func (p *parser) call() (operand, error) {
	name := p.word(p.next())
	p.at++
	args, err := p.arguments()
	if err != nil {
		return nil, err
	}
	p.noFunctions(args...)
	call := function{name, args}
	if _, known := functions[name]; !known {
		note(&p.function, "Invalid function name; function: "+name)
	}
	if name == "size" {
		return sizeOperand{call}, nil
	}
	return misplaced{call}, nil
}

// arguments reads operands in parentheses.
func (p *parser) arguments() ([]operand, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var out []operand
	for {
		argument, err := p.operand()
		if err != nil {
			return nil, err
		}
		out = append(out, argument)
		if !p.accept(",") {
			return out, p.expect(")")
		}
	}
}
