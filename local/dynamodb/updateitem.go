package dynamodb

import (
	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb/attribute"
)

type updateRequest struct {
	accounted
	collections
	updateAction
	ReturnValues string
}

// updateAction is an update, alone or in a transaction.
type updateAction struct {
	conditional
	TableName        string
	Key              attribute.Map
	UpdateExpression *string
}

// prepare checks what can be checked without the table.
func (a *updateAction) prepare(e *Engine) (*write, error) {
	w := &write{action: actionUpdate, key: a.Key, showOld: a.ReturnValuesOnConditionCheckFailure == "ALL_OLD"}
	args, err := a.bound(parameter{"UpdateExpression", a.UpdateExpression}, parameter{"ConditionExpression", a.ConditionExpression})
	if err != nil {
		return nil, faultOf(err)
	}
	if w.update, err = args.Update(&e.cache, a.UpdateExpression); err != nil {
		return nil, faultOf(err)
	}
	if w.condition, err = args.Condition(&e.cache, "ConditionExpression", a.ConditionExpression); err != nil {
		return nil, faultOf(err)
	}
	return w, faultOf(args.CheckUsed())
}

func (e *Engine) updateItem(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r updateRequest
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	var c constraints
	c.tableName(r.TableName)
	c.required(r.Key != nil, "key")
	c.oneOf(r.ReturnValues, "returnValues", "ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW")
	c.returnConsumedCapacity(r.ReturnConsumedCapacity)
	c.returnOnFailure(r.ReturnValuesOnConditionCheckFailure)
	r.collections.check(&c)
	if err := c.err(); err != nil {
		return nil, err
	}
	t, err := e.open(auth, "UpdateItem", r.TableName)
	if err != nil {
		return nil, err
	}
	w, err := r.prepare(e)
	if err != nil {
		return nil, err
	}
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
	if returned := w.returned(r.ReturnValues); len(returned) > 0 {
		out.attributes("Attributes", returned)
	}
	out.writeCapacity(r.ReturnConsumedCapacity, w)
	return out.bytes(), nil
}

// returned is what an update returns for a ReturnValues.
func (w *write) returned(kind string) attribute.Map {
	switch kind {
	case "ALL_OLD":
		return w.old.content()
	case "ALL_NEW":
		return w.new.content()
	case "UPDATED_OLD", "UPDATED_NEW":
		if w.update == nil {
			return nil
		}
		if kind == "UPDATED_OLD" {
			return w.update.Targets().Of(w.old.content())
		}
		return w.update.Targets().Of(w.new.content())
	}
	return nil
}
