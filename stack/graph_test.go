package stack_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPreviewDeclaresWhatTheUpdateDoes(t *testing.T) {
	identities := func(r *recorder) []string {
		var list []string
		for _, res := range r.sorted() {
			list = append(list, fmt.Sprintf("%s protect=%t after=%v", res.chain(), res.protect, res.after))
		}
		return list
	}
	for _, name := range stages(t) {
		t.Run(name, func(t *testing.T) {
			updated, _ := deploy(t, name, nil)
			previewed := preview(t, name)
			if diff := cmp.Diff(identities(updated), identities(previewed)); diff != "" {
				t.Errorf("resources (-update +preview):\n%s", diff)
			}
			if got, want := len(previewed.calls), len(updated.calls); got != want {
				t.Errorf("the preview ran %d commands, the update %d", got, want)
			}
		})
	}
}

func TestPreviewDoesNotInventPolicies(t *testing.T) {
	for _, res := range preview(t, "outbox").sorted() {
		if res.kind != "aws:iam/rolePolicy:RolePolicy" && res.kind != "aws:sqs/queuePolicy:QueuePolicy" {
			continue
		}
		if text, known := res.inputs["policy"]; known {
			t.Errorf("%s: the policy is known before the ARNs in it are: %v", res.name, text)
		}
	}
}

func TestEveryResourceBelongsToAComponent(t *testing.T) {
	for _, name := range stages(t) {
		r, _ := deploy(t, name, nil)
		for _, res := range r.sorted() {
			parent := string(res.parent.Type())
			ofStack := strings.HasPrefix(parent, "transactional-outbox:stack:")
			if strings.HasPrefix(res.kind, "aws:") && !ofStack {
				t.Errorf("stage %s: %s %s has the parent %q", name, res.kind, res.name, parent)
			}
			if ofStack && !strings.HasPrefix(res.name, res.parent.Name()+"-") {
				t.Errorf("stage %s: %s is not named after its parent %s", name, res.name, res.parent.Name())
			}
		}
	}
}

// The engine refuses two resources of one type chain and name; mocks do not.
func TestNamesAreUniqueWithinTheirTypeChain(t *testing.T) {
	for _, name := range stages(t) {
		seen := map[string]bool{}
		r, _ := deploy(t, name, nil)
		for _, res := range r.sorted() {
			if seen[res.chain()] {
				t.Errorf("stage %s: two resources are %s", name, res.chain())
			}
			seen[res.chain()] = true
		}
	}
}

// A protected stage protects all of its resources: `pulumi destroy` goes from
// the front to the back, and would otherwise take down the API and the
// consumer before it came to a table that it must not delete.
func TestProtectGuardsEverythingOrNothing(t *testing.T) {
	for protect, on := range map[string]bool{"true": true, "false": false} {
		t.Run(protect, func(t *testing.T) {
			r, _ := deploy(t, "outbox", map[string]string{"protect": protect, "auth": "iam"})
			for _, res := range r.sorted() {
				if res.protect != on {
					t.Errorf("%s %s: protection is %t", res.kind, res.name, res.protect)
				}
			}
		})
	}
}

// An order that is accepted before its event can be captured is lost.
func TestRoutesWaitUntilEventsAreCaptured(t *testing.T) {
	r, _ := deploy(t, "outbox", nil)
	routes := 0
	for _, res := range r.sorted() {
		if res.kind != "aws:apigatewayv2/route:Route" {
			continue
		}
		routes++
		for _, needed := range []string{"outbox-destination", "fulfilment-mapping"} {
			if !slices.Contains(res.after, needed) {
				t.Errorf("%s does not wait for %s but for %v", res.name, needed, res.after)
			}
		}
	}
	if routes != 4 {
		t.Errorf("%d routes, want 4", routes)
	}
}

func TestExportsAreThePublishedOutputs(t *testing.T) {
	_, got := deploy(t, "outbox", nil)
	want := map[string]any{
		"apiUrl":                    "${api-http.apiEndpoint}",
		"auth":                      "none",
		"streamName":                "${outbox-stream.name}",
		"streamArn":                 "${outbox-stream.arn}",
		"region":                    "eu-west-1",
		"stage":                     "outbox",
		"ordersTable":               "${outbox-orders.name}",
		"eventsTable":               "${outbox-events.name}",
		"fulfilmentsTable":          "${fulfilment-fulfilments.name}",
		"deadLetterQueueUrl":        "${fulfilment-deadletters.url}",
		"consumerMappingId":         "${fulfilment-mapping.uuid}",
		"auditorDeadLetterQueueUrl": "${auditor-deadletters.url}",
		"auditorMappingId":          "${auditor-mapping.uuid}",
		"dashboardUrl":              "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#dashboards/dashboard/transactional-outbox-outbox",
		"functions": map[string]string{
			"placeorder":  "${placeorder-function.name}",
			"cancelorder": "${cancelorder-function.name}",
			"getorder":    "${getorder-function.name}",
			"fulfilment":  "${fulfilment-handler-function.name}",
			"auditor":     "${auditor-handler-function.name}",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}

func TestStreamCapacityFollowsItsMode(t *testing.T) {
	for _, c := range []struct {
		name    string
		changes map[string]string
		want    any
	}{
		{"on demand has no count", map[string]string{"streamMode": "ON_DEMAND", "shardCount": "0"}, nil},
		{"provisioned has one", map[string]string{"streamMode": "PROVISIONED", "shardCount": "3"}, 3.0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _ := deploy(t, "outbox", c.changes)
			got := r.find(t, "aws:kinesis/stream:Stream", "outbox-stream").inputs.Mappable()["shardCount"]
			if got != c.want {
				t.Errorf("shardCount is %v, want %v", got, c.want)
			}
		})
	}
}

func TestFunctionsBelowOneCPURunOneThread(t *testing.T) {
	for memory, want := range map[string]any{"1768": "1", "1769": nil} {
		r, _ := deploy(t, "outbox", map[string]string{"apiMemoryMb": memory})
		variables := r.find(t, "aws:lambda/function:Function", "getorder-function").
			inputs["environment"].ObjectValue()["variables"].ObjectValue().Mappable()
		if got := variables["GOMAXPROCS"]; got != want {
			t.Errorf("at %s MB GOMAXPROCS is %v, want %v", memory, got, want)
		}
	}
}
