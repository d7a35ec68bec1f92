package dynamodb

import (
	"math"
	"time"

	"github.com/go-json-experiment/json"
)

// encode writes an answer that is not on the hot path.
func encode(v any) ([]byte, error) { return json.Marshal(v, json.Deterministic(true)) }

// seconds is a time as DynamoDB writes it: seconds since the epoch, here to the millisecond.
func seconds(t time.Time) float64 { return math.Round(float64(t.UnixMilli())) / 1000 }

// description is what DescribeTable and its kin say of the table, with the status given.
func (t *table) description(status string) map[string]any {
	t.mu.RLock()
	defer t.mu.RUnlock()
	s := &t.settings
	out := map[string]any{
		"TableName":                 t.name,
		"TableArn":                  t.arn,
		"TableId":                   t.id,
		"TableStatus":               status,
		"CreationDateTime":          seconds(t.created),
		"ItemCount":                 t.count.Load(),
		"TableSizeBytes":            t.bytes.Load(),
		"DeletionProtectionEnabled": s.deletionProtected,
		"ProvisionedThroughput": map[string]any{
			"NumberOfDecreasesToday": 0, "ReadCapacityUnits": s.read, "WriteCapacityUnits": s.write,
		},
		"AttributeDefinitions": t.schema.definitions(),
		"KeySchema":            t.schema.elements(),
	}
	if !s.billingChanged.IsZero() {
		summary := map[string]any{"BillingMode": s.billing}
		if s.billing == billingOnDemand {
			summary["LastUpdateToPayPerRequestDateTime"] = seconds(s.billingChanged)
		}
		out["BillingModeSummary"] = summary
	}
	if s.class != "" {
		out["TableClassSummary"] = map[string]any{"TableClass": s.class}
	}
	if s.encrypted {
		out["SSEDescription"] = map[string]any{"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": s.encryptionKey}
	}
	t.log.describe(out)
	return out
}

// definitions is the AttributeDefinitions of the key, in the order of names, as DynamoDB has it.
func (s *schema) definitions() []attributeDefinition {
	out := []attributeDefinition{{s.hash.name, s.hash.kind.String()}}
	if s.sorted() {
		out = append(out, attributeDefinition{s.sort.name, s.sort.kind.String()})
		if s.sort.name < s.hash.name {
			out[0], out[1] = out[1], out[0]
		}
	}
	return out
}

// elements is the KeySchema.
func (s *schema) elements() []keySchemaElement {
	out := []keySchemaElement{{s.hash.name, "HASH"}}
	if s.sorted() {
		out = append(out, keySchemaElement{s.sort.name, "RANGE"})
	}
	return out
}
