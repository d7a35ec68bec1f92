package awsapi

import (
	"context"
	"errors"
	"maps"
	"sync/atomic"

	"github.com/go-json-experiment/json"
)

// Operations is a service made of typed operations: it decodes requests, calls, encodes answers and counts. Build it with [Handle],
// then only read it: it is an operation's name to the operation.
type Operations map[string]*Operation

// Operation is one operation of [Operations].
type Operation struct {
	calls  atomic.Int64
	decode func(ctx context.Context, auth Authorizer, request []byte) ([]byte, error)
}

// Handle adds an operation. Call decodes its request strictly: a member that In does not have is refused by name. A nil *Out is
// answered with an empty body. Call does not count these calls: do does, with [Operations.Count], so that typed calls count as well.
func Handle[In, Out any](o Operations, operation string, do func(ctx context.Context, auth Authorizer, in *In) (*Out, error)) {
	o[operation] = &Operation{decode: func(ctx context.Context, auth Authorizer, request []byte) ([]byte, error) {
		in := new(In)
		if err := json.Unmarshal(request, in, json.RejectUnknownMembers(true)); err != nil {
			return nil, decodeError(operation, err)
		}
		out, err := do(ctx, auth, in)
		if err != nil || out == nil {
			return nil, err
		}
		return json.Marshal(out, json.FormatNilSliceAsNull(false))
	}}
}

// Call performs an operation by name, as [Service] does.
func (o Operations) Call(ctx context.Context, auth Authorizer, operation string, request []byte) ([]byte, error) {
	op := o[operation]
	if op == nil {
		return nil, UnknownOperation(operation)
	}
	return op.decode(ctx, auth, request)
}

// Count notes one call of operation.
func (o Operations) Count(operation string) {
	if op := o[operation]; op != nil {
		op.calls.Add(1)
	}
}

// Stats returns how often each operation was called; those never called are left out.
func (o Operations) Stats() map[string]int64 {
	stats := make(map[string]int64, len(o))
	for name, op := range o {
		stats[name] = op.calls.Load()
	}
	maps.DeleteFunc(stats, func(_ string, calls int64) bool { return calls == 0 })
	return stats
}

// decodeError words what is wrong with a request: a member that is not supported is named, the rest is AWS's SerializationException.
func decodeError(operation string, err error) *Error {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		member := string(semantic.JSONPointer)
		if errors.Is(semantic.Err, json.ErrUnknownName) {
			return Errorf("ValidationException", "The member %s of %s is not supported here.", member, operation)
		}
		return Errorf("SerializationException", "%s of %s: a JSON %s can not be converted to %s", member, operation, semantic.JSONKind, wireType(semantic))
	}
	return Errorf("SerializationException", "The request of %s is no valid JSON.", operation)
}

func wireType(err *json.SemanticError) string {
	if err.GoType == nil {
		return "the type of this member"
	}
	switch kind := err.GoType.Kind().String(); kind {
	case "string":
		return "a String"
	case "bool":
		return "a Boolean"
	case "int", "int32", "int64", "float64":
		return "a number"
	case "slice":
		if err.GoType.Elem().Kind().String() == "uint8" {
			return "a Blob"
		}
		return "a list"
	case "map", "struct", "ptr":
		return "a structure or map"
	}
	return "the type of this member"
}
