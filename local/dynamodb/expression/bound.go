package expression

import (
	"errors"

	"transactional-outbox/local/dynamodb/attribute"
)

// Predicate is a condition with its names and values.
type Predicate struct {
	condition *Condition
	binding   *binding
}

// Change is an update with its names and values.
type Change struct {
	update  *Update
	binding *binding
}

// Selection is a projection with its names.
type Selection struct{ paths []path }

// Condition returns the condition of a text, nil if text is nil; parameter is what DynamoDB calls it, such as ConditionExpression.
func (a *Arguments) Condition(cache *Cache, parameter string, text *string) (*Predicate, error) {
	if text == nil {
		return nil, nil
	}
	condition, err := cache.conditions.get(*text, ParseCondition)
	if err != nil {
		return nil, named(parameter, err)
	}
	b, err := a.bind(condition.names, condition.values)
	if err == nil {
		err = condition.root.check(b)
	}
	if err != nil {
		return nil, named(parameter, err)
	}
	return &Predicate{condition, b}, nil
}

// Update returns the update of a text, nil if text is nil.
func (a *Arguments) Update(cache *Cache, text *string) (*Change, error) {
	const parameter = "UpdateExpression"
	if text == nil {
		return nil, nil
	}
	update, err := cache.updates.get(*text, ParseUpdate)
	if err != nil {
		return nil, named(parameter, err)
	}
	b, err := a.bind(update.names, update.values)
	if err == nil {
		err = update.check(b)
	}
	if err != nil {
		return nil, named(parameter, err)
	}
	return &Change{update, b}, nil
}

// Projection returns the projection of a text, nil if text is nil.
func (a *Arguments) Projection(cache *Cache, text *string) (*Selection, error) {
	const parameter = "ProjectionExpression"
	if text == nil {
		return nil, nil
	}
	projection, err := cache.projections.get(*text, ParseProjection)
	if err != nil {
		return nil, named(parameter, err)
	}
	b, err := a.bind(projection.names, nil)
	if err != nil {
		return nil, named(parameter, err)
	}
	s := &Selection{paths: make([]path, len(projection.paths))}
	for i, p := range projection.paths {
		s.paths[i] = p.resolve(b.names)
	}
	if err := disjoint(s.paths); err != nil {
		return nil, named(parameter, err)
	}
	return s, nil
}

// named puts the name of the parameter before the fault of an expression.
func named(parameter string, err error) error {
	var fault *Error
	if errors.As(err, &fault) {
		return invalidText("Invalid " + parameter + ": " + fault.Text)
	}
	return err
}

// Holds evaluates the condition for an item, nil if there is none.
func (p *Predicate) Holds(item attribute.Map) bool { return p.condition.root.holds(item, p.binding) }

// KeyClauses takes a key condition apart.
func (p *Predicate) KeyClauses() ([]KeyClause, error) { return p.condition.keyClauses(p.binding) }

// Apply returns what the update makes of an item, which it leaves as it is. Errors are [*attribute.Invalid].
func (c *Change) Apply(item attribute.Map) (attribute.Map, error) {
	return c.update.apply(item, c.binding)
}

// OnlyRemoves reports whether the update can only take something away. Such an update does not create an item.
func (c *Change) OnlyRemoves() bool { return len(c.update.sets) == 0 && len(c.update.adds) == 0 }

// Targets returns the selection of what the update changes.
func (c *Change) Targets() *Selection { return &Selection{c.update.targets(c.binding.names)} }

// Of returns the selected parts of an item.
func (s *Selection) Of(item attribute.Map) attribute.Map { return project(item, s.paths) }

// Attribute tells of a top-level attribute whether the selection has it, and whether it has only parts of it.
func (s *Selection) Attribute(name string) (selected, nested bool) {
	for _, p := range s.paths {
		if p[0].name == name {
			selected, nested = true, nested || len(p) > 1
		}
	}
	return selected, nested
}

// Attribute tells of a top-level attribute whether the condition looks at it, and whether it looks at parts of it.
func (p *Predicate) Attribute(name string) (used, nested bool) {
	return attributeOf(p.condition.root, p.binding, name)
}
