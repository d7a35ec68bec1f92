package dynamodb

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"transactional-outbox/local/dynamodb/expression"
)

var decodeOptions = json.JoinOptions(json.RejectUnknownMembers(true), jsontext.AllowDuplicateNames(true))

// arguments are the members of a request that its expressions refer to.
type arguments struct {
	ExpressionAttributeNames  expression.Names
	ExpressionAttributeValues expression.Values
}

// bound returns the arguments for binding expressions, checked; parameters are the expressions that the request may carry.
func (a *arguments) bound(parameters ...parameter) (*expression.Arguments, error) {
	if a.ExpressionAttributeNames == nil && a.ExpressionAttributeValues == nil {
		return &expression.Arguments{}, nil
	}
	any, anyWithValues, withValues := false, false, ""
	for _, p := range parameters {
		any = any || p.text != nil
		if p.name == "ProjectionExpression" {
			continue
		}
		anyWithValues = anyWithValues || p.text != nil
		if withValues != "" {
			withValues += " and "
		}
		withValues += p.name
	}
	if a.ExpressionAttributeNames != nil && !any {
		return nil, validation("ExpressionAttributeNames can only be specified when using expressions")
	}
	if a.ExpressionAttributeValues != nil && !anyWithValues {
		verb := " is null"
		if len(parameters) > 2 || len(parameters) == 2 && parameters[0].name != "ProjectionExpression" {
			verb = " are null"
		}
		return nil, validation("ExpressionAttributeValues can only be specified when using expressions: %s%s", withValues, verb)
	}
	args := &expression.Arguments{Names: a.ExpressionAttributeNames, Values: a.ExpressionAttributeValues}
	return args, args.Check()
}

// parameter is an expression that a request may carry.
type parameter struct {
	name string
	text *string
}

// conditional are the members that all conditional writes share.
type conditional struct {
	arguments
	ConditionExpression                 *string
	ReturnValuesOnConditionCheckFailure string
}

// accounted are the members by which a request asks what it costs.
type accounted struct {
	ReturnConsumedCapacity string
}

// collections asks for item collection metrics. Only local secondary indexes have such, so that there is never anything to return.
type collections struct {
	ReturnItemCollectionMetrics string
}

func (r collections) check(c *constraints) {
	c.oneOf(r.ReturnItemCollectionMetrics, "returnItemCollectionMetrics", "SIZE", "NONE")
}
