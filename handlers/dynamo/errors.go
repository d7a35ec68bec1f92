// Package dynamo is what the handlers need of DynamoDB beside the SDK's types: a client that costs little, and what errors mean
// for a caller.
package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"transactional-outbox/handlers/fault"
)

// A Class is what an error of a DynamoDB call means for what to do next.
type Class int

const (
	Other       Class = iota // a refusal that trying again does not change: permissions, validation, a missing table
	Conflict                 // another transaction is writing the same item
	Throttled                // more was asked for than the table gives at the moment
	Unavailable              // no answer, or a server's failure; the write may have happened or not
)

// Codes of errors and of cancellation reasons.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html,
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
const (
	codeConditionFailed = "ConditionalCheckFailed"
	codeConflict        = "TransactionConflict"
	codeThrottling      = "ThrottlingError"
	codeThroughput      = "ProvisionedThroughputExceeded"
)

// Classify says what an error means. Any error that is no answer of AWS is Unavailable: a timeout, a broken connection.
func Classify(err error) Class {
	if canceled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		return classifyReasons(canceled.CancellationReasons)
	}
	answer, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return Unavailable
	}
	switch answer.ErrorCode() {
	case "TransactionConflictException", "TransactionInProgressException":
		return Conflict
	case "ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded", "Throttling", "RequestThrottledException":
		return Throttled
	case "InternalServerError", "InternalFailure", "ServiceUnavailable", "ServiceUnavailableException", "RequestTimeout", "RequestTimeoutException":
		return Unavailable
	}
	return Other
}

func classifyReasons(reasons []types.CancellationReason) Class {
	class := Other
	for i := range reasons {
		switch code(&reasons[i]) {
		case codeConflict:
			return Conflict
		case codeThrottling, codeThroughput:
			class = Throttled
		}
	}
	return class
}

func code(r *types.CancellationReason) string {
	if r.Code == nil {
		return ""
	}
	return *r.Code
}

// FailedCondition returns the item on which action i of a canceled transaction failed its condition, as
// ReturnValuesOnConditionCheckFailure=ALL_OLD asks for it; nil if there is no such item. ok is false where the transaction
// failed for another reason.
func FailedCondition(err error, i int) (item map[string]types.AttributeValue, ok bool) {
	canceled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok || i >= len(canceled.CancellationReasons) || code(&canceled.CancellationReasons[i]) != codeConditionFailed {
		return nil, false
	}
	return canceled.CancellationReasons[i].Item, true
}

// Fault turns the error of an operation into what a caller may be told: Throttled and Unavailable as such, with the time to
// wait; anything else stays internal.
func Fault(operation string, err error) error {
	const wait = time.Second
	switch Classify(err) {
	case Throttled:
		return &fault.Error{Code: fault.Throttled, Detail: "Too many requests at the moment.", RetryAfter: wait, Err: fmt.Errorf("%s: %w", operation, err)}
	case Unavailable:
		return &fault.Error{Code: fault.Unavailable, Detail: "The service cannot be reached at the moment.", RetryAfter: wait, Err: fmt.Errorf("%s: %w", operation, err)}
	case Conflict:
		return &fault.Error{Code: fault.InProgress, Detail: "Another request is changing the same order.", RetryAfter: wait, Err: fmt.Errorf("%s: %w", operation, err)}
	}
	return fmt.Errorf("%s: %w", operation, err)
}

// Wait sleeps before another attempt: up to 20 ms after the first, doubling to 640 ms, evenly spread from zero on, so that
// requests that met once do not meet again ("full jitter", https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/).
// It fails without sleeping where the context would end first.
func Wait(ctx context.Context, attempt int, random func(n int64) int64) error {
	limit := 20 * time.Millisecond << min(max(attempt, 0), 5)
	pause := time.Duration(random(int64(limit)))
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= pause {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
