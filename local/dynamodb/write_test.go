package dynamodb_test

import "testing"

func TestPutItem(t *testing.T) {
	e, _ := newEngine(t)
	run(t, e, []step{
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"},"n":{"N":"1"}}}`, `{}`},
		{"GetItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}}}`, `{"Item":{"pk":{"S":"a"},"n":{"N":"1"}}}`},
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"},"m":{"BOOL":true}},"ReturnValues":"ALL_OLD"}`, `{"Attributes":{"pk":{"S":"a"},"n":{"N":"1"}}}`},
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":"b"}},"ReturnValues":"ALL_OLD","ReturnConsumedCapacity":"TOTAL"}`,
			`{"ConsumedCapacity":{"TableName":"hash","CapacityUnits":1}}`},
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"}},"ConditionExpression":"attribute_not_exists(pk)","ReturnValuesOnConditionCheckFailure":"ALL_OLD"}`,
			`ConditionalCheckFailedException: The conditional request failed {"Item":{"m":{"BOOL":true},"pk":{"S":"a"}}}`},
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"}},"ConditionExpression":"attribute_not_exists(pk)"}`,
			`ConditionalCheckFailedException: The conditional request failed`},
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":"new"}},"ConditionExpression":"attribute_exists(pk)","ReturnValuesOnConditionCheckFailure":"ALL_OLD"}`,
			`ConditionalCheckFailedException: The conditional request failed`},
		{"PutItem", `{"TableName":"none","Item":{"pk":{"S":"a"}}}`, `ResourceNotFoundException: Requested resource not found`},
		{"PutItem", `{"TableName":"hash","Item":{"n":{"N":"1"}}}`, `ValidationException: One or more parameter values were invalid: Missing the key pk in the item`},
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"N":"1"}}}`, `ValidationException: One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N`},
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"},"":{"S":"x"}}}`, `ValidationException: Empty attribute name`},
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":""}}}`, `ValidationException: One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk`},
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"}},"ReturnValues":"ALL_NEW"}`, `ValidationException: ReturnValues can only be ALL_OLD or NONE`},
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"}},"Expected":{}}`, `ValidationException: The parameter Expected is not supported by the desk's DynamoDB`},
		{"PutItem", `{"Item":{"pk":{"S":"a"}}}`, `ValidationException: 1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null`},
		{"PutItem", `{"TableName":"hash"}`, `ValidationException: 1 validation error detected: Value null at 'item' failed to satisfy constraint: Member must not be null`},
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"}},"ExpressionAttributeNames":{"#a":"b"}}`, `ValidationException: ExpressionAttributeNames can only be specified when using expressions`},
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"}},"ExpressionAttributeValues":{":a":{"S":"b"}}}`, `ValidationException: ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null`},
	})
}

