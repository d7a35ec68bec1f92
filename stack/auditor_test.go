package stack_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const mappingType = "aws:lambda/eventSourceMapping:EventSourceMapping"

// What time to live removes is the last copy of an event: every removal must
// reach the auditor, and nothing else may cost an invocation.
func TestAuditorReadsEveryExpiryAndNothingElse(t *testing.T) {
	r, _ := deploy(t, "outbox", nil)
	mapping := r.find(t, mappingType, "auditor-mapping").inputs.Mappable()
	want := map[string]any{
		"eventSourceArn":   "${outbox-events.streamArn}",
		"functionName":     "${auditor-handler-function.arn}",
		"startingPosition": "TRIM_HORIZON",
		"filterCriteria": map[string]any{"filters": []any{map[string]any{
			"pattern": `{"userIdentity":{"type":["Service"],"principalId":["dynamodb.amazonaws.com"]}}`,
		}}},
		"functionResponseTypes":      []any{"ReportBatchItemFailures"},
		"bisectBatchOnFunctionError": true,
		"destinationConfig": map[string]any{"onFailure": map[string]any{
			"destinationArn": "${auditor-deadletters.arn}",
		}},
	}
	got := map[string]any{}
	for name := range want {
		got[name] = mapping[name]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mapping (-want +got):\n%s", diff)
	}
	// DynamoDB keeps a stream record for 24 hours: what is given up must still
	// be there when somebody comes to redrive it.
	const hour = 3600.0
	if age := mapping["maximumRecordAgeInSeconds"].(float64); age < 6*hour || age > 18*hour {
		t.Errorf("removals are given up at an age of %v hours, want 6 to 18 of the 24 they are kept", age/hour)
	}
	if retries := mapping["maximumRetryAttempts"].(float64); retries < 10 || retries > 10000 {
		t.Errorf("%v retries", retries)
	}
}

func TestAuditorKnowsTheRetentionOfTheOutbox(t *testing.T) {
	r, _ := deploy(t, "outbox", map[string]string{"eventRetentionDays": "40"})
	variables := func(function string) map[string]any {
		return r.find(t, "aws:lambda/function:Function", function).
			inputs["environment"].ObjectValue()["variables"].ObjectValue().Mappable()
	}
	want := map[string]any{
		"EVENTS_TABLE": "${outbox-events.name}", "FULFILMENTS_TABLE": "${fulfilment-fulfilments.name}",
		"EVENT_RETENTION": "960h", "GOMAXPROCS": "1",
	}
	if diff := cmp.Diff(want, variables("auditor-handler-function")); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	if got := variables("placeorder-function")["EVENT_RETENTION"]; got != want["EVENT_RETENTION"] {
		t.Errorf("events are written to stay %v, and put back to stay %v", got, want["EVENT_RETENTION"])
	}
}
