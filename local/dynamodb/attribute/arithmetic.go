package attribute

import "slices"

// Plus returns the sum of two numbers. An error is an [Invalid]: the sum is out of range.
func (v Value) Plus(w Value) (Value, error) {
	text, err := addNumbers(v.text, w.text, false)
	return Value{kind: N, text: text}, err
}

// Minus returns the difference of two numbers. An error is an [Invalid]: the difference is out of range.
func (v Value) Minus(w Value) (Value, error) {
	text, err := addNumbers(v.text, w.text, true)
	return Value{kind: N, text: text}, err
}

// Union returns the set of the elements of either of two sets of one kind.
func (v Value) Union(w Value) Value {
	set := slices.Concat(v.parts.set, w.parts.set)
	slices.Sort(set)
	return Value{kind: v.kind, parts: &parts{set: slices.Compact(set)}}
}

// Without returns the set v less the elements of w, or no value if none is left: DynamoDB has no empty sets.
func (v Value) Without(w Value) Value {
	set := slices.DeleteFunc(slices.Clone(v.parts.set), func(element string) bool {
		_, found := slices.BinarySearch(w.parts.set, element)
		return found
	})
	if len(set) == 0 {
		return Value{}
	}
	return Value{kind: v.kind, parts: &parts{set: set}}
}

// Concat returns the list of the elements of v and then of w, two lists.
func (v Value) Concat(w Value) Value {
	return List(slices.Concat(v.parts.list, w.parts.list)...)
}
