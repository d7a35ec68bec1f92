package dynamodb

import (
	"errors"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb/expression"
)

type queryRequest struct {
	pagedRequest
	KeyConditionExpression *string
	ScanIndexForward       *bool
}

// messageOf returns the message of an *awsapi.Error without its code.
func messageOf(err error) string {
	var known *awsapi.Error
	if errors.As(err, &known) {
		return known.Message
	}
	return err.Error()
}

func (e *Engine) query(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r queryRequest
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	var c constraints
	if r.Limit != nil && *r.Limit < 1 {
		// Not in the words of a scan: DynamoDB checks this elsewhere.
		return nil, validation("1 validation error detected: Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1")
	}
	if err := r.check(&c); err != nil {
		return nil, err
	}
	t, err := e.open(auth, "Query", r.TableName)
	if err != nil {
		return nil, err
	}
	if r.KeyConditionExpression == nil {
		return nil, validation("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	args, err := r.bound(parameter{"ProjectionExpression", r.ProjectionExpression},
		parameter{"FilterExpression", r.FilterExpression}, parameter{"KeyConditionExpression", r.KeyConditionExpression})
	if err != nil {
		return nil, faultOf(err)
	}
	condition, err := args.Condition(&e.cache, "KeyConditionExpression", r.KeyConditionExpression)
	if err != nil {
		return nil, faultOf(err)
	}
	clauses, err := condition.KeyClauses()
	if err != nil {
		return nil, faultOf(err)
	}
	p, err := r.page(e, args)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, tableNotFound()
	}
	within, err := r.span(t, clauses)
	if err != nil {
		return nil, err
	}
	if err := t.checkQueryPaths(p); err != nil {
		return nil, err
	}
	p.walk(t.shardOf(place(within.low)), within, r.forward())
	return p.answer(e, t, r.ReturnConsumedCapacity, r.ConsistentRead), nil
}

func (r *queryRequest) forward() bool { return r.ScanIndexForward == nil || *r.ScanIndexForward }

// span returns the places to look at: what the key condition describes, less what the start key excludes.
func (r *queryRequest) span(t *table, clauses []expression.KeyClause) (span, error) {
	within, err := t.schema.spanOf(clauses)
	if err != nil {
		return within, err
	}
	start, err := r.start(t)
	if err != nil || start == "" {
		return within, err
	}
	if at := string(start); !within.aboveLow(at) || !within.belowHigh(at) {
		if len(clauses) > 1 {
			return within, validation("The provided starting key does not match the range key predicate")
		}
		return within, validation("The provided starting key is outside query boundaries based on provided conditions")
	}
	if r.forward() {
		within.low, within.afterLow = string(start), true
	} else {
		within.high, within.untilHigh = string(start), false
	}
	return within, nil
}

// checkQueryPaths checks that the filter leaves the key to the key condition, and that nothing looks inside key attributes.
func (t *table) checkQueryPaths(p *page) error {
	if err := t.checkSelection(p.selection); err != nil || p.filter == nil {
		return err
	}
	return t.schema.each(func(a keyAttribute) error {
		if used, _ := p.filter.Attribute(a.name); used {
			return validation("Filter Expression can only contain non-primary key attributes: Primary key attribute: %s", a.name)
		}
		return nil
	})
}
