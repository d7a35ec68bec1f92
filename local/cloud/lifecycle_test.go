package cloud_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"transactional-outbox/local/cloud"
)

const (
	tableType  = "aws:dynamodb/table:Table"
	streamType = "aws:kinesis/stream:Stream"
	queueType  = "aws:sqs/queue:Queue"
	roleType   = "aws:iam/role:Role"
	policyType = "aws:iam/rolePolicy:RolePolicy"
	groupType  = "aws:cloudwatch/logGroup:LogGroup"
)

func properties(values map[string]any) resource.PropertyMap {
	return resource.NewPropertyMapFromMap(values)
}

// table is a table whose settings a test can vary.
func table(more map[string]any) map[string]any {
	inputs := map[string]any{
		"attributes": []any{map[string]any{"name": "id", "type": "S"}}, "hashKey": "id", "billingMode": "PAY_PER_REQUEST",
	}
	for key, value := range more {
		inputs[key] = value
	}
	return inputs
}

const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kinesis:GetRecords","Resource":"*"}]}`

// TestResourcesLiveAndDie takes each kind of resource that stands alone through its life.
func TestResourcesLiveAndDie(t *testing.T) {
	for _, c := range []struct {
		typ           string
		before, after map[string]any
	}{
		{tableType, table(nil), table(map[string]any{
			"streamEnabled": true, "streamViewType": "NEW_AND_OLD_IMAGES", "ttl": map[string]any{"attributeName": "expiresAt", "enabled": true},
			"pointInTimeRecovery": map[string]any{"enabled": true}, "tags": map[string]any{"stage": "test"},
		})},
		{streamType, map[string]any{"shardCount": 1, "retentionPeriod": 48}, map[string]any{
			"shardCount": 2, "retentionPeriod": 24, "encryptionType": "KMS", "kmsKeyId": "alias/aws/kinesis",
		}},
		{streamType, map[string]any{"shardCount": 1, "encryptionType": "KMS", "kmsKeyId": "alias/aws/kinesis"}, map[string]any{
			"streamModeDetails": map[string]any{"streamMode": "ON_DEMAND"},
		}},
		{queueType, map[string]any{"messageRetentionSeconds": 60}, map[string]any{"messageRetentionSeconds": 120, "sqsManagedSseEnabled": true}},
		{streamType, map[string]any{"shardCount": 1, "encryptionType": "KMS", "kmsKeyId": kmsKey}, map[string]any{
			"shardCount": 1, "encryptionType": "KMS", "kmsKeyId": "alias/aws/kinesis",
		}},
		{queueType, map[string]any{"kmsMasterKeyId": kmsKey}, map[string]any{"sqsManagedSseEnabled": true}},
		{groupType, map[string]any{"retentionInDays": 1}, map[string]any{"retentionInDays": 1, "kmsKeyId": kmsKey}},
		{roleType, map[string]any{"assumeRolePolicy": trust}, map[string]any{"assumeRolePolicy": trust, "description": "changed"}},
		{groupType, map[string]any{"retentionInDays": 1}, map[string]any{"retentionInDays": 7}},
	} {
		t.Run(c.typ, func(t *testing.T) {
			cloud := newCloud(t)
			id, outputs := create(t, cloud, c.typ, "thing", c.before)
			exists(t, cloud, c.typ, id, outputs, true)

			after := properties(c.after)
			after["name"] = outputs["name"]
			outputs, err := cloud.Update(t.Context(), c.typ, id, outputs, after)
			if err != nil {
				t.Fatal(err)
			}
			for key, value := range after {
				if !outputs[key].DeepEquals(value) {
					t.Errorf("output %s is %v, want %v", key, outputs[key], value)
				}
			}

			for range 2 { // what is gone already is deleted with success
				if err := cloud.Delete(t.Context(), c.typ, id, outputs); err != nil {
					t.Fatal(err)
				}
			}
			exists(t, cloud, c.typ, id, outputs, false)
			if _, err := cloud.Update(t.Context(), c.typ, id, outputs, after); err == nil || !strings.Contains(err.Error(), "run pulumi refresh") {
				t.Errorf("update of what is gone: got %v, want an error that says what to do", err)
			}
			if left := cloud.Resources(); len(left) != 0 {
				t.Errorf("left: %q", left)
			}
		})
	}
}

func exists(t *testing.T, c *cloud.Cloud, typ, id string, state resource.PropertyMap, want bool) {
	t.Helper()
	got, err := c.Exists(t.Context(), typ, id, state)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("exists %v, want %v", got, want)
	}
}

func TestRoleWithPoliciesIsNotDeleted(t *testing.T) {
	c := newCloud(t)
	role, roleState := create(t, c, roleType, "worker", map[string]any{"assumeRolePolicy": trust})
	id, policyState := create(t, c, policyType, "reads", map[string]any{"role": role, "policy": policy})
	if err := c.Delete(t.Context(), roleType, role, roleState); err == nil || !strings.Contains(err.Error(), "DeleteConflict") {
		t.Errorf("got %v, want DeleteConflict", err)
	}
	exists(t, c, policyType, id, policyState, true)
	if err := c.Delete(t.Context(), policyType, id, policyState); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(t.Context(), roleType, role, roleState); err != nil {
		t.Error(err)
	}
}

