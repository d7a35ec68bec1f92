package stack_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// each calls look for every resource of a type in every stage, with what a
// failure is reported under.
func each(t *testing.T, kind string, look func(t *testing.T, stage string, res registered, inputs map[string]any)) {
	t.Helper()
	for _, name := range stages(t) {
		r, _ := deploy(t, name, nil)
		found := 0
		for _, res := range r.sorted() {
			if res.kind != kind {
				continue
			}
			found++
			t.Run(name+" "+res.name, func(t *testing.T) { look(t, name, res, res.inputs.Mappable()) })
		}
		if found == 0 {
			t.Errorf("stage %s has no %s", name, kind)
		}
	}
}

// protected tells whether a stage's data is worth protecting.
func protected(t *testing.T, name string) bool {
	t.Helper()
	return configuration(t, name, nil)["transactional-outbox:protect"] == "true"
}

// DynamoDB encrypts every table, with a key of its own unless told otherwise
// (Amazon DynamoDB Developer Guide, "DynamoDB encryption at rest"); CloudWatch
// Logs every group (CloudWatch Logs User Guide, "Encrypt log data"); Lambda
// the variables (AWS Lambda Developer Guide, "Securing environment
// variables"). What has to be asked for is asked for.
func TestEverythingIsEncryptedAtRest(t *testing.T) {
	each(t, "aws:kinesis/stream:Stream", func(t *testing.T, _ string, _ registered, in map[string]any) {
		if in["encryptionType"] != "KMS" || in["kmsKeyId"] == "" || in["kmsKeyId"] == nil {
			t.Errorf("encryption %v with key %v", in["encryptionType"], in["kmsKeyId"])
		}
	})
	each(t, "aws:sqs/queue:Queue", func(t *testing.T, _ string, _ registered, in map[string]any) {
		if in["sqsManagedSseEnabled"] != true && in["kmsMasterKeyId"] == nil {
			t.Error("messages are not encrypted")
		}
	})
	each(t, "aws:dynamodb/table:Table", func(t *testing.T, _ string, _ registered, in map[string]any) {
		if sse, ok := in["serverSideEncryption"].(map[string]any); ok && sse["enabled"] == false && sse["kmsKeyArn"] != nil {
			t.Error("a key is given and not used")
		}
	})
}

func TestEveryQueueRefusesWhatIsNotTLS(t *testing.T) {
	for _, name := range stages(t) {
		r, _ := deploy(t, name, nil)
		guarded := map[string]bool{}
		for _, res := range r.sorted() {
			if res.kind != "aws:sqs/queuePolicy:QueuePolicy" {
				continue
			}
			for _, s := range statements(t, res, "policy") {
				if s.Effect == "Deny" && s.Principal == "*" && slices.Contains(s.Action, "sqs:*") && s.Condition["Bool"]["aws:SecureTransport"] == "false" {
					guarded[res.inputs["queueUrl"].StringValue()] = true
				}
			}
		}
		for _, res := range r.sorted() {
			if res.kind == "aws:sqs/queue:Queue" && !guarded["${"+res.name+".url}"] {
				t.Errorf("stage %s: %s may be used without TLS", name, res.name)
			}
		}
	}
}

func TestProtectedStagesKeepTheirTables(t *testing.T) {
	each(t, "aws:dynamodb/table:Table", func(t *testing.T, stage string, res registered, in map[string]any) {
		recovery, _ := in["pointInTimeRecovery"].(map[string]any)
		want := protected(t, stage)
		if in["deletionProtectionEnabled"] != want || recovery["enabled"] != want || res.protect != want {
			t.Errorf("deletion protection %v, point-in-time recovery %v, protected in the state %v; want %v",
				in["deletionProtectionEnabled"], recovery["enabled"], res.protect, want)
		}
	})
	if !protected(t, "prod") {
		t.Error("the example of a protected stage is not protected")
	}
}

// That the hook refuses a replacement is seen in e2e/lifecycle.
func TestNoStageReplacesWhatKeepsOrdersAndEvents(t *testing.T) {
	for _, kind := range []string{
		"aws:dynamodb/table:Table", "aws:kinesis/stream:Stream", "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination",
	} {
		each(t, kind, func(t *testing.T, _ string, res registered, _ map[string]any) {
			if len(res.before) != 1 || !strings.HasPrefix(res.before[0], "irreplaceable:") {
				t.Errorf("hooks before it is created: %q", res.before)
			}
		})
	}
}

func TestEveryLogEnds(t *testing.T) {
	each(t, "aws:cloudwatch/logGroup:LogGroup", func(t *testing.T, _ string, _ registered, in map[string]any) {
		if days, _ := in["retentionInDays"].(float64); days < 1 {
			t.Errorf("retention %v: logs are kept for ever", in["retentionInDays"])
		}
	})
	// A function without a group of its own gets one from Lambda, which keeps
	// its logs for ever.
	each(t, "aws:lambda/function:Function", func(t *testing.T, _ string, _ registered, in map[string]any) {
		logging, _ := in["loggingConfig"].(map[string]any)
		if group, _ := logging["logGroup"].(string); !strings.HasPrefix(group, "${") {
			t.Errorf("log group %v is none of this program's", logging["logGroup"])
		}
	})
}

