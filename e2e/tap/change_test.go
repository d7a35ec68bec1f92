package tap_test

import (
	"strings"
	"testing"

	"transactional-outbox/e2e/tap"
)

const insert = `{"awsRegion":"eu-west-1","eventID":"0d0f9ef5-7b32-4b43-8d3c-0c7a8a1e7a11","eventName":"INSERT","userIdentity":null,` +
	`"recordFormat":"application/json","tableName":"events","dynamodb":{"ApproximateCreationDateTime":1764000000123456,` +
	`"Keys":{"orderId":{"S":"o1"},"sequence":{"N":"1"}},"NewImage":{"orderId":{"S":"o1"},"sequence":{"N":"1"}},"SizeBytes":46,` +
	`"ApproximateCreationDateTimePrecision":"MICROSECOND"},"eventSource":"aws:dynamodb"}`

func TestDecode(t *testing.T) {
	change, err := tap.Decode([]byte(insert))
	if err != nil || change.EventName != "INSERT" || change.DynamoDB.SizeBytes != 46 {
		t.Fatalf("Decode = %+v, %v", change, err)
	}
	for name, tc := range map[string]struct{ old, new, want string }{
		"not JSON":            {`{"aws`, `aws`, "invalid character"},
		"two values":          {`:dynamodb"}`, `:dynamodb"}{}`, "more than one"},
		"unknown member":      {`{"awsRegion"`, `{"eventVersion":"1.1","awsRegion"`, "unknown field"},
		"milliseconds":        {"1764000000123456", "1764000000123", "not in microseconds"},
		"precision missing":   {`,"ApproximateCreationDateTimePrecision":"MICROSECOND"`, "", "Precision"},
		"no user identity":    {`"userIdentity":null,`, "", "userIdentity"},
		"other id":            {"0d0f9ef5-", "", "UUIDv4"},
		"old image of insert": {`"NewImage"`, `"OldImage":{},"NewImage"`, "new image only"},
		"modify with one":     {"INSERT", "MODIFY", "both images"},
		"remove with new":     {"INSERT", "REMOVE", "old image only"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(insert, tc.old, tc.new, 1)
			if _, err := tap.Decode([]byte(text)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Decode = %v, want %q", err, tc.want)
			}
		})
	}
}
