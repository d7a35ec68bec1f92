package dynamodb

import (
	"errors"
	"strconv"
	"strings"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb/attribute"
)

const (
	maxTransaction      = 100
	maxTransactionBytes = 4 << 20
)

type transactWriteRequest struct {
	accounted
	collections
	TransactItems      []transactWriteItem
	ClientRequestToken *string
}

// transactWriteItem is one action: exactly one of the members.
type transactWriteItem struct {
	Put            *putAction
	Update         *updateAction
	Delete         *deleteAction
	ConditionCheck *checkAction
}

type checkAction struct {
	conditional
	TableName string
	Key       attribute.Map
}

func (a *checkAction) prepare(e *Engine) (*write, error) {
	w := &write{action: actionCheck, key: a.Key}
	return w, a.conditional.prepare(e, w)
}

// transactAction is what the four actions have in common.
type transactAction interface {
	prepare(e *Engine) (*write, error)
}

// only returns the one member that is set, with what is checked of it.
func (i *transactWriteItem) only() (a transactAction, action, table string, c *conditional, key attribute.Map, ok bool) {
	n := 0
	if i.Put != nil {
		n, a, action, table, c, key = n+1, i.Put, "PutItem", i.Put.TableName, &i.Put.conditional, i.Put.Item
	}
	if i.Update != nil {
		n, a, action, table, c, key = n+1, i.Update, "UpdateItem", i.Update.TableName, &i.Update.conditional, i.Update.Key
	}
	if i.Delete != nil {
		n, a, action, table, c, key = n+1, i.Delete, "DeleteItem", i.Delete.TableName, &i.Delete.conditional, i.Delete.Key
	}
	if i.ConditionCheck != nil {
		n, a, action, table, c, key = n+1, i.ConditionCheck, "ConditionCheckItem", i.ConditionCheck.TableName,
			&i.ConditionCheck.conditional, i.ConditionCheck.Key
	}
	return a, action, table, c, key, n == 1
}

// actionMembers are the members of TransactItems by the action that they authorize.
var actionMembers = map[string]string{"PutItem": "put", "UpdateItem": "update", "DeleteItem": "delete", "ConditionCheckItem": "conditionCheck"}

func (r *transactWriteRequest) check() error {
	var c constraints
	c.returnConsumedCapacity(r.ReturnConsumedCapacity)
	r.collections.check(&c)
	c.text(r.ClientRequestToken, "clientRequestToken", 1, 36)
	c.required(r.TransactItems != nil, "transactItems")
	if r.TransactItems != nil {
		c.length(len(r.TransactItems), "transactItems", 1, maxTransaction)
	}
	for i := range r.TransactItems {
		item := &r.TransactItems[i]
		_, action, table, conditional, key, ok := item.only()
		if !ok {
			return validation("TransactItems can only contain one of Check, Put, Update or Delete")
		}
		missing := func(member string) {
			c.required(false, "transactItems."+strconv.Itoa(i+1)+".member."+actionMembers[action]+"."+member)
		}
		if table == "" {
			missing("tableName")
		}
		if key == nil && action == "PutItem" {
			missing("item")
		} else if key == nil {
			missing("key")
		}
		if action == "ConditionCheckItem" && conditional.ConditionExpression == nil {
			missing("conditionExpression")
		}
		if action == "UpdateItem" && item.Update.UpdateExpression == nil {
			missing("updateExpression")
		}
		c.returnOnFailure(conditional.ReturnValuesOnConditionCheckFailure)
	}
	return c.err()
}

func (e *Engine) transactWrite(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r transactWriteRequest
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	t, err := e.newTransaction(auth, &r)
	if err != nil {
		return nil, err
	}
	if r.ClientRequestToken == nil {
		if err := t.perform(e); err != nil {
			return nil, err
		}
		return t.answer(&r, false), nil
	}
	now := e.options.Clock()
	token := e.tokens.hash(*r.ClientRequestToken)
	again, err := e.tokens.begin(token, r.fingerprint(e.tokens.seeds[2]), now)
	if err != nil {
		return nil, err
	}
	if again {
		return t.answer(&r, true), nil
	}
	err = t.perform(e)
	e.tokens.end(token, err == nil, e.options.Clock())
	if err != nil {
		return nil, err
	}
	return t.answer(&r, false), nil
}