func TestUpdateItem(t *testing.T) {
	e, _ := newEngine(t)
	run(t, e, []step{
		{"UpdateItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET n = if_not_exists(n, :z) + :one, #l = :l","ExpressionAttributeNames":{"#l":"list"},"ExpressionAttributeValues":{":z":{"N":"0"},":one":{"N":"1"},":l":{"L":[{"S":"x"},{"S":"y"}]}},"ReturnValues":"ALL_NEW"}`,
			`{"Attributes":{"pk":{"S":"a"},"n":{"N":"1"},"list":{"L":[{"S":"x"},{"S":"y"}]}}}`},
		{"UpdateItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET n = n + :one","ConditionExpression":"n = :one","ExpressionAttributeValues":{":one":{"N":"1"}},"ReturnValues":"UPDATED_NEW"}`, `{"Attributes":{"n":{"N":"2"}}}`},
		{"UpdateItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET n = n + :one","ConditionExpression":"n = :one","ExpressionAttributeValues":{":one":{"N":"1"}},"ReturnValuesOnConditionCheckFailure":"ALL_OLD"}`,
			`ConditionalCheckFailedException: The conditional request failed {"Item":{"list":{"L":[{"S":"x"},{"S":"y"}]},"n":{"N":"2"},"pk":{"S":"a"}}}`},
		{"UpdateItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET #l[0] = :v, #l[9] = :w REMOVE n","ExpressionAttributeNames":{"#l":"list"},"ExpressionAttributeValues":{":v":{"S":"0"},":w":{"S":"9"}},"ReturnValues":"UPDATED_OLD"}`,
			`{"Attributes":{"n":{"N":"2"},"list":{"L":[{"S":"x"}]}}}`},
		{"GetItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}}}`, `{"Item":{"pk":{"S":"a"},"list":{"L":[{"S":"0"},{"S":"y"},{"S":"9"}]}}}`},
		{"UpdateItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET pk = :v","ExpressionAttributeValues":{":v":{"S":"0"}}}`, `ValidationException: One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key`},
		{"UpdateItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET a = b"}`, `ValidationException: The provided expression refers to an attribute that does not exist in the item`},
		{"UpdateItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET a.b = :v","ExpressionAttributeValues":{":v":{"S":"0"}}}`, `ValidationException: The document path provided in the update expression is invalid for update`},
		{"UpdateItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET a = :v","ExpressionAttributeValues":{":v":{"S":"0"},":w":{"S":"0"}}}`, `ValidationException: Value provided in ExpressionAttributeValues unused in expressions: keys: {:w}`},
		{"UpdateItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET a = :v"}`, `ValidationException: Invalid UpdateExpression: An expression attribute value used in expression is not defined; attribute value: :v`},
		{"UpdateItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET a = :v","ExpressionAttributeValues":{":v":{"M":{":w":{"N":"x"}}}}}`, `ValidationException: ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: x for key :v`},
		{"UpdateItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET a = :v","ExpressionAttributeValues":{"v":{"N":"1"}}}`, `ValidationException: ExpressionAttributeValues contains invalid key: Syntax error; key: "v"`},
		{"UpdateItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET #a = :v","ExpressionAttributeNames":{"#a":7},"ExpressionAttributeValues":{":v":{"N":1}}}`, `SerializationException: Unexpected value type in payload`},
		{"UpdateItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"AttributeUpdates":{}}`, `ValidationException: The parameter AttributeUpdates is not supported by the desk's DynamoDB`},
		{"UpdateItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"UpdateExpression":""}`, `ValidationException: Invalid UpdateExpression: The expression can not be empty;`},
		{"UpdateItem", `{"TableName":"hash","Key":{"pk":{"S":"gone"}},"UpdateExpression":"REMOVE x.y"}`, `ValidationException: The document path provided in the update expression is invalid for update`},
		{"UpdateItem", `{"TableName":"hash","Key":{"pk":{"S":"gone"}},"UpdateExpression":"REMOVE x, y"}`, `{}`},
		{"GetItem", `{"TableName":"hash","Key":{"pk":{"S":"gone"}}}`, `{}`},
		{"UpdateItem", `{"TableName":"hash","Key":{"pk":{"S":"bare"}}}`, `{}`},
		{"GetItem", `{"TableName":"hash","Key":{"pk":{"S":"bare"}}}`, `{"Item":{"pk":{"S":"bare"}}}`},
		{"UpdateItem", `{"TableName":"sort","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET a = :v","ExpressionAttributeValues":{":v":{"S":"0"}}}`, `ValidationException: The provided key element does not match the schema`},
	})
}

func TestDeleteItem(t *testing.T) {
	e, _ := newEngine(t)
	run(t, e, []step{
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"},"n":{"N":"1"}}}`, `{}`},
		{"DeleteItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"ConditionExpression":"n > :n","ExpressionAttributeValues":{":n":{"N":"1"}}}`, `ConditionalCheckFailedException: The conditional request failed`},
		{"DeleteItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"ReturnValues":"ALL_OLD"}`, `{"Attributes":{"pk":{"S":"a"},"n":{"N":"1"}}}`},
		{"DeleteItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"ReturnValues":"ALL_OLD"}`, `{}`},
		{"DeleteItem", `{"TableName":"hash","Key":{"pk":{"S":"a"},"x":{"S":"b"}}}`, `ValidationException: The provided key element does not match the schema`},
		{"DeleteItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"ReturnValues":"ALL_NEW"}`, `ValidationException: ReturnValues can only be ALL_OLD or NONE`},
		{"GetItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"ReturnConsumedCapacity":"INDEXES"}`, `{"ConsumedCapacity":{"TableName":"hash","CapacityUnits":0.5,"Table":{"CapacityUnits":0.5}}}`},
	})
}
