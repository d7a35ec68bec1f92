package expression

import "transactional-outbox/local/dynamodb/attribute"

// Update is a parsed update expression. It may be shared.
type Update struct {
	sets          []assignment
	removes       []path
	adds, deletes []amendment
	names, values []string
}

// assignment is one action of SET.
type assignment struct {
	target path
	source source
}

// amendment is one action of ADD or DELETE.
type amendment struct {
	target path
	value  int // of the binding
}

// source is what SET assigns.
type source interface {
	// eval computes the value from the item as it was before the update.
	eval(item attribute.Map, b *binding) (attribute.Value, error)
	// check finds the faults that depend on the names and values.
	check(b *binding) error
}

type (
	// sourceOperand is a path or a value.
	sourceOperand struct{ operand }
	// sum is left + right, or left - right.
	sum struct {
		operator    string
		left, right source
	}
	// sourceCall is if_not_exists(path, value) or list_append(list, list).
	sourceCall struct {
		name string
		args []source
	}
)

// ParseUpdate parses an update expression. It reports the faults that do not depend on names and values, as [Error].
func ParseUpdate(text string) (*Update, error) {
	p, err := newParser(text)
	if err != nil {
		return nil, err
	}
	u := &Update{}
	for once := map[string]bool{}; ; {
		section := ""
		for _, keyword := range []string{"SET", "REMOVE", "ADD", "DELETE"} {
			if p.keyword(keyword) {
				section = keyword
			}
		}
		if section == "" {
			break
		}
		if once[section] {
			note(&p.misuse, `The "`+section+`" section can only be used once in an update expression;`)
		}
		once[section] = true
		if err := u.section(p, section); err != nil {
			return nil, err
		}
	}
	if p.at == 0 {
		return nil, p.unexpected()
	}
	if err := p.finish(); err != nil {
		return nil, err
	}
	u.names, u.values = p.names, p.values
	return u, nil
}

// section reads the actions behind one keyword.
func (u *Update) section(p *parser, keyword string) error {
	for {
		target, err := p.path()
		if err != nil {
			return err
		}
		switch keyword {
		case "SET":
			if err := p.expect("="); err != nil {
				return err
			}
			from, err := p.sum()
			if err != nil {
				return err
			}
			u.sets = append(u.sets, assignment{target, from})
		case "REMOVE":
			u.removes = append(u.removes, target)
		default:
			t := p.next()
			if t.kind != tokenValueRef {
				return p.unexpected()
			}
			p.at++
			change := amendment{target, refer(&p.values, p.word(t))}
			if keyword == "ADD" {
				u.adds = append(u.adds, change)
			} else {
				u.deletes = append(u.deletes, change)
			}
		}
		if !p.accept(",") {
			return nil
		}
	}
}

// sum reads one operand of SET, or two with + or - between them.
func (p *parser) sum() (source, error) {
	if p.accept("(") {
		inner, err := p.sum()
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	}
	left, err := p.term()
	if err != nil {
		return nil, err
	}
	for _, operator := range []string{"+", "-"} {
		if p.accept(operator) {
			p.operators++
			right, err := p.term()
			return sum{operator, left, right}, err
		}
	}
	return left, nil
}

// term reads a path, a value, or a function of such.
func (p *parser) term() (source, error) {
	t := p.next()
	switch {
	case t.kind == tokenValueRef:
		p.at++
		return sourceOperand{valueOperand{refer(&p.values, p.word(t))}}, nil
	case t.kind == tokenName && p.word(p.tokens[p.at+1]) == "(":
		return p.sourceCall()
	}
	path, err := p.path()
	return sourceOperand{pathOperand{path}}, err
}

func (p *parser) sourceCall() (source, error) {
	call := sourceCall{name: p.word(p.next())}
	p.at += 2
	if _, elsewhere := functions[call.name]; elsewhere {
		note(&p.function, "The function is not allowed in an update expression; function: "+call.name)
	} else if call.name != "if_not_exists" && call.name != "list_append" {
		note(&p.function, "Invalid function name; function: "+call.name)
	}
	for {
		argument, err := p.term()
		if err != nil {
			return nil, err
		}
		if inner, ok := argument.(sourceCall); ok && inner.name == "list_append" {
			note(&p.misuse, "The function is not allowed to be used this way in an expression; function: list_append")
		}
		call.args = append(call.args, argument)
		if !p.accept(",") {
			return call, p.expect(")")
		}
	}
}

// targets returns the paths that the update changes, resolved.
func (u *Update) targets(names []string) []path {
	out := make([]path, 0, len(u.sets)+len(u.removes)+len(u.adds)+len(u.deletes))
	for i := range u.sets {
		out = append(out, u.sets[i].target.resolve(names))
	}
	for _, p := range u.removes {
		out = append(out, p.resolve(names))
	}
	for i := range u.adds {
		out = append(out, u.adds[i].target.resolve(names))
	}
	for i := range u.deletes {
		out = append(out, u.deletes[i].target.resolve(names))
	}
	return out
}
