package dynamodb

import "transactional-outbox/local/dynamodb/attribute"

// Expire deletes one item of a table as the DynamoDB service does when its time to live has passed, whether it has or not, and
// reports whether the item was there. The key is an attribute map in DynamoDB's JSON. It is the seam for fault injection: an event
// that expires early.
func (e *Engine) Expire(name string, key []byte) (bool, error) {
	t := e.table(tableNameOf(name))
	if t == nil {
		return false, tableNotFound()
	}
	var attributes attribute.Map
	if err := decode(key, &attributes); err != nil {
		return false, err
	}
	if err := t.schema.checkKey(attributes); err != nil {
		return false, err
	}
	at := t.schema.placeOf(attributes)
	s := t.shardOf(at)
	s.Lock()
	defer s.Unlock()
	old, ok := s.items.Get(string(at))
	if !ok || t.gone.Load() {
		return false, nil
	}
	t.replace(e, s, at, record{old: old, time: e.options.Clock(), byTTL: true})
	return true, nil
}
