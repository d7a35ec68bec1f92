package stack_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// statement is what the tests look at in a policy document.
type statement struct {
	Sid       string
	Effect    string
	Principal any
	Action    []string
	Resource  []string
	Condition map[string]map[string]string
}

// statements decodes the policy document that a resource was given.
func statements(t *testing.T, res registered, input string) []statement {
	t.Helper()
	var policy struct {
		Version   string
		Statement []statement
	}
	decoder := json.NewDecoder(strings.NewReader(res.inputs[resource.PropertyKey(input)].StringValue()))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&policy); err != nil {
		t.Fatalf("%s: %s: %v", res.name, input, err)
	}
	if policy.Version != "2012-10-17" {
		t.Errorf("%s: version %q of the policy language", res.name, policy.Version)
	}
	return policy.Statement
}

func TestFunctionsMayDoExactlyThis(t *testing.T) {
	allow := func(sid string, resource []string, actions ...string) statement {
		return statement{Sid: sid, Effect: "Allow", Action: actions, Resource: resource}
	}
	orders, events := "${outbox-orders.arn}", "${outbox-events.arn}"
	fulfilments, stream := "${fulfilment-fulfilments.arn}", "${outbox-stream.arn}"
	for function, own := range map[string][]statement{
		"placeorder": {
			allow("PutOrderAndEvent", []string{orders, events}, "dynamodb:PutItem"),
		},
		"cancelorder": {
			allow("ReadAndUpdateOrder", []string{orders}, "dynamodb:GetItem", "dynamodb:UpdateItem"),
			allow("PutEvent", []string{events}, "dynamodb:PutItem"),
		},
		"getorder": {
			allow("ReadOrderAndFulfilment", []string{orders, fulfilments}, "dynamodb:GetItem"),
		},
		"fulfilment-handler": {
			allow("MoveState", []string{fulfilments}, "dynamodb:UpdateItem"),
			allow("FillGapsFromOutbox", []string{events}, "dynamodb:Query"),
			allow("ReadStream", []string{stream}, "kinesis:DescribeStream", "kinesis:DescribeStreamSummary",
				"kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords"),
			allow("ReportDeadLetters", []string{"${fulfilment-deadletters.arn}"}, "sqs:SendMessage"),
		},
		"auditor-handler": {
			allow("ReadPositions", []string{fulfilments}, "dynamodb:BatchGetItem"),
			allow("PutEventsBack", []string{events}, "dynamodb:PutItem"),
			allow("ReadStream", []string{"${outbox-events.streamArn}"}, "dynamodb:DescribeStream",
				"dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"),
			allow("ReportDeadLetters", []string{"${auditor-deadletters.arn}"}, "sqs:SendMessage"),
		},
	} {
		for tracing, traces := range map[string][]statement{
			"true":  {allow("SendTraces", []string{"*"}, "xray:PutTraceSegments", "xray:PutTelemetryRecords")},
			"false": nil,
		} {
			t.Run(function+" tracing "+tracing, func(t *testing.T) {
				logs := allow("WriteLogs", []string{"${" + function + "-logs.arn}:*"},
					"logs:CreateLogStream", "logs:PutLogEvents")
				want := slices.Concat(own, []statement{logs}, traces)

				r, _ := deploy(t, "outbox", map[string]string{"tracing": tracing})
				policy := r.find(t, "aws:iam/rolePolicy:RolePolicy", function+"-policy")
				if diff := cmp.Diff(want, statements(t, policy, "policy")); diff != "" {
					t.Errorf("statements (-want +got):\n%s", diff)
				}
				if got, want := policy.inputs["role"].StringValue(), "${"+function+"-role.id}"; got != want {
					t.Errorf("the policy is attached to %s, want %s", got, want)
				}
			})
		}
	}
}

func TestOnlyLambdaAssumesTheRoles(t *testing.T) {
	want := []statement{{
		Sid: "AssumedByLambda", Effect: "Allow",
		Principal: map[string]any{"Service": "lambda.amazonaws.com"}, Action: []string{"sts:AssumeRole"},
	}}
	r, _ := deploy(t, "outbox", nil)
	for _, res := range r.sorted() {
		if res.kind != "aws:iam/role:Role" {
			continue
		}
		if diff := cmp.Diff(want, statements(t, res, "assumeRolePolicy")); diff != "" {
			t.Errorf("%s: trust (-want +got):\n%s", res.name, diff)
		}
	}
}

func TestDeadLettersRefuseWhoeverDoesNotUseTLS(t *testing.T) {
	r, _ := deploy(t, "outbox", nil)
	for _, queue := range []string{"fulfilment-deadletters", "auditor-deadletters"} {
		want := []statement{{
			Sid: "DenyWithoutTLS", Effect: "Deny", Principal: "*",
			Action: []string{"sqs:*"}, Resource: []string{"${" + queue + ".arn}"},
			Condition: map[string]map[string]string{"Bool": {"aws:SecureTransport": "false"}},
		}}
		policy := r.find(t, "aws:sqs/queuePolicy:QueuePolicy", queue+"-policy")
		if diff := cmp.Diff(want, statements(t, policy, "policy")); diff != "" {
			t.Errorf("%s: statements (-want +got):\n%s", queue, diff)
		}
	}
}

// Where AWS leaves no other choice than a wildcard, the reason stands here.
func TestNothingIsAllowedOnAWildcardWithoutReason(t *testing.T) {
	reasons := map[string]string{
		"xray:PutTraceSegments":    "X-Ray has no resource type for it",
		"xray:PutTelemetryRecords": "X-Ray has no resource type for it",
		"logs:CreateLogStream":     "the streams of the function's own group, named by Lambda",
		"logs:PutLogEvents":        "the streams of the function's own group, named by Lambda",
	}
	for _, name := range stages(t) {
		r, _ := deploy(t, name, nil)
		for _, res := range r.sorted() {
			if res.kind != "aws:iam/rolePolicy:RolePolicy" {
				continue
			}
			for _, s := range statements(t, res, "policy") {
				wild := slices.ContainsFunc(s.Resource, func(arn string) bool { return strings.Contains(arn, "*") })
				for _, action := range s.Action {
					if strings.Contains(action, "*") || wild && reasons[action] == "" {
						t.Errorf("stage %s: %s allows %s on %v", name, res.name, action, s.Resource)
					}
				}
			}
		}
	}
}
