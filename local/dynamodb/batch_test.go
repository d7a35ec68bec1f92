package dynamodb_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestBatches(t *testing.T) {
	e, _ := newEngine(t)
	run(t, e, []step{
		{"BatchWriteItem", `{"ReturnConsumedCapacity":"TOTAL","RequestItems":{"hash":[{"PutRequest":{"Item":{"pk":{"S":"a"}}}},{"PutRequest":{"Item":{"pk":{"S":"b"},"x":{"N":"1"}}}}],"sort":[{"PutRequest":{"Item":{"pk":{"S":"a"},"sk":{"N":"1"}}}}]}}`,
			`{"UnprocessedItems":{},"ConsumedCapacity":[{"TableName":"hash","CapacityUnits":2},{"TableName":"sort","CapacityUnits":1}]}`},
		{"BatchWriteItem", `{"RequestItems":{"hash":[{"DeleteRequest":{"Key":{"pk":{"S":"a"}}}}]}}`, `{"UnprocessedItems":{}}`},
		{"BatchGetItem", `{"RequestItems":{"hash":{"Keys":[{"pk":{"S":"a"}},{"pk":{"S":"b"}}],"ProjectionExpression":"#x","ExpressionAttributeNames":{"#x":"x"}},"sort":{"Keys":[{"pk":{"S":"a"},"sk":{"N":"1"}}],"ConsistentRead":true}}}`,
			`{"Responses":{"hash":[{"x":{"N":"1"}}],"sort":[{"pk":{"S":"a"},"sk":{"N":"1"}}]},"UnprocessedKeys":{}}`},
		{"BatchGetItem", `{"RequestItems":{}}`, `ValidationException: The requestItems parameter is required for BatchGetItem`},
		{"BatchWriteItem", `{"RequestItems":{}}`, `ValidationException: The requestItems parameter is required for BatchWriteItem`},
		{"BatchGetItem", `{"RequestItems":{"hash":{"Keys":[{"pk":{"S":"a"}},{"pk":{"S":"a"}}]}}}`, `ValidationException: Provided list of item keys contains duplicates`},
		{"BatchWriteItem", `{"RequestItems":{"hash":[{"DeleteRequest":{"Key":{"pk":{"S":"a"}}}},{"PutRequest":{"Item":{"pk":{"S":"a"}}}}]}}`, `ValidationException: Provided list of item keys contains duplicates`},
		{"BatchWriteItem", `{"RequestItems":{"none":[{"DeleteRequest":{"Key":{"pk":{"S":"a"}}}}]}}`, `ResourceNotFoundException: Requested resource not found`},
		{"BatchGetItem", `{"RequestItems":{"none":{"Keys":[{"pk":{"S":"a"}}]}}}`, `ResourceNotFoundException: Requested resource not found`},
		{"BatchWriteItem", `{"RequestItems":{"sort":[{"PutRequest":{"Item":{"pk":{"S":"a"},"sk":{"N":"9"}}}},{"DeleteRequest":{"Key":{"pk":{"S":"a"}}}}]}}`, `ValidationException: The provided key element does not match the schema`},
		{"GetItem", `{"TableName":"sort","Key":{"pk":{"S":"a"},"sk":{"N":"9"}}}`, `{}`},
	})
}

func TestBatchLimits(t *testing.T) {
	e, _ := newEngine(t)
	var puts, keys []string
	for n := range 101 {
		puts = append(puts, fmt.Sprintf(`{"PutRequest":{"Item":{"pk":{"S":"%d"}}}}`, n))
		keys = append(keys, fmt.Sprintf(`{"pk":{"S":"%d"}}`, n))
	}
	run(t, e, []step{
		{"BatchWriteItem", `{"RequestItems":{"hash":[` + strings.Join(puts[:25], ",") + `]}}`, `{"UnprocessedItems":{}}`},
		{"BatchWriteItem", `{"RequestItems":{"hash":[` + strings.Join(puts[:26], ",") + `]}}`,
			`ValidationException: 1 validation error detected: Value '{hash=[...]}' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]`},
		{"BatchGetItem", `{"RequestItems":{"hash":{"Keys":[` + strings.Join(keys, ",") + `]}}}`,
			`ValidationException: 1 validation error detected: Value at 'RequestItems.hash.member.Keys' failed to satisfy constraint: Member must have length less than or equal to 100`},
	})
}

func TestBatchGetReturnsWhatFitsAndTheRestOfTheKeys(t *testing.T) {
	e, _ := newEngine(t)
	const n = 50 // of 390 KB: more than 16 MB
	var keys []string
	for i := range n {
		must(t, e, "PutItem", fmt.Sprintf(`{"TableName":"hash","Item":{"pk":{"S":"%d"},"x":{"S":"%s"}}}`, i, strings.Repeat("x", 390<<10)))
		keys = append(keys, fmt.Sprintf(`{"pk":{"S":"%d"}}`, i))
	}
	got := ask[struct {
		Responses       map[string][]any
		UnprocessedKeys map[string]struct{ Keys []any }
	}](t, call(e, "BatchGetItem", `{"RequestItems":{"hash":{"Keys":[`+strings.Join(keys, ",")+`]}}}`))
	found, left := len(got.Responses["hash"]), len(got.UnprocessedKeys["hash"].Keys)
	if found == 0 || left == 0 || found+left != n {
		t.Errorf("got %d items and %d keys, want %d together", found, left, n)
	}
}

func TestItemSizeLimit(t *testing.T) {
	e, _ := newEngine(t)
	fits := strings.Repeat("x", 400<<10-len("pk")-len("a")-len("x"))
	run(t, e, []step{
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"},"x":{"S":"` + fits + `"}}}`, `{}`},
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"},"x":{"S":"` + fits + `x"}}}`, `ValidationException: Item size has exceeded the maximum allowed size`},
		{"UpdateItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET y = :y","ExpressionAttributeValues":{":y":{"S":""}}}`, `ValidationException: Item size to update has exceeded the maximum allowed size`},
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":"` + strings.Repeat("k", 2049) + `"}}}`, `ValidationException: One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes`},
	})
}
