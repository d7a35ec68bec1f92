package dynamodb

import (
	"strconv"

	"transactional-outbox/local/dynamodb/attribute"
)

// answer builds a JSON object member by member.
type answer struct{ json []byte }

func newAnswer() *answer { return &answer{json: append(make([]byte, 0, 256), '{')} }

// name begins a member.
func (a *answer) name(name string) {
	if a.json[len(a.json)-1] != '{' {
		a.json = append(a.json, ',')
	}
	a.json = attribute.AppendString(a.json, name)
	a.json = append(a.json, ':')
}

func (a *answer) attributes(name string, m attribute.Map) {
	a.name(name)
	a.json = m.AppendJSON(a.json)
}

func (a *answer) text(name, value string) {
	a.name(name)
	a.json = attribute.AppendString(a.json, value)
}

func (a *answer) number(name string, value float64) {
	a.name(name)
	a.json = strconv.AppendFloat(a.json, value, 'f', -1, 64)
}

// object adds a member that fill builds.
func (a *answer) object(name string, fill func()) {
	a.name(name)
	a.json = append(a.json, '{')
	fill()
	a.json = append(a.json, '}')
}

// list adds a list of n elements that fill builds one by one.
func (a *answer) list(name string, n int, fill func(i int)) {
	a.name(name)
	a.json = append(a.json, '[')
	for i := range n {
		if i > 0 {
			a.json = append(a.json, ',')
		}
		fill(i)
	}
	a.json = append(a.json, ']')
}

func (a *answer) bytes() []byte { return append(a.json, '}') }
