// Package expression is DynamoDB's expression language: conditions, filters, key conditions, updates and projections.
//
// Texts are parsed once and kept by a [Cache]. A request carries its names and values as [Arguments], which bind them to a parsed
// expression, check that they fit it, and check that none is superfluous. Faults are [*attribute.Invalid], worded as DynamoDB does.
package expression

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"transactional-outbox/local/dynamodb/attribute"
)

// Arguments are the ExpressionAttributeNames and ExpressionAttributeValues of one request. The zero Arguments are none.
type Arguments struct {
	Names  Names
	Values Values

	usedNames, usedValues []bool
}

// Names is ExpressionAttributeNames, sorted by reference; nil if not given.
type Names []Name

// Name is an attribute name and the reference to it, with its #.
type Name struct{ Reference, Name string }

// Values is ExpressionAttributeValues; nil if not given.
type Values attribute.Map

// UnmarshalJSONFrom reads {"#reference":"name"}.
func (n *Names) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*n = nil
	token, err := dec.ReadToken()
	if err != nil || token.Kind() == 'n' {
		return err
	}
	if token.Kind() != '{' {
		return &attribute.Malformed{Text: "Unexpected field type"}
	}
	*n = Names{}
	for {
		if token, err = dec.ReadToken(); err != nil || token.Kind() == '}' {
			break
		}
		reference := token.String()
		if token, err = dec.ReadToken(); err != nil {
			break
		}
		if token.Kind() != '"' {
			return &attribute.Malformed{Text: "Unexpected value type in payload"}
		}
		*n = append(*n, Name{reference, token.String()})
	}
	slices.SortStableFunc(*n, func(a, b Name) int { return strings.Compare(a.Reference, b.Reference) })
	return err
}

// UnmarshalJSONFrom reads {":reference":{"S":"text"}}.
func (v *Values) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	err := (*attribute.Map)(v).UnmarshalJSONFrom(dec)
	if invalid, ok := err.(*attribute.Invalid); ok {
		reference := ""
		inside := false
		for name := range dec.StackPointer().Tokens() { // the path that led to the fault
			if inside {
				reference = name
				break
			}
			inside = name == "ExpressionAttributeValues"
		}
		return invalidText("ExpressionAttributeValues contains invalid value: " + invalid.Text + " for key " + reference)
	}
	return err
}

// Check finds the faults of the references themselves.
func (a *Arguments) Check() error {
	if a.Names != nil && len(a.Names) == 0 {
		return invalidText("ExpressionAttributeNames must not be empty")
	}
	for _, name := range a.Names {
		if !isReference(name.Reference, '#') {
			return invalidText(`ExpressionAttributeNames contains invalid key: Syntax error; key: "` + name.Reference + `"`)
		}
		if name.Name == "" {
			return invalidText("ExpressionAttributeNames contains invalid value: Empty attribute name for key " + name.Reference)
		}
	}
	if a.Values != nil && len(a.Values) == 0 {
		return invalidText("ExpressionAttributeValues must not be empty")
	}
	for i := range a.Values {
		if !isReference(a.Values[i].Name, ':') {
			return invalidText(`ExpressionAttributeValues contains invalid key: Syntax error; key: "` + a.Values[i].Name + `"`)
		}
	}
	return nil
}

func isReference(text string, sign byte) bool {
	if len(text) < 2 || text[0] != sign {
		return false
	}
	for i := 1; i < len(text); i++ {
		if !isWord(text[i]) {
			return false
		}
	}
	return true
}

// bind looks up the references of an expression and marks them as used.
func (a *Arguments) bind(names, values []string) (*binding, error) {
	b := &binding{}
	if len(names) > 0 {
		b.names = make([]string, len(names))
	}
	for i, reference := range names {
		at := slices.IndexFunc(a.Names, func(n Name) bool { return n.Reference == reference })
		if at < 0 {
			return nil, errorf("An expression attribute name used in the document path is not defined; attribute name: %s", reference)
		}
		b.names[i] = a.Names[at].Name
		mark(&a.usedNames, len(a.Names), at)
	}
	if len(values) > 0 {
		b.values = make([]attribute.Value, len(values))
	}
	for i, reference := range values {
		at := slices.IndexFunc(a.Values, func(m attribute.Member) bool { return m.Name == reference })
		if at < 0 {
			return nil, errorf("An expression attribute value used in expression is not defined; attribute value: %s", reference)
		}
		b.values[i] = a.Values[at].Value
		mark(&a.usedValues, len(a.Values), at)
	}
	return b, nil
}

func mark(used *[]bool, of, at int) {
	if *used == nil {
		*used = make([]bool, of)
	}
	(*used)[at] = true
}

// CheckUsed finds names and values that no expression has used.
func (a *Arguments) CheckUsed() error {
	var unused []string
	for i := range a.Names {
		if a.usedNames == nil || !a.usedNames[i] {
			unused = append(unused, a.Names[i].Reference)
		}
	}
	if unused != nil {
		return invalidText("Value provided in ExpressionAttributeNames unused in expressions: keys: {" + strings.Join(unused, ", ") + "}")
	}
	for i := range a.Values {
		if a.usedValues == nil || !a.usedValues[i] {
			unused = append(unused, a.Values[i].Name)
		}
	}
	if unused != nil {
		return invalidText("Value provided in ExpressionAttributeValues unused in expressions: keys: {" + strings.Join(unused, ", ") + "}")
	}
	return nil
}
