package dynamodb

import (
	"transactional-outbox/local/dynamodb/attribute"
	"transactional-outbox/local/dynamodb/expression"
)

// pagedRequest are the members that queries and scans share.
type pagedRequest struct {
	accounted
	arguments
	TableName            string
	FilterExpression     *string
	ProjectionExpression *string
	ExclusiveStartKey    attribute.Map
	Limit                *int
	Select               string
	ConsistentRead       bool
}

func (r *pagedRequest) check(c *constraints) error {
	c.tableName(r.TableName)
	c.oneOf(r.Select, "select", "SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES")
	c.returnConsumedCapacity(r.ReturnConsumedCapacity)
	if err := c.err(); err != nil {
		return err
	}
	switch {
	case r.Select == "ALL_PROJECTED_ATTRIBUTES":
		return validation(textParameterInvalid + "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
	case r.ProjectionExpression != nil && r.Select != "" && r.Select != "SPECIFIC_ATTRIBUTES":
		return validation("Cannot specify the ProjectionExpression when choosing to get %s", map[string]string{"COUNT": "only the Count", "ALL_ATTRIBUTES": "ALL_ATTRIBUTES"}[r.Select])
	case r.ProjectionExpression == nil && r.Select == "SPECIFIC_ATTRIBUTES":
		return validation("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
	}
	return nil
}

// page returns the empty page that the request asks for.
func (r *pagedRequest) page(e *Engine, args *expression.Arguments) (*page, error) {
	p := &page{countOnly: r.Select == "COUNT"}
	if r.Limit != nil {
		p.limit = *r.Limit
	}
	var err error
	if p.filter, err = args.Condition(&e.cache, "FilterExpression", r.FilterExpression); err != nil {
		return nil, faultOf(err)
	}
	if p.selection, err = args.Projection(&e.cache, r.ProjectionExpression); err != nil {
		return nil, faultOf(err)
	}
	return p, faultOf(args.CheckUsed())
}

// start returns the place of the ExclusiveStartKey, "" if there is none.
func (r *pagedRequest) start(t *table) (place, error) {
	if r.ExclusiveStartKey == nil {
		return "", nil
	}
	if err := t.schema.checkKey(r.ExclusiveStartKey); err != nil {
		return "", validation("The provided starting key is invalid: %s", messageOf(err))
	}
	return t.schema.placeOf(r.ExclusiveStartKey), nil
}
