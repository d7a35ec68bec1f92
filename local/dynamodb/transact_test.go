package dynamodb_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestTransactWriteItems(t *testing.T) {
	e, _ := newEngine(t)
	run(t, e, []step{
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"},"v":{"N":"1"}}}`, `{}`},
		{"TransactWriteItems", `{"TransactItems":[
			{"Put":{"TableName":"hash","Item":{"pk":{"S":"a"}},"ConditionExpression":"attribute_not_exists(pk)","ReturnValuesOnConditionCheckFailure":"ALL_OLD"}},
			{"Put":{"TableName":"sort","Item":{"pk":{"S":"a"},"sk":{"N":"1"}}}}]}`,
			`TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [ConditionalCheckFailed, None] ` +
				`{"CancellationReasons":[{"Code":"ConditionalCheckFailed","Message":"The conditional request failed","Item":{"pk":{"S":"a"},"v":{"N":"1"}}},{"Code":"None"}]}`},
		{"GetItem", `{"TableName":"sort","Key":{"pk":{"S":"a"},"sk":{"N":"1"}}}`, `{}`},
		{"TransactWriteItems", `{"ReturnConsumedCapacity":"TOTAL","TransactItems":[
			{"Update":{"TableName":"hash","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET v = v + :one","ConditionExpression":"v = :one","ExpressionAttributeValues":{":one":{"N":"1"}}}},
			{"Put":{"TableName":"sort","Item":{"pk":{"S":"a"},"sk":{"N":"1"}}}},
			{"ConditionCheck":{"TableName":"hash","Key":{"pk":{"S":"b"}},"ConditionExpression":"attribute_not_exists(pk)"}},
			{"Delete":{"TableName":"hash","Key":{"pk":{"S":"c"}}}}]}`,
			`{"ConsumedCapacity":[{"TableName":"hash","CapacityUnits":6,"WriteCapacityUnits":6},{"TableName":"sort","CapacityUnits":2,"WriteCapacityUnits":2}]}`},
		{"TransactGetItems", `{"TransactItems":[{"Get":{"TableName":"hash","Key":{"pk":{"S":"a"}}}},{"Get":{"TableName":"sort","Key":{"pk":{"S":"a"},"sk":{"N":"1.0"}},"ProjectionExpression":"sk"}},{"Get":{"TableName":"hash","Key":{"pk":{"S":"b"}}}}]}`,
			`{"Responses":[{"Item":{"pk":{"S":"a"},"v":{"N":"2"}}},{"Item":{"sk":{"N":"1"}}},{}]}`},
		{"TransactWriteItems", `{"TransactItems":[{"Delete":{"TableName":"hash","Key":{"pk":{"S":"a"}}}},{"Put":{"TableName":"hash","Item":{"pk":{"S":"a"}}}}]}`,
			`ValidationException: Transaction request cannot include multiple operations on one item`},
		{"TransactWriteItems", `{"TransactItems":[]}`, `ValidationException: 1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1`},
		{"TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"none","Item":{"pk":{"S":"a"}}}}]}`, `ResourceNotFoundException: Requested resource not found`},
		{"TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"hash","Item":{"pk":{"S":"d"}}}},{"Update":{"TableName":"hash","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET x = nothing"}},{"Delete":{"TableName":"hash","Key":{}}}]}`,
			`TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [None, None, ValidationError] ` +
				`{"CancellationReasons":[{"Code":"None"},{"Code":"None"},{"Code":"ValidationError","Message":"The provided key element does not match the schema"}]}`},
		{"TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"hash","Item":{"pk":{"S":"d"}}}},{"Update":{"TableName":"hash","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET x = nothing"}}]}`,
			`TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [None, ValidationError] ` +
				`{"CancellationReasons":[{"Code":"None"},{"Code":"ValidationError","Message":"The provided expression refers to an attribute that does not exist in the item"}]}`},
		{"TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"hash","Item":{"pk":{"S":"d"}},"ConditionExpression":"= :a"}}]}`, `ValidationException: Invalid ConditionExpression: Syntax error; token: "=", near: "= :a"`},
		{"TransactWriteItems", `{"TransactItems":[{"ConditionCheck":{"TableName":"hash","Key":{"pk":{"S":"d"}}}}]}`,
			`ValidationException: 1 validation error detected: Value null at 'transactItems.1.member.conditionCheck.conditionExpression' failed to satisfy constraint: Member must not be null`},
		{"TransactWriteItems", `{"TransactItems":[{}]}`, `ValidationException: TransactItems can only contain one of Check, Put, Update or Delete`},
		{"TransactGetItems", `{"TransactItems":[{"Get":{"TableName":"hash","Key":{}}}]}`,
			`TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [ValidationError] ` +
				`{"CancellationReasons":[{"Code":"ValidationError","Message":"The provided key element does not match the schema"}]}`},
	})
}

func TestTransactWriteItemsLimit(t *testing.T) {
	e, _ := newEngine(t)
	var puts []string
	for n := range 101 {
		puts = append(puts, fmt.Sprintf(`{"Put":{"TableName":"hash","Item":{"pk":{"S":"%d"}}}}`, n))
	}
	if got := call(e, "TransactWriteItems", `{"TransactItems":[`+strings.Join(puts[:100], ",")+`]}`); got != "{}" {
		t.Error(got)
	}
	got := call(e, "TransactWriteItems", `{"TransactItems":[`+strings.Join(puts, ",")+`]}`)
	if want := "Member must have length less than or equal to 100"; !strings.HasSuffix(got, want) {
		t.Errorf("got %s, want the end %s", got, want)
	}
	var large []string
	for n := range 11 {
		large = append(large, fmt.Sprintf(`{"Put":{"TableName":"hash","Item":{"pk":{"S":"%d"},"x":{"S":"%s"}}}}`, n, strings.Repeat("x", 400_000)))
	}
	got = call(e, "TransactWriteItems", `{"TransactItems":[`+strings.Join(large, ",")+`]}`)
	if !strings.HasPrefix(got, "ValidationException: ") {
		t.Errorf("more than 4 MB: %s", got)
	}
}

func TestClientRequestToken(t *testing.T) {
	e, clock := newEngine(t)
	add := func(token, members string) string {
		return fmt.Sprintf(`{"ClientRequestToken":"%s","TransactItems":[{"Update":{%s,"UpdateExpression":"ADD n :one","ExpressionAttributeValues":{":one":{"N":"1"}}}}]}`, token, members)
	}
	const a, again = `"TableName":"hash","Key":{"pk":{"S":"a"}}`, `"Key":{"pk":{"S":"a"}},"TableName":"hash"`
	get := func(n int) step {
		return step{"GetItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}}}`, fmt.Sprintf(`{"Item":{"pk":{"S":"a"},"n":{"N":"%d"}}}`, n)}
	}
	run(t, e, []step{
		{"TransactWriteItems", add("t", a), `{}`},
		{"TransactWriteItems", add("t", again), `{}`},
		get(1),
		{"TransactWriteItems", add("t", `"TableName":"hash","Key":{"pk":{"S":"b"}}`),
			`IdempotentParameterMismatchException: Request rejected because it used a previously used client token with different parameters`},
		{"TransactWriteItems", add("", a), `ValidationException: 1 validation error detected: Value '' at 'clientRequestToken' failed to satisfy constraint: Member must have length greater than or equal to 1`},
	})
	clock.now = clock.now.Add(10*time.Minute - time.Second)
	run(t, e, []step{{"TransactWriteItems", add("t", a), `{}`}, get(1)})
	clock.now = clock.now.Add(time.Second)
	run(t, e, []step{{"TransactWriteItems", add("t", a), `{}`}, get(2)})
}

func TestTokenOfCanceledTransactionCanBeUsedAgain(t *testing.T) {
	e, _ := newEngine(t)
	const request = `{"ClientRequestToken":"t","TransactItems":[{"Update":{"TableName":"hash","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET n = n + :one","ConditionExpression":"attribute_exists(pk)","ExpressionAttributeValues":{":one":{"N":"1"}}}}]}`
	if got := call(e, "TransactWriteItems", request); !strings.HasPrefix(got, "TransactionCanceledException") {
		t.Fatal(got)
	}
	run(t, e, []step{
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"},"n":{"N":"1"}}}`, `{}`},
		{"TransactWriteItems", request, `{}`},
		{"GetItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}}}`, `{"Item":{"pk":{"S":"a"},"n":{"N":"2"}}}`},
	})
}
