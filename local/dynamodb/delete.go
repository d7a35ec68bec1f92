package dynamodb

import (
	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb/attribute"
)

type deleteRequest struct {
	accounted
	collections
	deleteAction
	ReturnValues string
}

// deleteAction is a delete, alone or in a transaction.
type deleteAction struct {
	conditional
	TableName string
	Key       attribute.Map
}

// prepare checks what can be checked without the table.
func (a *deleteAction) prepare(e *Engine) (*write, error) {
	w := &write{action: actionDelete, key: a.Key}
	return w, a.conditional.prepare(e, w)
}

func (e *Engine) deleteItem(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r deleteRequest
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
	t, err := e.open(auth, "DeleteItem", r.TableName)
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
