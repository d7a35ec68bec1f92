package attribute

import (
	"slices"
	"strings"
)

// Map is a set of named values, sorted by name: an item, a key or a value of kind M.
type Map []Member

// Member is one named value.
type Member struct {
	Name  string
	Value Value
}

// find returns where name is, or belongs. Maps are mostly so small that looking at each name is fastest.
func (m Map) find(name string) (int, bool) {
	if len(m) > 16 {
		return slices.BinarySearchFunc(m, name, func(a Member, name string) int { return strings.Compare(a.Name, name) })
	}
	for i := range m {
		if m[i].Name >= name {
			return i, m[i].Name == name
		}
	}
	return len(m), false
}

// Get returns the value of a name, or no value.
func (m Map) Get(name string) Value {
	if i, found := m.find(name); found {
		return m[i].Value
	}
	return Value{}
}

// Set adds or replaces a member in place.
func (m *Map) Set(name string, v Value) {
	i, found := m.find(name)
	if found {
		(*m)[i].Value = v
		return
	}
	*m = slices.Insert(*m, i, Member{name, v})
}

// Delete removes a member in place.
func (m *Map) Delete(name string) {
	if i, found := m.find(name); found {
		*m = slices.Delete(*m, i, i+1)
	}
}

// Equal reports whether both maps have the same members.
func (m Map) Equal(n Map) bool {
	return slices.EqualFunc(m, n, func(a, b Member) bool { return a.Name == b.Name && a.Value.Equal(b.Value) })
}
