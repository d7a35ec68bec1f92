package dynamodb

import (
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb/attribute"
	"transactional-outbox/local/dynamodb/expression"
)

type action uint8

const (
	actionPut action = iota
	actionUpdate
	actionDelete
	actionCheck
)

// write is one write of one item, alone or in a transaction: prepared without locks, then evaluated and committed with the shard of
// its item locked.
type write struct {
	action    action
	table     *table
	place     place
	shard     *shard
	key       attribute.Map         // the primary key, of all but puts
	put       attribute.Map         // the item of a put
	update    *expression.Change    // of an update; nil only makes sure that the item exists
	condition *expression.Predicate // nil for none
	showOld   bool                  // whether a failed condition returns the item

	old, new *item // set by evaluate; nil where there is none
}

// aim sets the write's table and finds its place. Its errors are those that depend on the table's key.
func (w *write) aim(t *table) error {
	w.table = t
	key := w.key
	var err error
	if w.action == actionPut {
		key = w.put
		err = t.schema.checkItem(key)
	} else {
		err = t.schema.checkKey(key)
	}
	if err == nil {
		err = w.checkPaths()
	}
	if err != nil {
		return err
	}
	w.place = t.schema.placeOf(key)
	w.shard = t.shardOf(w.place)
	return nil
}

// checkPaths checks that no expression changes the key or looks inside it.
func (w *write) checkPaths() error {
	if w.update == nil && w.condition == nil {
		return nil
	}
	return w.table.schema.each(func(a keyAttribute) error {
		if w.update != nil {
			if used, _ := w.update.Targets().Attribute(a.name); used {
				return validation(textParameterInvalid+"Cannot update attribute %s. This attribute is part of the key", a.name)
			}
		}
		if w.condition != nil {
			if _, nested := w.condition.Attribute(a.name); nested {
				return keyNotScalar(a.name)
			}
		}
		return nil
	})
}

func keyNotScalar(name string) error {
	return validation("Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: %s", name)
}

// evaluate checks the condition and computes the new item. The shard is locked.
func (w *write) evaluate() error {
	if w.table.gone.Load() {
		return tableNotFound()
	}
	w.old, _ = w.shard.items.Get(string(w.place))
	if w.condition != nil && !w.condition.Holds(w.old.content()) {
		return w.conditionFailed()
	}
	switch w.action {
	case actionPut:
		w.new = newItem(w.put)
	case actionUpdate:
		return w.evaluateUpdate()
	}
	return nil
}

func (w *write) evaluateUpdate() error {
	from := w.old.content()
	if w.old == nil {
		from = w.key
	}
	if w.update == nil {
		if w.new = w.old; w.old == nil {
			w.new = newItem(from)
		}
		return nil
	}
	attributes, err := w.update.Apply(from)
	if err != nil {
		return faultOf(err)
	}
	if w.old == nil && w.update.OnlyRemoves() {
		return nil // there is nothing to remove, and that does not create an item
	}
	w.new = newItem(attributes)
	if w.new.size > attribute.MaxItemSize {
		return validation("Item size to update has exceeded the maximum allowed size")
	}
	return nil
}

func (w *write) conditionFailed() *awsapi.Error {
	err := awsapi.Errorf(codeConditionFailed, textConditionFailed)
	if w.showOld && w.old != nil {
		err.Fields = map[string]any{"Item": w.old.attributes}
	}
	return err
}

// commit makes the new item visible and records the change. The shard is locked.
func (w *write) commit(e *Engine, now time.Time) {
	if w.action == actionCheck {
		return
	}
	w.table.replace(e, w.shard, w.place, record{old: w.old, new: w.new, time: now})
}

// replace puts an item in the place of another, either of which may be nil, and logs that. A change that changes nothing leaves
// everything as it is. The shard is locked.
func (t *table) replace(e *Engine, s *shard, at place, r record) {
	switch {
	case r.old == nil && r.new == nil, r.old == r.new:
		return
	case r.new == nil:
		s.items.Delete(string(at))
		t.count.Add(-1)
	case r.old == nil:
		s.items.Set(string(at), r.new)
		t.count.Add(1)
	case r.old.size == r.new.size && r.old.attributes.Equal(r.new.attributes):
		return
	default:
		s.items.Set(string(at), r.new)
	}
	t.bytes.Add(int64(r.new.bytes() - r.old.bytes()))
	e.stats.written.Add(1)
	if t.log.active.Load() {
		r.id = e.options.NewID()
		t.log.append(r)
	}
}

// perform carries out a write on its own.
func (w *write) perform(e *Engine) error {
	now := e.options.Clock()
	w.shard.Lock()
	defer w.shard.Unlock()
	if err := w.evaluate(); err != nil {
		return err
	}
	w.commit(e, now)
	return nil
}
