package dynamodb_test

import (
	"fmt"
	"testing"
	"time"

	"transactional-outbox/local/dynamodb"
)

func tableEngine(t *testing.T) (*dynamodb.Engine, *clock) {
	c := &clock{time.Date(2026, 11, 24, 12, 0, 0, 250_000_000, time.UTC)}
	n := 0
	e := dynamodb.New(&dynamodb.Options{Clock: c.time, ExpireEvery: -1, NewID: func() string {
		n++
		return fmt.Sprintf("00000000-0000-4000-8000-%012d", n)
	}})
	t.Cleanup(func() { e.Close() })
	return e, c
}

func TestTableLifecycle(t *testing.T) {
	e, clock := tableEngine(t)
	const fixed = `"TableName":"tab","TableArn":"arn:aws:dynamodb:us-east-1:000000000000:table/tab","TableId":"00000000-0000-4000-8000-000000000001",` +
		`"CreationDateTime":1795521600.25,"AttributeDefinitions":[{"AttributeName":"a","AttributeType":"N"},{"AttributeName":"pk","AttributeType":"S"}],` +
		`"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"a","KeyType":"RANGE"}],`
	describe := func(kind, status, more string, items, bytes, read int) string {
		return fmt.Sprintf(`{"%s":{%s"TableStatus":"%s","ItemCount":%d,"TableSizeBytes":%d,"ProvisionedThroughput":{"NumberOfDecreasesToday":0,"ReadCapacityUnits":%d,"WriteCapacityUnits":%d}%s}}`,
			kind, fixed, status, items, bytes, read, read, more)
	}
	const stream = `,"LatestStreamArn":"arn:aws:dynamodb:us-east-1:000000000000:table/tab/stream/2026-11-24T12:00:00.250","LatestStreamLabel":"2026-11-24T12:00:00.250"`
	const on = stream + `,"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"}`
	const sse = `,"SSEDescription":{"Status":"ENABLED","SSEType":"KMS","KMSMasterKeyArn":"arn:aws:kms:us-east-1:000000000000:alias/aws/dynamodb"}`
	const create = `{"TableName":"tab","ProvisionedThroughput":{"ReadCapacityUnits":5,"WriteCapacityUnits":5},"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"},` +
		`"SSESpecification":{"Enabled":true},"DeletionProtectionEnabled":true,"Tags":[{"Key":"k","Value":"v"}],` +
		`"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"a","AttributeType":"N"}],"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"a","KeyType":"RANGE"}]}`
	run(t, e, []step{
		{"DescribeTable", `{"TableName":"tab"}`, `ResourceNotFoundException: Requested resource not found: Table: tab not found`},
		{"CreateTable", create, describe("TableDescription", "CREATING", `,"DeletionProtectionEnabled":true`+on+sse, 0, 0, 5)},
		{"CreateTable", create, `ResourceInUseException: Table already exists: tab`},
		{"PutItem", `{"TableName":"tab","Item":{"pk":{"S":"a"},"a":{"N":"1"}}}`, `{}`},
		{"DescribeTable", `{"TableName":"tab"}`, describe("Table", "ACTIVE", `,"DeletionProtectionEnabled":true`+on+sse, 1, 6, 5)},
		{"ListTagsOfResource", `{"ResourceArn":"arn:aws:dynamodb:us-east-1:000000000000:table/tab"}`, `{"Tags":[{"Key":"k","Value":"v"}]}`},
		{"DeleteTable", `{"TableName":"tab"}`, `ValidationException: Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.`},
		{"UpdateTable", `{"TableName":"tab"}`, `ValidationException: At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required`},
		{"UpdateTable", `{"TableName":"tab","GlobalSecondaryIndexUpdates":[]}`, `ValidationException: The parameter GlobalSecondaryIndexUpdates is not supported by the desk's DynamoDB`},
		{"UpdateTable", `{"TableName":"tab","StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"}}`, `ValidationException: Table already has an enabled stream: TableName: tab`},
	})
	clock.now = clock.now.Add(time.Second)
	run(t, e, []step{
		{"UpdateTable", `{"TableName":"tab","DeletionProtectionEnabled":false,"BillingMode":"PAY_PER_REQUEST","StreamSpecification":{"StreamEnabled":false},"SSESpecification":{"Enabled":false}}`,
			describe("TableDescription", "UPDATING", `,"DeletionProtectionEnabled":false,"BillingModeSummary":{"BillingMode":"PAY_PER_REQUEST","LastUpdateToPayPerRequestDateTime":1795521601.25}`+stream, 1, 6, 0)},
		{"ListTables", `{}`, `{"TableNames":["tab"]}`},
		{"DeleteTable", `{"TableName":"tab"}`, describe("TableDescription", "DELETING", `,"DeletionProtectionEnabled":false,"BillingModeSummary":{"BillingMode":"PAY_PER_REQUEST","LastUpdateToPayPerRequestDateTime":1795521601.25}`+stream, 1, 6, 0)},
		{"DeleteTable", `{"TableName":"tab"}`, `ResourceNotFoundException: Requested resource not found: Table: tab not found`},
		{"ListTables", `{}`, `{"TableNames":[]}`},
	})
}

