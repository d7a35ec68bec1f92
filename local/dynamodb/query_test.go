package dynamodb_test

import (
	"fmt"
	"testing"
)

func TestQuery(t *testing.T) {
	e, _ := newEngine(t)
	for _, n := range []string{"-2.5", "-2", "0", "1", "9", "10", "100"} {
		must(t, e, "PutItem", `{"TableName":"sort","Item":{"pk":{"S":"a"},"sk":{"N":"`+n+`"},"even":{"BOOL":true}}}`)
	}
	must(t, e, "PutItem", `{"TableName":"sort","Item":{"pk":{"S":"ab"},"sk":{"N":"5"}}}`)
	query := func(condition, values, more string) string {
		return fmt.Sprintf(`{"TableName":"sort","KeyConditionExpression":"%s","ExpressionAttributeValues":{":p":{"S":"a"}%s},"ProjectionExpression":"sk"%s}`, condition, values, more)
	}
	result := func(last string, numbers ...string) string {
		items := ""
		for i, n := range numbers {
			if i > 0 {
				items += ","
			}
			items += `{"sk":{"N":"` + n + `"}}`
		}
		if last != "" {
			last = `,"LastEvaluatedKey":{"pk":{"S":"a"},"sk":{"N":"` + last + `"}}`
		}
		return fmt.Sprintf(`{"Items":[%s],"Count":%d,"ScannedCount":%d%s}`, items, len(numbers), len(numbers), last)
	}
	const one = `,":n":{"N":"1"}`
	run(t, e, []step{
		{"Query", query("pk = :p", ``, ``), result("", "-2.5", "-2", "0", "1", "9", "10", "100")},
		{"Query", query("pk = :p", ``, `,"ScanIndexForward":false,"Limit":3`), result("9", "100", "10", "9")},
		{"Query", query("pk = :p", ``, `,"ScanIndexForward":false,"ExclusiveStartKey":{"pk":{"S":"a"},"sk":{"N":"9"}}`), result("", "1", "0", "-2", "-2.5")},
		{"Query", query("pk = :p", ``, `,"Limit":7`), result("100", "-2.5", "-2", "0", "1", "9", "10", "100")},
		{"Query", query("pk = :p AND sk > :n", one, ``), result("", "9", "10", "100")},
		{"Query", query("pk = :p AND sk >= :n", one, ``), result("", "1", "9", "10", "100")},
		{"Query", query(":n > sk and :p = pk", one, ``), result("", "-2.5", "-2", "0")},
		{"Query", query("pk = :p AND sk <= :n", one, ``), result("", "-2.5", "-2", "0", "1")},
		{"Query", query("pk = :p AND sk = :n", one, ``), result("", "1")},
		{"Query", query("pk = :p AND sk BETWEEN :m AND :n", `,":n":{"N":"9.5"},":m":{"N":"-2"}`, ``), result("", "-2", "0", "1", "9")},
		{"Query", query("pk = :p AND sk > :n", one, `,"ExclusiveStartKey":{"pk":{"S":"a"},"sk":{"N":"9"}}`), result("", "10", "100")},
		{"Query", query("pk = :p", `,":f":{"BOOL":false}`, `,"FilterExpression":"even = :f","ReturnConsumedCapacity":"TOTAL"`),
			`{"Items":[],"Count":0,"ScannedCount":7,"ConsumedCapacity":{"TableName":"sort","CapacityUnits":0.5}}`},
		{"Query", `{"TableName":"sort","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"a"}},"Select":"COUNT"}`, `{"Count":7,"ScannedCount":7}`},
		{"Query", query("sk = :n AND sk = :n", one, ``), `ValidationException: KeyConditionExpressions must only contain one condition per key`},
		{"Query", query("sk = :p", ``, ``), `ValidationException: Query condition missed key schema element: pk`},
		{"Query", query("pk = :p OR sk = :n", one, ``), `ValidationException: Invalid operator used in KeyConditionExpression: OR`},
		{"Query", query("pk > :p", ``, ``), `ValidationException: Query key condition not supported`},
		{"Query", query("pk = :p", `,":f":{"N":"1"}`, `,"FilterExpression":"sk = :f"`), `ValidationException: Filter Expression can only contain non-primary key attributes: Primary key attribute: sk`},
		{"Query", query("pk = :p AND begins_with(sk, :n)", `,":n":{"S":"1"}`, ``), `ValidationException: Invalid KeyConditionExpression: Incorrect operand type for operator or function; operator or function: begins_with, operand type: N`},
		{"Query", `{"TableName":"sort"}`, `ValidationException: Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.`},
		{"Query", query("pk = :p", ``, `,"IndexName":"i"`), `ValidationException: The parameter IndexName is not supported by the desk's DynamoDB`},
		{"Query", query("pk = :p", ``, `,"Limit":0`), `ValidationException: 1 validation error detected: Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1`},
	})
}
