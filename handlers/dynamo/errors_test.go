package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"transactional-outbox/handlers/dynamo"
	"transactional-outbox/handlers/fault"
)

func canceled(codes ...string) error {
	err := &types.TransactionCanceledException{}
	for _, c := range codes {
		err.CancellationReasons = append(err.CancellationReasons, types.CancellationReason{Code: aws.String(c)})
	}
	return err
}

func TestClassify(t *testing.T) {
	api := func(code string) error { return &smithy.GenericAPIError{Code: code} }
	for name, test := range map[string]struct {
		err   error
		class dynamo.Class
		code  fault.Code
	}{
		"conflict of a write":       {&types.TransactionConflictException{}, dynamo.Conflict, fault.InProgress},
		"conflict of a transaction": {canceled("None", "TransactionConflict"), dynamo.Conflict, fault.InProgress},
		"conflict and throttling":   {canceled("ThrottlingError", "TransactionConflict"), dynamo.Conflict, fault.InProgress},
		"transaction still running": {&types.TransactionInProgressException{}, dynamo.Conflict, fault.InProgress},
		"throttled transaction":     {canceled("ProvisionedThroughputExceeded", "None"), dynamo.Throttled, fault.Throttled},
		"throttled":                 {fmt.Errorf("wrapped: %w", &types.ProvisionedThroughputExceededException{}), dynamo.Throttled, fault.Throttled},
		"account's limit":           {&types.RequestLimitExceeded{}, dynamo.Throttled, fault.Throttled},
		"throttled otherwise":       {api("ThrottlingException"), dynamo.Throttled, fault.Throttled},
		"server's failure":          {&types.InternalServerError{}, dynamo.Unavailable, fault.Unavailable},
		"server is away":            {api("ServiceUnavailable"), dynamo.Unavailable, fault.Unavailable},
		"no answer in time":         {context.DeadlineExceeded, dynamo.Unavailable, fault.Unavailable},
		"no connection":             {errors.New("connection refused"), dynamo.Unavailable, fault.Unavailable},
		"denied":                    {api("AccessDeniedException"), dynamo.Other, ""},
		"no table":                  {&types.ResourceNotFoundException{}, dynamo.Other, ""},
		"invalid":                   {api("ValidationException"), dynamo.Other, ""},
		"failed condition":          {canceled("ConditionalCheckFailed", "None"), dynamo.Other, ""},
		"canceled without reasons":  {&types.TransactionCanceledException{CancellationReasons: make([]types.CancellationReason, 2)}, dynamo.Other, ""},
	} {
		if got := dynamo.Classify(test.err); got != test.class {
			t.Errorf("%s: class %d, want %d", name, got, test.class)
		}
		f, ok := errors.AsType[*fault.Error](dynamo.Fault("do it", test.err))
		if ok != (test.code != "") || ok && (f.Code != test.code || f.RetryAfter == 0 || !errors.Is(f, test.err)) {
			t.Errorf("%s: fault %v, want code %q", name, f, test.code)
		}
	}
}

func TestWaitIsBoundedByJitterAndDeadline(t *testing.T) {
	var limits []int64
	none := func(n int64) int64 {
		limits = append(limits, n)
		return 0
	}
	for attempt := range 9 {
		if err := dynamo.Wait(t.Context(), attempt, none); err != nil {
			t.Fatal(err)
		}
	}
	for i, n := range limits {
		if want := int64(20*time.Millisecond) << min(i, 5); n != want {
			t.Errorf("attempt %d: up to %s", i, time.Duration(n))
		}
	}
	most := func(n int64) int64 { return int64(time.Hour) }
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	if err := dynamo.Wait(ctx, 0, most); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("past the deadline: %v", err)
	}
	cancel()
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if err := dynamo.Wait(ctx, 0, most); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
