// Package awsapi is the HTTP front of the desk's AWS services: one endpoint on 127.0.0.1 that speaks the AWS JSON protocols and hands
// each request to the engine it is meant for.
//
// A request names its service and operation in X-Amz-Target. The access key id of its SigV4 signature decides who is calling; the
// signature itself is not verified, because every secret on the desk is made up. Engines see neither HTTP nor signatures: they get
// the JSON body and an [Authorizer], and answer JSON or an [*Error].
//
// Served: DynamoDB_20120810 and DynamoDBStreams_20120810 (JSON 1.0), AmazonSQS (JSON 1.0), Kinesis_20131202 (JSON 1.1). The CBOR
// encoding of Kinesis and the query protocol of SQS are refused with a message that says so.
package awsapi

import (
	"context"
	"errors"
	"fmt"
)

// Error is what an AWS service answers when it refuses a request.
type Error struct {
	// Code is AWS's name of the error, without a namespace, such as "ResourceNotFoundException".
	Code string
	// Message is the text of the error, as AWS words it.
	Message string
	// Status is the HTTP status; 0 means 400.
	Status int
	// Fields are further members of the error body, such as CancellationReasons or Item.
	Fields map[string]any
}

// Error returns the code and the message.
func (e *Error) Error() string {
	if e.Message == "" {
		return e.Code
	}
	return e.Code + ": " + e.Message
}

// Errorf returns an [*Error] of status 400.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// ErrNoAnswer is what a [Service] returns to have the connection dropped without an answer, whatever it has done: the caller does not
// know what happened. It is for fault injection that has to look into requests; see also [Options.Aborted].
var ErrNoAnswer = errors.New("the answer is lost")

// Authorizer decides whether the caller may perform action (such as "kinesis:PutRecords") on resource, an ARN. It returns an [*Error]
// with code AccessDeniedException if not. A nil Authorizer is the desk's owner, to whom everything is allowed: use [Authorizer.Check]
// to ask either.
type Authorizer func(action, resource string) error

// Check asks a, and allows everything if a is nil.
func (a Authorizer) Check(action, resource string) error {
	if a == nil {
		return nil
	}
	return a(action, resource)
}

// Service is one AWS service, spoken to in the JSON of its wire protocol. Implementations are safe for concurrent use.
type Service interface {
	// Call performs operation on its JSON request and returns the JSON response. Errors are [*Error]; anything else is answered as
	// InternalFailure with status 500, and logged. The request is valid only until Call returns.
	Call(ctx context.Context, auth Authorizer, operation string, request []byte) (response []byte, err error)
}

// UnknownOperation is the error for an operation that a service does not implement.
func UnknownOperation(operation string) *Error {
	return &Error{Code: "UnknownOperationException", Message: "The operation " + operation + " is not supported here."}
}