// Nothing is open to the public but the API, and that only where a stage says
// so: see TestStagesThatAreOpenAreNamedHere.
func TestNothingIsPublic(t *testing.T) {
	for _, name := range stages(t) {
		r, _ := deploy(t, name, nil)
		for _, res := range r.sorted() {
			switch res.kind {
			case "aws:lambda/permission:Permission":
				in := res.inputs.Mappable()
				if in["principal"] == "*" || in["sourceArn"] == nil {
					t.Errorf("stage %s: %s lets %v invoke %v for anything", name, res.name, in["principal"], in["function"])
				}
				if in["functionUrlAuthType"] != nil {
					t.Errorf("stage %s: %s opens a function URL", name, res.name)
				}
			case "aws:iam/role:Role":
				for _, s := range statements(t, res, "assumeRolePolicy") {
					if s.Principal == "*" || cmp.Equal(s.Principal, map[string]any{"AWS": "*"}) {
						t.Errorf("stage %s: anybody may assume %s", name, res.name)
					}
				}
			case "aws:sqs/queuePolicy:QueuePolicy", "aws:sns/topicPolicy:TopicPolicy":
				for _, s := range statements(t, res, "policy") {
					if s.Effect == "Allow" && s.Principal == "*" {
						t.Errorf("stage %s: %s lets anybody in", name, res.name)
					}
				}
			case "aws:lambda/functionUrl:FunctionUrl", "aws:s3/bucket:Bucket":
				t.Errorf("stage %s: %s %s needs a test of its own that it is not public", name, res.kind, res.name)
			}
		}
	}
}

// Environment variables are readable to whoever may read the function's
// configuration, and are in the state.
func TestNoSecretsInEnvironments(t *testing.T) {
	allowed := regexp.MustCompile(`^([A-Z]+_TABLE|EVENT_SOURCE|EVENT_RETENTION|GOMAXPROCS)$`)
	suspicious := regexp.MustCompile(`(?i)(AKIA|ASIA)[A-Z0-9]{16}|-----BEGIN|[A-Za-z0-9+/]{40,}|password|secret|token`)
	each(t, "aws:lambda/function:Function", func(t *testing.T, _ string, _ registered, in map[string]any) {
		variables, _ := in["environment"].(map[string]any)["variables"].(map[string]any)
		if len(variables) == 0 {
			t.Fatal("no variables")
		}
		for name, value := range variables {
			if !allowed.MatchString(name) {
				t.Errorf("variable %s is not known to be harmless", name)
			}
			if text, _ := value.(string); suspicious.MatchString(text) {
				t.Errorf("variable %s looks like a secret", name)
			}
		}
	})
}

func TestEverythingTaggableIsTaggedInEveryStage(t *testing.T) {
	// Types of AWS that take no tags.
	untaggable := map[string]bool{
		"aws:apigatewayv2/authorizer:Authorizer": true, "aws:apigatewayv2/integration:Integration": true, "aws:apigatewayv2/route:Route": true,
		"aws:cloudwatch/dashboard:Dashboard": true, "aws:cloudwatch/logMetricFilter:LogMetricFilter": true,
		"aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination": true,
		"aws:iam/rolePolicy:RolePolicy":                                        true, "aws:lambda/permission:Permission": true,
		"aws:sns/topicPolicy:TopicPolicy": true, "aws:sqs/queuePolicy:QueuePolicy": true,
	}
	for _, name := range stages(t) {
		r, _ := deploy(t, name, map[string]string{"alarmTopicArn": "create"})
		for _, res := range r.sorted() {
			if !strings.HasPrefix(res.kind, "aws:") || untaggable[res.kind] {
				continue
			}
			tags := res.inputs[resource.PropertyKey("tags")]
			if !tags.IsObject() {
				t.Errorf("stage %s: %s %s has no tags", name, res.kind, res.name)
				continue
			}
			want := map[string]any{"project": "transactional-outbox", "stage": name, "component": strings.Split(res.name, "-")[0]}
			if diff := cmp.Diff(want, tags.ObjectValue().Mappable()); diff != "" {
				t.Errorf("stage %s: %s: tags (-want +got):\n%s", name, res.name, diff)
			}
		}
	}
}

func TestFunctionsAreTraced(t *testing.T) {
	each(t, "aws:lambda/function:Function", func(t *testing.T, _ string, _ registered, in map[string]any) {
		if tracing, _ := in["tracingConfig"].(map[string]any); tracing["mode"] != "Active" {
			t.Errorf("tracing is %v", tracing["mode"])
		}
	})
}

func TestConcurrencyIsSetAsideAsConfigured(t *testing.T) {
	for configured, want := range map[string]float64{"-1": -1, "40": 40} {
		r, _ := deploy(t, "outbox", map[string]string{"consumerReservedConcurrency": configured})
		for _, res := range r.sorted() {
			if res.kind != "aws:lambda/function:Function" {
				continue
			}
			got, set := res.inputs["reservedConcurrentExecutions"]
			switch {
			case res.name == "fulfilment-handler-function" && (!set || got.NumberValue() != want):
				t.Errorf("%s: %v set aside, want %v", res.name, got, want)
			case res.name != "fulfilment-handler-function" && set && got.HasValue():
				t.Errorf("%s: %v set aside, which nobody has asked for", res.name, got)
			}
		}
	}
}

// What a dashboard, a description or a tag says is shown to many: no account,
// no address of anybody is in it.
func TestNothingPersonalIsDeployed(t *testing.T) {
	personal := regexp.MustCompile(`[\w.+-]+@[\w-]+\.[a-z]{2,}|\b\d{12}\b`)
	for _, name := range stages(t) {
		r, _ := deploy(t, name, nil)
		for _, res := range r.sorted() {
			text, err := json.Marshal(res.inputs.Mappable())
			if err != nil {
				t.Fatal(err)
			}
			if found := personal.Find(text); found != nil {
				t.Errorf("stage %s: %s has %s", name, res.name, found)
			}
		}
	}
}
