package dynamodb

import (
	"maps"
	"slices"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb/attribute"
)

const (
	maxBatchWrite      = 25
	maxBatchWriteBytes = 16 << 20
)

type batchWriteRequest struct {
	accounted
	collections
	RequestItems map[string][]batchWriteItem
}

type batchWriteItem struct {
	PutRequest    *struct{ Item attribute.Map }
	DeleteRequest *struct{ Key attribute.Map }
}

func (r *batchWriteRequest) check() error {
	if len(r.RequestItems) == 0 {
		return validation("The requestItems parameter is required for BatchWriteItem")
	}
	var c constraints
	c.returnConsumedCapacity(r.ReturnConsumedCapacity)
	r.collections.check(&c)
	writes := 0
	for _, name := range slices.Sorted(maps.Keys(r.RequestItems)) {
		if n := len(r.RequestItems[name]); n < 1 || n > maxBatchWrite {
			c.violated("'{"+name+"=[...]}'", "requestItems",
				"Map value must satisfy constraint: [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]")
		}
		writes += len(r.RequestItems[name])
	}
	if err := c.err(); err != nil {
		return err
	}
	if writes > maxBatchWrite {
		return validation("Too many items requested for the BatchWriteItem call")
	}
	return nil
}

// prepare makes a write of one element.
func (r *batchWriteItem) prepare() (*write, error) {
	switch {
	case r.PutRequest != nil && r.DeleteRequest != nil:
		return nil, validation("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
	case r.PutRequest != nil && r.PutRequest.Item != nil:
		return &write{action: actionPut, put: r.PutRequest.Item}, checkItemSize(r.PutRequest.Item)
	case r.DeleteRequest != nil && r.DeleteRequest.Key != nil:
		return &write{action: actionDelete, key: r.DeleteRequest.Key}, nil
	}
	return nil, validation("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
}

func (e *Engine) batchWrite(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r batchWriteRequest
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	if len(request) > maxBatchWriteBytes {
		return nil, validation("Request size exceeds the maximum of %d bytes", maxBatchWriteBytes)
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	var writes []*write
	type target struct {
		table *table
		place place
	}
	seen := map[target]bool{}
	for _, name := range slices.Sorted(maps.Keys(r.RequestItems)) {
		t, err := e.openItems(auth, "BatchWriteItem", name)
		if err != nil {
			return nil, err
		}
		for i := range r.RequestItems[name] {
			w, err := r.RequestItems[name][i].prepare()
			if err != nil {
				return nil, err
			}
			if err := w.aim(t); err != nil {
				return nil, err
			}
			if seen[target{t, w.place}] {
				return nil, validation("Provided list of item keys contains duplicates")
			}
			seen[target{t, w.place}] = true
			writes = append(writes, w)
		}
	}
	var costs []usage
	for _, w := range writes {
		if err := w.perform(e); err != nil {
			return nil, err
		}
		costs = add(costs, w.table.name, 0, w.units())
	}
	out := newAnswer()
	out.object("UnprocessedItems", func() {})
	out.capacities(r.ReturnConsumedCapacity, costs, false)
	return out.bytes(), nil
}
