package lambda

// Permission is a statement of a function's resource-based policy: who else may invoke the function.
type Permission struct {
	// StatementID is unique within the function. Required.
	StatementID string
	// Action must be lambda:InvokeFunction, lambda:* or *. "" means lambda:InvokeFunction.
	Action string
	// Principal is the service that may invoke the function, such as apigateway.amazonaws.com. Required.
	Principal string
	// SourceARN restricts the permission to a source; * and ? are wildcards (ArnLike). "" means any source.
	SourceARN string
	// SourceAccount restricts the permission to sources of an account. "" means any account.
	SourceAccount string
}
