package faults

import (
	"context"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"transactional-outbox/local/awsapi"
)

// Tables returns DynamoDB as functions see it: next, with some calls refused and some answers lost. Who calls as the desk's owner,
// which is without an authorizer, is not disturbed.
func (i *Injector) Tables(next awsapi.Service) awsapi.Service {
	if i.mix.Throttle == 0 && i.mix.Fail == 0 && i.mix.Timeout == 0 {
		return next
	}
	return disturbed{i, next}
}

type disturbed struct {
	*Injector
	next awsapi.Service
}

func (d disturbed) Call(ctx context.Context, auth awsapi.Authorizer, operation string, request []byte) ([]byte, error) {
	if auth == nil {
		return d.next.Call(ctx, auth, operation, request)
	}
	if yes, detail := d.throttle.hit(d.mix.Throttle); yes {
		return nil, d.refusal(operation, request, detail)
	}
	fail, detail := d.fail.hit(d.mix.Fail)
	if fail && detail < 0.5 {
		return nil, d.failure()
	}
	lose, _ := d.timeout.hit(d.mix.Timeout)
	response, err := d.next.Call(ctx, auth, operation, request)
	if fail {
		return nil, d.failure()
	}
	if lose {
		d.unanswered.Add(1)
		return nil, awsapi.ErrNoAnswer
	}
	return response, err
}

// failure is DynamoDB's own failure, with the code and status of
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html. Its text, and that the call may have taken
// effect, are assumptions, the second the one that is harder on callers.
func (d disturbed) failure() *awsapi.Error {
	d.failed.Add(1)
	return &awsapi.Error{Code: "InternalServerError", Status: http.StatusInternalServerError, Message: "Internal server error"}
}

// refusal is one of the errors with which DynamoDB refuses a call that would succeed a moment later. The texts are AWS's.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
func (d disturbed) refusal(operation string, request []byte, detail float64) *awsapi.Error {
	writes := operation == "TransactWriteItems" || operation == "PutItem" || operation == "UpdateItem" || operation == "DeleteItem"
	if !writes || detail < 0.5 {
		d.throttled.Add(1)
		return awsapi.Errorf("ProvisionedThroughputExceededException", "The level of configured provisioned throughput for the table was exceeded. "+
			"Consider increasing your provisioning level with the UpdateTable API.")
	}
	d.conflicts.Add(1)
	if operation != "TransactWriteItems" {
		return awsapi.Errorf("TransactionConflictException", "Transaction is ongoing for the item")
	}
	var transaction struct{ TransactItems []jsontext.Value }
	// A request that cannot be read has no items; the engine would have said so.
	_ = json.Unmarshal(request, &transaction)
	n := len(transaction.TransactItems)
	at := int((detail - 0.5) * 2 * float64(n))
	codes, reasons := make([]string, n), make([]map[string]string, n)
	for k := range n {
		codes[k], reasons[k] = "None", map[string]string{"Code": "None"}
		if k == at {
			codes[k] = "TransactionConflict"
			reasons[k] = map[string]string{"Code": codes[k], "Message": "Transaction is ongoing for the item"}
		}
	}
	err := awsapi.Errorf("TransactionCanceledException",
		"Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
	err.Fields = map[string]any{"CancellationReasons": reasons}
	return err
}
