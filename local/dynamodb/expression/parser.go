package expression

import (
	"strconv"
	"strings"
)

// The limits of one expression.
const (
	maxLength    = 4096
	maxOperators = 300
)

// parser is what the grammars of conditions, updates and projections have in common: the tokens, and the references that the
// expression makes to names and values.
type parser struct {
	text      string
	tokens    []token
	at        int
	names     []string // distinct, in order of appearance, with #
	values    []string // distinct, in order of appearance, with :
	operators int
	// The faults that are no errors of syntax are reported only when the syntax has proved right.
	parens, function, misuse, reserved string
}

func newParser(text string) (*parser, error) {
	if strings.TrimSpace(text) == "" {
		return nil, errorf("The expression can not be empty;")
	}
	if len(text) > maxLength {
		return nil, errorf("Expression size has exceeded the maximum allowed size; expression size: %d", len(text))
	}
	return &parser{text: text, tokens: lex(text)}, nil
}

// finish reports what is wrong with an expression that has been read to its end.
func (p *parser) finish() error {
	if p.next().kind != tokenEnd {
		return p.unexpected()
	}
	for _, fault := range []string{p.parens, p.function, p.misuse, p.reserved} {
		if fault != "" {
			return &Error{fault}
		}
	}
	if p.operators > maxOperators {
		return errorf("The expression contains too many operators; number of operators: %d", p.operators)
	}
	return nil
}

func note(fault *string, text string) {
	if *fault == "" {
		*fault = text
	}
}

func (p *parser) next() token { return p.tokens[p.at] }

func (p *parser) word(t token) string { return p.text[t.start:t.end] }

// unexpected is the error at the current token, which it shows with its neighbours.
func (p *parser) unexpected() error {
	t := p.next()
	name := p.word(t)
	if t.kind == tokenEnd {
		name = "<EOF>"
	}
	from := p.tokens[max(p.at-1, 0)].start
	to := p.tokens[min(p.at+1, len(p.tokens)-1)].end
	return errorf("Syntax error; token: \"%s\", near: \"%s\"", name, strings.TrimRight(p.text[from:to], " \t\r\n"))
}

// is reports whether the current token is the punctuator.
func (p *parser) is(punctuator string) bool {
	t := p.next()
	return t.kind == tokenPunctuator && p.word(t) == punctuator
}

// accept consumes the current token if it is the punctuator.
func (p *parser) accept(punctuator string) bool {
	ok := p.is(punctuator)
	if ok {
		p.at++
	}
	return ok
}

func (p *parser) expect(punctuator string) error {
	if !p.accept(punctuator) {
		return p.unexpected()
	}
	return nil
}

// keyword consumes the current token if it is the keyword, in any case.
func (p *parser) keyword(word string) bool {
	t := p.next()
	ok := t.kind == tokenName && strings.EqualFold(p.word(t), word)
	if ok {
		p.at++
	}
	return ok
}

// refer returns the index of a reference in *list, which it extends if needed.
func refer(list *[]string, name string) int {
	for i, known := range *list {
		if known == name {
			return i
		}
	}
	*list = append(*list, name)
	return len(*list) - 1
}

// path reads a document path: name or #name, followed by any number of .name, .#name and [index].
func (p *parser) path() (path, error) {
	first, err := p.element()
	if err != nil {
		return nil, err
	}
	out := path{first}
	for {
		switch {
		case p.accept("."):
			next, err := p.element()
			if err != nil {
				return nil, err
			}
			out = append(out, next)
		case p.is("["):
			p.at++
			t := p.next()
			index, err := strconv.Atoi(p.word(t))
			if t.kind != tokenIndex || err != nil {
				return nil, p.unexpected()
			}
			p.at++
			if err := p.expect("]"); err != nil {
				return nil, err
			}
			out = append(out, element{index: index, kind: elementIndex})
		default:
			return out, nil
		}
	}
}

func (p *parser) element() (element, error) {
	t := p.next()
	word := p.word(t)
	switch t.kind {
	case tokenName:
		if isReserved(word) {
			note(&p.reserved, "Attribute name is a reserved keyword; reserved keyword: "+word)
		}
		p.at++
		return element{name: word}, nil
	case tokenNameRef:
		p.at++
		return element{index: refer(&p.names, word), kind: elementRef}, nil
	}
	return element{}, p.unexpected()
}
