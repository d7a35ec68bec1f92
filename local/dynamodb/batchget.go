package dynamodb

import (
	"maps"
	"math"
	"slices"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb/attribute"
	"transactional-outbox/local/dynamodb/expression"
)

const (
	maxBatchGet      = 100
	maxBatchGetBytes = 16 << 20
)

type batchGetRequest struct {
	accounted
	RequestItems map[string]*batchGetTable
}

type batchGetTable struct {
	selected
	Keys           []attribute.Map
	ConsistentRead bool

	name      string
	table     *table
	selection *expression.Selection
	places    []place
	found     []attribute.Map
	left      []attribute.Map // keys that did not fit into the answer
}

func (r *batchGetRequest) check() error {
	if len(r.RequestItems) == 0 {
		return validation("The requestItems parameter is required for BatchGetItem")
	}
	var c constraints
	c.returnConsumedCapacity(r.ReturnConsumedCapacity)
	keys := 0
	for _, name := range slices.Sorted(maps.Keys(r.RequestItems)) {
		of := r.RequestItems[name]
		if of == nil {
			c.required(false, "requestItems."+name+".member")
			continue
		}
		of.name = name
		c.required(of.Keys != nil, "requestItems."+name+".member.keys")
		if of.Keys != nil {
			c.length(len(of.Keys), "requestItems."+name+".member.keys", 1, math.MaxInt)
		}
		if len(of.Keys) > maxBatchGet {
			return validation("1 validation error detected: Value at 'RequestItems.%s.member.Keys' failed to satisfy constraint: Member must have length less than or equal to 100", name)
		}
		keys += len(of.Keys)
	}
	if err := c.err(); err != nil {
		return err
	}
	if keys > maxBatchGet {
		return validation("Too many items requested for the BatchGetItem call")
	}
	return nil
}

// prepare finds the table and the places of one table's part.
func (of *batchGetTable) prepare(e *Engine, auth awsapi.Authorizer) (err error) {
	if of.table, err = e.openItems(auth, "BatchGetItem", of.name); err != nil {
		return err
	}
	if of.selection, err = of.selected.selection(e); err != nil {
		return err
	}
	if err := of.table.checkSelection(of.selection); err != nil {
		return err
	}
	seen := map[place]bool{}
	for _, key := range of.Keys {
		if err := of.table.schema.checkKey(key); err != nil {
			return err
		}
		at := of.table.schema.placeOf(key)
		if seen[at] {
			return validation("Provided list of item keys contains duplicates")
		}
		seen[at] = true
		of.places = append(of.places, at)
	}
	return nil
}

func (e *Engine) batchGet(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r batchGetRequest
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(r.RequestItems))
	for _, name := range names {
		if err := r.RequestItems[name].prepare(e, auth); err != nil {
			return nil, err
		}
	}
	var costs []usage
	total := 0
	for _, name := range names {
		of := r.RequestItems[name]
		for i, at := range of.places {
			if total >= maxBatchGetBytes {
				of.left = append(of.left, of.Keys[i])
				continue
			}
			found := of.table.get(e, at)
			total += found.bytes()
			costs = add(costs, of.table.name, readUnits(found.bytes(), of.ConsistentRead), 0)
			if found != nil {
				of.found = append(of.found, partsOf(of.selection, found.attributes))
			}
		}
	}
	return r.answer(names, costs), nil
}

func (r *batchGetRequest) answer(names []string, costs []usage) []byte {
	out := newAnswer()
	out.object("Responses", func() {
		for _, name := range names {
			found := r.RequestItems[name].found
			out.list(name, len(found), func(i int) { out.json = found[i].AppendJSON(out.json) })
		}
	})
	out.object("UnprocessedKeys", func() {
		for _, name := range names {
			if of := r.RequestItems[name]; len(of.left) > 0 {
				out.object(name, func() { of.again(out) })
			}
		}
	})
	out.capacities(r.ReturnConsumedCapacity, costs, false)
	return out.bytes()
}

// again writes the part of the request that is left, for the caller to send again.
func (of *batchGetTable) again(out *answer) {
	out.list("Keys", len(of.left), func(i int) { out.json = of.left[i].AppendJSON(out.json) })
	if of.ConsistentRead {
		out.name("ConsistentRead")
		out.json = append(out.json, "true"...)
	}
	if of.ProjectionExpression != nil {
		out.text("ProjectionExpression", *of.ProjectionExpression)
	}
	if of.ExpressionAttributeNames != nil {
		out.object("ExpressionAttributeNames", func() {
			for _, n := range of.ExpressionAttributeNames {
				out.text(n.Reference, n.Name)
			}
		})
	}
}
