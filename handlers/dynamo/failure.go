package dynamo

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"transactional-outbox/handlers/jsonscan"
)

// failure is the error that an answer other than 200 tells of, as the SDK has it where it has a type for it.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
func failure(response *http.Response, body string) error {
	a := answer{}
	err := read("a failed call", body, a.member)
	if a.code == "" {
		// Something in between has answered in DynamoDB's place.
		a.code, a.message = "UnknownError", http.StatusText(response.StatusCode)
		if response.StatusCode >= 500 {
			a.code = "ServiceUnavailable"
		}
	} else if err != nil {
		return err
	}
	return &requestError{id: response.Header.Get("X-Amzn-Requestid"), status: response.StatusCode, err: a.error()}
}

// An answer is what the body of a failure says.
type answer struct {
	code, message string
	item          map[string]types.AttributeValue
	reasons       []types.CancellationReason
}

func (a *answer) member(r *reader, name string) bool {
	switch name {
	case "__type": // like com.amazonaws.dynamodb.v20120810#TransactionCanceledException
		a.code = r.String()
		a.code = a.code[strings.LastIndexByte(a.code, '#')+1:]
	case "message", "Message":
		a.message = r.text()
	case "Item":
		a.item = r.attributes()
	case "CancellationReasons":
		r.Array()
		for r.Element() {
			a.reasons = append(a.reasons, r.reason())
		}
	default:
		return false
	}
	return true
}

// text reads a string, or null for the empty one.
func (r *reader) text() string {
	if r.Kind() == jsonscan.Null {
		r.Null()
		return ""
	}
	return r.String()
}

func (r *reader) reason() (reason types.CancellationReason) {
	r.Object()
	for name, ok := r.Member(); ok; name, ok = r.Member() {
		switch name {
		case "Code":
			code := r.text()
			reason.Code = &code
		case "Message":
			message := r.text()
			reason.Message = &message
		case "Item":
			reason.Item = r.attributes()
		default:
			r.Skip()
		}
	}
	return reason
}

func (a *answer) error() error {
	switch message := &a.message; a.code {
	case "ConditionalCheckFailedException":
		return &types.ConditionalCheckFailedException{Message: message, Item: a.item}
	case "TransactionCanceledException":
		return &types.TransactionCanceledException{Message: message, CancellationReasons: a.reasons}
	case "TransactionConflictException":
		return &types.TransactionConflictException{Message: message}
	case "TransactionInProgressException":
		return &types.TransactionInProgressException{Message: message}
	case "ProvisionedThroughputExceededException":
		return &types.ProvisionedThroughputExceededException{Message: message}
	case "RequestLimitExceeded":
		return &types.RequestLimitExceeded{Message: message}
	case "InternalServerError":
		return &types.InternalServerError{Message: message}
	case "ResourceNotFoundException":
		return &types.ResourceNotFoundException{Message: message}
	}
	return &smithy.GenericAPIError{Code: a.code, Message: a.message}
}

// A requestError is an error of DynamoDB with what AWS's support asks for.
type requestError struct {
	id     string
	status int
	err    error
}

func (e *requestError) Error() string {
	return fmt.Sprintf("status %d, request %s: %v", e.status, e.id, e.err)
}

func (e *requestError) Unwrap() error { return e.err }

// retryable says whether a call is worth repeating, by the SDK's rules: no answer, a server's failure, throttling.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
func retryable(err error) bool {
	if _, canceled := errors.AsType[*types.TransactionCanceledException](err); canceled {
		return false
	}
	if e, ok := errors.AsType[*requestError](err); ok && e.status >= 500 {
		return true
	}
	switch Classify(err) {
	case Throttled, Unavailable:
		return true
	case Conflict:
		_, running := errors.AsType[*types.TransactionInProgressException](err)
		return running
	}
	return false
}