func TestCreateTableRefuses(t *testing.T) {
	e, _ := tableEngine(t)
	const invalid = "ValidationException: One or more parameter values were invalid: "
	keys := func(s string) string {
		return `{"TableName":"tab","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],"KeySchema":[` + s + `]}`
	}
	for _, s := range []step{
		{"CreateTable", `{"BillingMode":"PAY_PER_REQUEST"}`, "ValidationException: The parameter 'TableName' is required but was not present in the request"},
		{"CreateTable", `{"TableName":"ab","AttributeDefinitions":[],"KeySchema":[{"AttributeName":"a","KeyType":"HASH"}]}`,
			"ValidationException: 1 validation error detected: Value 'ab' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3"},
		{"CreateTable", `{"TableName":"tab","AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],"KeySchema":[{"AttributeName":"a","KeyType":"HASH"}]}`,
			invalid + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"},
		{"CreateTable", `{"TableName":"tab","BillingMode":"PAY_PER_REQUEST","ProvisionedThroughput":{"ReadCapacityUnits":1,"WriteCapacityUnits":1},"AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],"KeySchema":[{"AttributeName":"a","KeyType":"HASH"}]}`,
			invalid + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"},
		{"CreateTable", keys(`{"AttributeName":"a","KeyType":"RANGE"}`), "ValidationException: Invalid KeySchema: The first KeySchemaElement is not a HASH key type"},
		{"CreateTable", keys(`{"AttributeName":"b","KeyType":"HASH"}`), invalid + "Some index key attributes are not defined in AttributeDefinitions. Keys: [b], AttributeDefinitions: [a]"},
		{"CreateTable", keys(`{"AttributeName":"a","KeyType":"HASH"},{"AttributeName":"a","KeyType":"RANGE"}`), "ValidationException: Invalid KeySchema: Some index key attribute have no definition"},
		{"CreateTable", keys(`{"AttributeName":"a","KeyType":"X"}`),
			"ValidationException: 1 validation error detected: Value 'X' at 'keySchema.1.member.keyType' failed to satisfy constraint: Member must satisfy enum value set: [HASH, RANGE]"},
		{"CreateTable", `{"TableName":"tab","BillingMode":"PAY_PER_REQUEST","GlobalSecondaryIndexes":[{}],"AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],"KeySchema":[{"AttributeName":"a","KeyType":"HASH"}]}`,
			"ValidationException: GlobalSecondaryIndexes are not supported by the desk's DynamoDB"},
	} {
		if got := call(e, s.operation, s.request); got != s.want {
			t.Errorf("%s\n got: %s\nwant: %s", s.request, got, s.want)
		}
	}
}

func TestTimeToLiveSettings(t *testing.T) {
	e, _ := newEngine(t)
	set := func(enabled bool, name string) string {
		return fmt.Sprintf(`{"TableName":"hash","TimeToLiveSpecification":{"Enabled":%t,"AttributeName":"%s"}}`, enabled, name)
	}
	run(t, e, []step{
		{"DescribeTimeToLive", `{"TableName":"hash"}`, `{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}`},
		{"UpdateTimeToLive", set(true, "a"), `{"TimeToLiveSpecification":{"Enabled":true,"AttributeName":"a"}}`},
		{"UpdateTimeToLive", set(true, "a"), `ValidationException: TimeToLive is already enabled`},
		{"UpdateTimeToLive", set(true, "b"), `ValidationException: TimeToLive is active on a different AttributeName: current AttributeName is a`},
		{"DescribeTimeToLive", `{"TableName":"hash"}`, `{"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"a"}}`},
		{"UpdateTimeToLive", set(false, "a"), `{"TimeToLiveSpecification":{"Enabled":false,"AttributeName":"a"}}`},
		{"UpdateTimeToLive", set(false, "a"), `ValidationException: TimeToLive is already disabled`},
	})
}

func TestContinuousBackups(t *testing.T) {
	e, clock := newEngine(t)
	run(t, e, []step{
		{"DescribeContinuousBackups", `{"TableName":"none"}`, `TableNotFoundException: Table not found: none`},
		{"DescribeContinuousBackups", `{"TableName":"hash"}`, `{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED","PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"DISABLED"}}}`},
		{"UpdateContinuousBackups", `{"TableName":"hash","PointInTimeRecoverySpecification":{"PointInTimeRecoveryEnabled":true}}`,
			`{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED","PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"ENABLED","RecoveryPeriodInDays":35,"EarliestRestorableDateTime":1795521600.25,"LatestRestorableDateTime":1795521600.25}}}`},
	})
	clock.now = clock.now.Add(time.Hour)
	run(t, e, []step{{"DescribeContinuousBackups", `{"TableName":"hash"}`,
		`{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED","PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"ENABLED","RecoveryPeriodInDays":35,"EarliestRestorableDateTime":1795521600.25,"LatestRestorableDateTime":1795524900.25}}}`}})
}

func TestOperationsThatAreNotSupported(t *testing.T) {
	e, _ := newEngine(t)
	run(t, e, []step{
		{"ExecuteStatement", `{}`, `UnknownOperationException: The operation ExecuteStatement is not supported here.`},
		{"GetItem", `{`, call(e, "GetItem", `{`)},
	})
	if got := call(e, "GetItem", `{"TableName":1}`); got != "SerializationException: Unexpected value at TableName" {
		t.Error(got)
	}
}
