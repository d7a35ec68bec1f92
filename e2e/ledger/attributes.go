package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// attributes reads an item one attribute at a time and remembers what was wrong, so that one pass names all of it: an
// attribute that is missing, of another type than documented, or documented nowhere.
type attributes struct {
	item   map[string]types.AttributeValue
	read   map[string]bool
	faults []string
}

func attributesOf(item map[string]types.AttributeValue) *attributes {
	return &attributes{item: item, read: map[string]bool{}}
}

func (a *attributes) faultf(format string, args ...any) {
	a.faults = append(a.faults, fmt.Sprintf(format, args...))
}

func (a *attributes) get(name string) types.AttributeValue {
	a.read[name] = true
	return a.item[name]
}

// text is a string attribute; optional ones may be missing but not empty.
func (a *attributes) text(name string, optional bool) string {
	value := a.get(name)
	if value == nil && optional {
		return ""
	}
	s, ok := value.(*types.AttributeValueMemberS)
	if !ok || s.Value == "" {
		a.faultf("%s: want a text, got %s", name, shown(value))
		return ""
	}
	return s.Value
}

func (a *attributes) integer(name string) int64 {
	value := a.get(name)
	n, ok := value.(*types.AttributeValueMemberN)
	if !ok {
		a.faultf("%s: want a number, got %s", name, shown(value))
		return 0
	}
	i, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil {
		a.faultf("%s: %v", name, err)
	}
	return i
}

// members are the attributes inside a map attribute, or nil if it is missing.
func (a *attributes) members(name string) *attributes {
	value := a.get(name)
	if value == nil {
		return nil
	}
	m, ok := value.(*types.AttributeValueMemberM)
	if !ok {
		a.faultf("%s: want a map, got %s", name, shown(value))
		return nil
	}
	return attributesOf(m.Value)
}

// elements are the maps of a list attribute, or nil if it is missing.
func (a *attributes) elements(name string) []*attributes {
	value := a.get(name)
	if value == nil {
		return nil
	}
	l, ok := value.(*types.AttributeValueMemberL)
	if !ok {
		a.faultf("%s: want a list, got %s", name, shown(value))
		return nil
	}
	var elements []*attributes
	for i, element := range l.Value {
		m, ok := element.(*types.AttributeValueMemberM)
		if !ok {
			a.faultf("%s[%d]: want a map, got %s", name, i, shown(element))
			continue
		}
		elements = append(elements, attributesOf(m.Value))
	}
	return elements
}

// include takes over the faults of the attributes inside name.
func (a *attributes) include(name string, inner *attributes) {
	if err := inner.err(); err != nil {
		a.faultf("%s: %v", name, err)
	}
}

func (a *attributes) err() error {
	faults := slices.Clone(a.faults)
	for name := range a.item {
		if !a.read[name] {
			faults = append(faults, fmt.Sprintf("%s: not documented", name))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	slices.Sort(faults)
	return errors.New(strings.Join(faults, "; "))
}

func shown(value types.AttributeValue) string {
	if value == nil {
		return "nothing"
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", value), "*types.AttributeValueMember")
}
