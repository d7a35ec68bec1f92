package dynamodb

import (
	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb/attribute"
	"transactional-outbox/local/dynamodb/expression"
)

type getRequest struct {
	accounted
	getAction
	ConsistentRead bool
}

// getAction is a read of one item, alone or in a transaction.
type getAction struct {
	selected
	TableName string
	Key       attribute.Map
}

// selected are the members that say which parts of items a read returns.
type selected struct {
	ProjectionExpression     *string
	ExpressionAttributeNames expression.Names
}

// selection returns the parts to return, nil for all.
func (s *selected) selection(e *Engine) (*expression.Selection, error) {
	all := arguments{ExpressionAttributeNames: s.ExpressionAttributeNames}
	args, err := all.bound(parameter{"ProjectionExpression", s.ProjectionExpression})
	if err != nil {
		return nil, faultOf(err)
	}
	selection, err := args.Projection(&e.cache, s.ProjectionExpression)
	if err != nil {
		return nil, faultOf(err)
	}
	return selection, faultOf(args.CheckUsed())
}

// checkSelection checks that no path leads into a key attribute.
func (t *table) checkSelection(s *expression.Selection) error {
	if s == nil {
		return nil
	}
	return t.schema.each(func(a keyAttribute) error {
		if _, nested := s.Attribute(a.name); nested {
			return keyNotScalar(a.name)
		}
		return nil
	})
}

// partsOf returns the selected parts of an item.
func partsOf(s *expression.Selection, attributes attribute.Map) attribute.Map {
	if s == nil {
		return attributes
	}
	return s.Of(attributes)
}

func (e *Engine) getItem(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r getRequest
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	var c constraints
	c.tableName(r.TableName)
	c.required(r.Key != nil, "key")
	c.returnConsumedCapacity(r.ReturnConsumedCapacity)
	if err := c.err(); err != nil {
		return nil, err
	}
	t, err := e.open(auth, "GetItem", r.TableName)
	if err != nil {
		return nil, err
	}
	selection, err := r.selection(e)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, tableNotFound()
	}
	if err := t.schema.checkKey(r.Key); err != nil {
		return nil, err
	}
	if err := t.checkSelection(selection); err != nil {
		return nil, err
	}
	found := t.get(e, t.schema.placeOf(r.Key))
	out := newAnswer()
	if found != nil {
		out.attributes("Item", partsOf(selection, found.attributes))
	}
	out.capacity(r.ReturnConsumedCapacity, usage{table: t.name, read: readUnits(found.bytes(), r.ConsistentRead)})
	return out.bytes(), nil
}

// get returns the item at a place, nil if there is none.
func (t *table) get(e *Engine, at place) *item {
	s := t.shardOf(at)
	s.RLock()
	found, _ := s.items.Get(string(at))
	s.RUnlock()
	if found != nil {
		e.stats.read.Add(1)
	}
	return found
}
