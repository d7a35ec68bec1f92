package dynamodb

import (
	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb/expression"
)

type transactGetRequest struct {
	accounted
	TransactItems []struct{ Get *getAction }
}

func (r *transactGetRequest) check() error {
	var c constraints
	c.returnConsumedCapacity(r.ReturnConsumedCapacity)
	c.required(r.TransactItems != nil, "transactItems")
	if r.TransactItems != nil {
		c.length(len(r.TransactItems), "transactItems", 1, maxTransaction)
	}
	for i, item := range r.TransactItems {
		member := "transactItems." + itoa(i+1) + ".member.get"
		c.required(item.Get != nil, member)
		if item.Get != nil {
			c.required(item.Get.TableName != "", member+".tableName")
			c.required(item.Get.Key != nil, member+".key")
		}
	}
	return c.err()
}

// read is one read of a transaction.
type read struct {
	table     *table
	place     place
	selection *expression.Selection
	found     *item
}

func (e *Engine) transactGet(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r transactGetRequest
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	reads, err := e.transactReads(auth, &r)
	if err != nil {
		return nil, err
	}
	list := make([]*shard, len(reads))
	for i := range reads {
		list[i] = reads[i].table.shardOf(reads[i].place)
	}
	list = inOrder(list)
	for _, s := range list {
		s.RLock()
	}
	for i := range reads {
		at := &reads[i]
		at.found, _ = at.table.shardOf(at.place).items.Get(string(at.place))
	}
	for _, s := range list {
		s.RUnlock()
	}
	var costs []usage
	out := newAnswer()
	out.list("Responses", len(reads), func(i int) {
		found := reads[i].found
		costs = add(costs, reads[i].table.name, 2*readUnits(found.bytes(), true), 0)
		out.json = append(out.json, '{')
		if found != nil {
			e.stats.read.Add(1)
			out.attributes("Item", partsOf(reads[i].selection, found.attributes))
		}
		out.json = append(out.json, '}')
	})
	out.capacities(r.ReturnConsumedCapacity, costs, true)
	return out.bytes(), nil
}

// transactReads authorizes and prepares the reads.
func (e *Engine) transactReads(auth awsapi.Authorizer, r *transactGetRequest) ([]read, error) {
	reads := make([]read, len(r.TransactItems))
	for i, item := range r.TransactItems {
		var err error
		if reads[i].table, err = e.open(auth, "GetItem", item.Get.TableName); err != nil {
			return nil, err
		}
	}
	faults := make([]error, len(reads))
	for i, item := range r.TransactItems {
		var err error
		if reads[i].selection, err = item.Get.selection(e); err != nil {
			return nil, err
		}
		t := reads[i].table
		if t == nil {
			return nil, tableNotFound()
		}
		if faults[i] = t.schema.checkKey(item.Get.Key); faults[i] == nil {
			faults[i] = t.checkSelection(reads[i].selection)
		}
		if faults[i] != nil {
			return nil, canceled(faults)
		}
		reads[i].place = t.schema.placeOf(item.Get.Key)
		for _, other := range reads[:i] {
			if other.table == t && other.place == reads[i].place {
				return nil, validation("Transaction request cannot include multiple operations on one item")
			}
		}
	}
	return reads, nil
}