func TestDestinationCopiesAndStops(t *testing.T) {
	c := newCloud(t)
	_, tableState := create(t, c, tableType, "events", table(nil))
	_, streamState := create(t, c, streamType, "stream", map[string]any{"shardCount": 1})
	inputs := map[string]any{
		"tableName": tableState["name"].StringValue(), "streamArn": streamState["arn"].StringValue(),
		"approximateCreationDateTimePrecision": "MICROSECOND",
	}
	const typ = "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination"
	id, state := create(t, c, typ, "destination", inputs)
	if _, _, err := c.Create(t.Context(), typ, "second", properties(inputs)); err == nil || !strings.Contains(err.Error(), "not in a valid state to enable") {
		t.Errorf("a second destination: got %v, want a refusal", err)
	}
	if err := c.Delete(t.Context(), typ, id, state); err != nil {
		t.Fatal(err)
	}
	exists(t, c, typ, id, state, false)
	inputs["streamArn"] = "arn:aws:kinesis:eu-west-1:000000000000:stream/nowhere"
	if _, _, err := c.Create(t.Context(), typ, "third", properties(inputs)); err == nil || !strings.Contains(err.Error(), "ResourceNotFoundException") {
		t.Errorf("a stream that is not there: got %v, want ResourceNotFoundException", err)
	}
}

func TestDiffSaysWhatReplaces(t *testing.T) {
	c := newCloud(t)
	for name, test := range map[string]struct {
		typ          string
		before, news map[string]any
		replace      []string
		changed      []string
	}{
		"nothing":           {queueType, map[string]any{"name": "a"}, map[string]any{"name": "a"}, nil, nil},
		"in place":          {queueType, map[string]any{"name": "a", "delaySeconds": 1}, map[string]any{"name": "a", "delaySeconds": 2}, nil, []string{"delaySeconds"}},
		"the name":          {queueType, map[string]any{"name": "a"}, map[string]any{"name": "b"}, []string{"name"}, []string{"name"}},
		"the key":           {tableType, table(nil), table(map[string]any{"hashKey": "other"}), []string{"hashKey"}, []string{"hashKey"}},
		"added inside":      {tableType, table(nil), table(map[string]any{"ttl": map[string]any{"enabled": true}}), nil, []string{"ttl"}},
		"precision":         {"aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination", map[string]any{"approximateCreationDateTimePrecision": "MILLISECOND"}, map[string]any{"approximateCreationDateTimePrecision": "MICROSECOND"}, []string{"approximateCreationDateTimePrecision"}, []string{"approximateCreationDateTimePrecision"}},
		"starting position": {"aws:lambda/eventSourceMapping:EventSourceMapping", map[string]any{"startingPosition": "LATEST"}, map[string]any{"startingPosition": "TRIM_HORIZON"}, []string{"startingPosition"}, []string{"startingPosition"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.Diff(test.typ, properties(test.before), properties(test.news))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.replace, got.Replace); diff != "" {
				t.Errorf("replace (-want +got):\n%s", diff)
			}
			if len(got.Detail) != len(test.changed) {
				t.Errorf("changes %v, want %v", got.Detail, test.changed)
			}
			for _, path := range test.changed {
				if _, ok := got.Detail[path]; !ok {
					t.Errorf("changes %v, want %s among them", got.Detail, path)
				}
			}
		})
	}
}

func TestOnlyAnOwnNameHasToGoFirst(t *testing.T) {
	c := newCloud(t)
	for name, test := range map[string]struct {
		before, news map[string]any
		want         bool
	}{
		"own":       {map[string]any{"name": "orders"}, map[string]any{"name": "orders"}, true},
		"generated": {map[string]any{"name": "orders-0a1b2c3"}, map[string]any{"name": "orders-0a1b2c3"}, false},
		"renamed":   {map[string]any{"name": "orders"}, map[string]any{"name": "purchases"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			news := table(test.news)
			news["hashKey"] = "other"
			got, err := c.Diff(tableType, properties(table(test.before)), properties(news))
			if err != nil {
				t.Fatal(err)
			}
			if got.DeleteFirst != test.want {
				t.Errorf("got %t, want %t", got.DeleteFirst, test.want)
			}
		})
	}
}

func TestCheckKeepsAGeneratedName(t *testing.T) {
	c := newCloud(t)
	check := func(olds, news map[string]any, seed string) string {
		t.Helper()
		checked, err := c.Check(queueType, "letters", properties(olds), properties(news), []byte(seed))
		if err != nil {
			t.Fatal(err)
		}
		return checked["name"].StringValue()
	}
	first := check(nil, nil, "seed")
	if !strings.HasPrefix(first, "letters-") || first != check(nil, nil, "seed") {
		t.Errorf("name %q, want the same one for a preview and its update", first)
	}
	if got := check(map[string]any{"name": first}, nil, "another"); got != first {
		t.Errorf("name %q, want the one it has, %q", got, first)
	}
	if got := check(map[string]any{"name": first}, map[string]any{"name": "given"}, "another"); got != "given" {
		t.Errorf("name %q, want the one that is given", got)
	}
	if _, err := c.Check(queueType, "letters", nil, properties(map[string]any{"fifoQueue": true}), nil); err == nil {
		t.Error("no error for a property that the desk does not know")
	}
	unknown := resource.PropertyMap{"kmsMasterKeyId": resource.MakeComputed(resource.NewProperty(""))}
	if _, err := c.Check(queueType, "letters", nil, unknown, nil); err != nil {
		t.Errorf("a value that a preview does not know yet: %v", err)
	}
}
