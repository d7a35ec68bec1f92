package stack_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const someKey = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

// Whatever keeps data uses the key and none of AWS's.
func TestEveryStoreUsesTheConfiguredKey(t *testing.T) {
	for _, name := range stages(t) {
		r, _ := deploy(t, name, map[string]string{"kmsKeyArn": someKey})
		stores := map[string]int{}
		for _, res := range r.sorted() {
			in := res.inputs.Mappable()
			var got, want any
			switch res.kind {
			case "aws:dynamodb/table:Table":
				got, want = in["serverSideEncryption"], map[string]any{"enabled": true, "kmsKeyArn": someKey}
			case "aws:kinesis/stream:Stream":
				got, want = []any{in["encryptionType"], in["kmsKeyId"]}, []any{"KMS", someKey}
			case "aws:sqs/queue:Queue":
				// SQS takes either a key or its own encryption.
				got, want = []any{in["kmsMasterKeyId"], in["sqsManagedSseEnabled"]}, []any{someKey, nil}
			case "aws:cloudwatch/logGroup:LogGroup":
				got, want = in["kmsKeyId"], someKey
			default:
				continue
			}
			stores[res.kind]++
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("stage %s: %s (-want +got):\n%s", name, res.name, diff)
			}
		}
		want := map[string]int{"aws:dynamodb/table:Table": 3, "aws:kinesis/stream:Stream": 1, "aws:sqs/queue:Queue": 2, "aws:cloudwatch/logGroup:LogGroup": 6}
		if diff := cmp.Diff(want, stores); diff != "" {
			t.Errorf("stage %s: stores (-want +got):\n%s", name, diff)
		}
	}
}

func TestFunctionsMayUseTheKeyForWhatTheyCallAndNothingElse(t *testing.T) {
	via := func(sid, service string, actions ...string) statement {
		return statement{
			Sid: sid, Effect: "Allow", Action: actions, Resource: []string{someKey},
			Condition: map[string]map[string]string{"StringEquals": {"kms:ViaService": service + ".eu-west-1.amazonaws.com"}},
		}
	}
	tables := via("DecryptTables", "dynamodb", "kms:Decrypt")
	stream := via("DecryptStream", "kinesis", "kms:Decrypt")
	letters := via("EncryptDeadLetters", "sqs", "kms:GenerateDataKey", "kms:Decrypt")
	want := map[string][]statement{
		"placeorder-policy":         {tables},
		"cancelorder-policy":        {tables},
		"getorder-policy":           {tables},
		"fulfilment-handler-policy": {tables, stream, letters},
		"auditor-handler-policy":    {tables, letters},
	}
	r, _ := deploy(t, "outbox", map[string]string{"kmsKeyArn": someKey})
	got := map[string][]statement{}
	for _, res := range r.sorted() {
		if res.kind != "aws:iam/rolePolicy:RolePolicy" {
			continue
		}
		for _, s := range statements(t, res, "policy") {
			if slices.ContainsFunc(s.Action, func(action string) bool { return strings.HasPrefix(action, "kms:") }) {
				got[res.name] = append(got[res.name], s)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statements about the key (-want +got):\n%s", diff)
	}
}

// Keys of AWS need no permission, and a role that has one all the same could
// use somebody's.
func TestWithoutAKeyNobodyMayUseOne(t *testing.T) {
	for _, name := range stages(t) {
		r, _ := deploy(t, name, nil)
		for _, res := range r.sorted() {
			text, err := json.Marshal(res.inputs.Mappable())
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), "kms:") {
				t.Errorf("stage %s: %s has something of KMS: %s", name, res.name, text)
			}
		}
	}
}

// The document about stages has what a key's own policy must allow.
func TestThePolicyOfAKeyIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/stages.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "<!-- key policy -->\n\n```json\n")
	policy, _, ended := strings.Cut(rest, "```")
	if !found || !ended {
		t.Fatal("docs/stages.md has no policy for the key")
	}
	var d struct{ Statement []map[string]any }
	if err := json.Unmarshal([]byte(policy), &d); err != nil {
		t.Fatal(err)
	}
	for _, s := range d.Statement {
		if s["Sid"] == "" || s["Effect"] != "Allow" || s["Principal"] == nil || s["Resource"] != "*" {
			t.Errorf("statement %v is not one of a key's policy", s)
		}
	}
	for _, use := range []string{"dynamodb", "kinesis", "sqs", "logs"} {
		if !strings.Contains(policy, use+".REGION.amazonaws.com") {
			t.Errorf("the policy says nothing about %s", use)
		}
	}
}
