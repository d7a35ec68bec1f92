package dynamodb_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/awsapi"
)

// TestAuthorization checks what each operation asks for, and that it does nothing when refused.
func TestAuthorization(t *testing.T) {
	const table = "arn:aws:dynamodb:eu-central-1:000000000000:table/"
	for _, row := range []struct {
		operation, request string
		want               []string
	}{
		{"PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"}}}`, []string{"dynamodb:PutItem " + table + "hash"}},
		{"PutItem", `{"TableName":"none","Item":{"pk":{"S":"a"}}}`, []string{"dynamodb:PutItem " + table + "none"}},
		{"GetItem", `{"TableName":"` + table + `hash","Key":{"pk":{"S":"a"}}}`, []string{"dynamodb:GetItem " + table + "hash"}},
		{"UpdateItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}}}`, []string{"dynamodb:UpdateItem " + table + "hash"}},
		{"DeleteItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}}}`, []string{"dynamodb:DeleteItem " + table + "hash"}},
		{"Query", `{"TableName":"hash","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"a"}}}`, []string{"dynamodb:Query " + table + "hash"}},
		{"Scan", `{"TableName":"hash"}`, []string{"dynamodb:Scan " + table + "hash"}},
		{"BatchGetItem", `{"RequestItems":{"hash":{"Keys":[{"pk":{"S":"a"}}]},"sort":{"Keys":[{"pk":{"S":"a"},"sk":{"N":"1"}}]}}}`,
			[]string{"dynamodb:BatchGetItem " + table + "hash", "dynamodb:BatchGetItem " + table + "sort"}},
		{"BatchWriteItem", `{"RequestItems":{"hash":[{"PutRequest":{"Item":{"pk":{"S":"a"}}}}]}}`, []string{"dynamodb:BatchWriteItem " + table + "hash"}},
		{"TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"hash","Item":{"pk":{"S":"a"}}}},{"Update":{"TableName":"hash","Key":{"pk":{"S":"b"}},"UpdateExpression":"REMOVE x"}},` +
			`{"Delete":{"TableName":"sort","Key":{"pk":{"S":"a"},"sk":{"N":"1"}}}},{"ConditionCheck":{"TableName":"sort","Key":{"pk":{"S":"a"},"sk":{"N":"2"}},"ConditionExpression":"attribute_not_exists(pk)"}}]}`,
			[]string{"dynamodb:PutItem " + table + "hash", "dynamodb:UpdateItem " + table + "hash", "dynamodb:DeleteItem " + table + "sort", "dynamodb:ConditionCheckItem " + table + "sort"}},
		{"TransactGetItems", `{"TransactItems":[{"Get":{"TableName":"hash","Key":{"pk":{"S":"a"}}}}]}`, []string{"dynamodb:GetItem " + table + "hash"}},
		{"CreateTable", `{"TableName":"new","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]}`,
			[]string{"dynamodb:CreateTable " + table + "new"}},
		{"DescribeTable", `{"TableName":"hash"}`, []string{"dynamodb:DescribeTable " + table + "hash"}},
		{"DeleteTable", `{"TableName":"hash"}`, []string{"dynamodb:DeleteTable " + table + "hash"}},
		{"UpdateTable", `{"TableName":"hash","DeletionProtectionEnabled":true}`, []string{"dynamodb:UpdateTable " + table + "hash"}},
		{"ListTables", `{}`, []string{"dynamodb:ListTables " + table + "*"}},
		{"DescribeTimeToLive", `{"TableName":"hash"}`, []string{"dynamodb:DescribeTimeToLive " + table + "hash"}},
		{"DescribeContinuousBackups", `{"TableName":"hash"}`, []string{"dynamodb:DescribeContinuousBackups " + table + "hash"}},
		{"ListStreams", `{}`, []string{"dynamodb:ListStreams " + table + "*/stream/*"}},
		{"DescribeStream", `{"StreamArn":"` + table + `hash/stream/x"}`, []string{"dynamodb:DescribeStream " + table + "hash/stream/x"}},
		{"GetShardIterator", `{"StreamArn":"` + table + `hash/stream/x","ShardId":"s","ShardIteratorType":"LATEST"}`, []string{"dynamodb:GetShardIterator " + table + "hash/stream/x"}},
		{"GetRecords", `{"ShardIterator":"` + table + `hash/stream/x|0|` + "mmmmmmmm" + `"}`, []string{"dynamodb:GetRecords " + table + "hash/stream/x"}},
	} {
		e, _ := newEngine(t)
		var asked []string
		callAs(e, func(action, resource string) error {
			asked = append(asked, action+" "+resource)
			return nil
		}, row.operation, row.request)
		if diff := cmp.Diff(row.want, asked); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.operation, diff)
		}
		// Refused at the last question, it must not have done anything.
		e, _ = newEngine(t)
		before := e.Stats()
		left := len(row.want)
		got := callAs(e, func(action, resource string) error {
			if left--; left > 0 {
				return nil
			}
			return awsapi.Errorf("AccessDeniedException", "no")
		}, row.operation, row.request)
		if got != "AccessDeniedException: no" {
			t.Errorf("%s: got %s", row.operation, got)
		}
		if after := e.Stats(); after.ItemsWritten != before.ItemsWritten || after.ItemsRead != before.ItemsRead {
			t.Errorf("%s touched items although it was refused", row.operation)
		}
	}
}
