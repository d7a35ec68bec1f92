package dynamodb

import (
	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb/attribute"
)

type putRequest struct {
	accounted
	collections
	putAction
	ReturnValues string
}

// putAction is a put, alone or in a transaction.
type putAction struct {
	conditional
	TableName string
	Item      attribute.Map
}

// prepare checks what can be checked without the table.
func (a *putAction) prepare(e *Engine) (*write, error) {
	if err := checkItemSize(a.Item); err != nil {
		return nil, err
	}
	w := &write{action: actionPut, put: a.Item}
	return w, a.conditional.prepare(e, w)
}

func checkItemSize(item attribute.Map) error {
	if item.Size() > attribute.MaxItemSize {
		return validation("Item size has exceeded the maximum allowed size")
	}
	return nil
}

// prepare binds the condition of a write that has no other expression.
func (r *conditional) prepare(e *Engine, w *write) error {
	args, err := r.bound(parameter{"ConditionExpression", r.ConditionExpression})
	if err != nil {
		return faultOf(err)
	}
	if w.condition, err = args.Condition(&e.cache, "ConditionExpression", r.ConditionExpression); err != nil {
		return faultOf(err)
	}
	w.showOld = r.ReturnValuesOnConditionCheckFailure == "ALL_OLD"
	return faultOf(args.CheckUsed())
}

func (e *Engine) putItem(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r putRequest
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	var c constraints
	c.tableName(r.TableName)
	c.required(r.Item != nil, "item")
	c.oneOf(r.ReturnValues, "returnValues", "ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW")
	c.returnConsumedCapacity(r.ReturnConsumedCapacity)
	c.returnOnFailure(r.ReturnValuesOnConditionCheckFailure)
	r.collections.check(&c)
	if err := c.err(); err != nil {
		return nil, err
	}
	t, err := e.open(auth, "PutItem", r.TableName)
	if err != nil {
		return nil, err
	}
	if r.ReturnValues != "" && r.ReturnValues != "NONE" && r.ReturnValues != "ALL_OLD" {
		return nil, validation("ReturnValues can only be ALL_OLD or NONE")
	}
	w, err := r.prepare(e)
	if err != nil {
		return nil, err
	}
	return e.performOldOnly(w, t, r.ReturnValues, r.ReturnConsumedCapacity)
}

// performOldOnly performs a put or a delete, which can only return the old item.
func (e *Engine) performOldOnly(w *write, t *table, returnValues, returnCapacity string) ([]byte, error) {
	if t == nil {
		return nil, tableNotFound()
	}
	if err := w.aim(t); err != nil {
		return nil, err
	}
	if err := w.perform(e); err != nil {
		return nil, err
	}
	out := newAnswer()
	if returnValues == "ALL_OLD" && w.old != nil {
		out.attributes("Attributes", w.old.attributes)
	}
	out.writeCapacity(returnCapacity, w)
	return out.bytes(), nil
}