// transaction is a list of writes that happen together or not at all.
type transaction struct {
	writes []*write
	shards []*shard
	faults []error // of the writes; nil if there are none
}

// newTransaction authorizes and prepares the writes.
func (e *Engine) newTransaction(auth awsapi.Authorizer, r *transactWriteRequest) (*transaction, error) {
	t := &transaction{writes: make([]*write, len(r.TransactItems)), shards: make([]*shard, 0, len(r.TransactItems))}
	tables := make([]*table, len(r.TransactItems))
	for i := range r.TransactItems {
		_, action, name, _, _, _ := r.TransactItems[i].only()
		var err error
		if tables[i], err = e.open(auth, action, name); err != nil {
			return nil, err
		}
	}
	size := 0
	for i := range r.TransactItems {
		action, _, _, conditional, key, _ := r.TransactItems[i].only()
		w, err := action.prepare(e)
		if err != nil {
			return nil, err
		}
		t.writes[i] = w
		size += key.Size() + attribute.Map(conditional.ExpressionAttributeValues).Size()
	}
	if size > maxTransactionBytes {
		return nil, validation("Transaction payload size cannot exceed 4 MB")
	}
	for i, w := range t.writes {
		if tables[i] == nil {
			return nil, tableNotFound()
		}
		// What is wrong with a key is a reason for cancellation, and the only one: DynamoDB looks no further.
		if err := w.aim(tables[i]); err != nil {
			t.fault(i, err)
			return nil, canceled(t.faults)
		}
		for _, other := range t.writes[:i] {
			if other.table == w.table && other.place == w.place {
				return nil, validation("Transaction request cannot include multiple operations on one item")
			}
		}
		t.shards = append(t.shards, w.shard)
	}
	t.shards = inOrder(t.shards)
	return t, nil
}

func (t *transaction) fault(i int, err error) {
	if t.faults == nil {
		t.faults = make([]error, len(t.writes))
	}
	t.faults[i] = err
}

// perform evaluates all writes and commits them if none fails.
func (t *transaction) perform(e *Engine) error {
	now := e.options.Clock()
	for _, s := range t.shards {
		s.Lock()
		defer s.Unlock()
	}
	for i, w := range t.writes {
		if err := w.evaluate(); err != nil {
			if isNotFound(err) {
				return err
			}
			t.fault(i, err)
		}
	}
	if t.faults != nil {
		return canceled(t.faults)
	}
	for _, w := range t.writes {
		w.commit(e, now)
	}
	return nil
}

func isNotFound(err error) bool {
	var known *awsapi.Error
	return errors.As(err, &known) && known.Code == codeNotFound
}

// canceled is the error of a transaction, with a reason for each action; nil faults are actions that would have succeeded.
func canceled(faults []error) *awsapi.Error {
	codes := make([]string, len(faults))
	reasons := make([]cancellationReason, len(faults))
	for i, fault := range faults {
		codes[i] = "None"
		var known *awsapi.Error
		if errors.As(fault, &known) {
			reasons[i].Message = known.Message
			switch known.Code {
			case codeConditionFailed:
				codes[i] = "ConditionalCheckFailed"
				reasons[i].Item, _ = known.Fields["Item"].(attribute.Map)
			default:
				codes[i] = "ValidationError"
			}
		}
		reasons[i].Code = codes[i]
	}
	err := awsapi.Errorf(codeCanceled, "Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
	err.Fields = map[string]any{"CancellationReasons": reasons}
	return err
}

// cancellationReason is why one action kept a transaction from happening; code None if it did not.
type cancellationReason struct {
	Code    string
	Message string        `json:",omitempty"`
	Item    attribute.Map `json:",omitempty"`
}

func (t *transaction) answer(r *transactWriteRequest, again bool) []byte {
	out := newAnswer()
	if r.ReturnConsumedCapacity == "TOTAL" || r.ReturnConsumedCapacity == "INDEXES" {
		var costs []usage
		for _, w := range t.writes {
			// A transaction writes twice: prepare and commit. One that is replayed by its token costs reads.
			if again {
				costs = add(costs, w.table.name, 2*readUnits(max(w.key.Size(), w.put.Size()), true), 0)
				continue
			}
			costs = add(costs, w.table.name, 0, 2*w.units())
		}
		out.capacities(r.ReturnConsumedCapacity, costs, true)
	}
	return out.bytes()
}
