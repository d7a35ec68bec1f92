package health_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/ops/health"
	"transactional-outbox/ops/stage"
)

// Answers of AWS that a healthy stage gives. Everything else is not served.
const (
	streamARN = "arn:aws:kinesis:eu-central-1:123456789012:stream/s"
	consumer  = `{"State":"Enabled","LastProcessingResult":"OK","EventSourceArn":"` + streamARN + `","StartingPosition":"TRIM_HORIZON","MaximumRetryAttempts":10,
		"BisectBatchOnFunctionError":true,"FunctionResponseTypes":["ReportBatchItemFailures"],
		"FilterCriteria":{"Filters":[{"Pattern":"{\"data\":{\"eventName\":[\"INSERT\",\"MODIFY\"]}}"}]},
		"DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:eu-central-1:123456789012:q"}}}`
	auditor = `{"State":"Enabled","LastProcessingResult":"OK","EventSourceArn":"arn:aws:dynamodb:eu-central-1:123456789012:table/events/stream/x",
		"StartingPosition":"TRIM_HORIZON","MaximumRetryAttempts":10,"BisectBatchOnFunctionError":true,"FunctionResponseTypes":["ReportBatchItemFailures"],
		"FilterCriteria":{"Filters":[{"Pattern":"{\"userIdentity\":{\"type\":[\"Service\"],\"principalId\":[\"dynamodb.amazonaws.com\"]}}"}]},
		"DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:eu-central-1:123456789012:q"}}}`
	destination = `{"TableName":"events","KinesisDataStreamDestinations":[{"StreamArn":"` + streamARN + `","DestinationStatus":"ACTIVE","ApproximateCreationDateTimePrecision":"MICROSECOND"}]}`
)

// examine returns the findings of a stage that answers so, by check.
func examine(t *testing.T, consumer, auditor, destination string) map[string]health.Finding {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target := r.Header.Get("X-Amz-Target")
		switch {
		case strings.HasSuffix(r.URL.Path, "/event-source-mappings/consumer"):
			io.WriteString(w, consumer)
		case strings.HasSuffix(r.URL.Path, "/event-source-mappings/auditor"):
			io.WriteString(w, auditor)
		case strings.HasSuffix(target, ".DescribeKinesisStreamingDestination"):
			io.WriteString(w, destination)
		default:
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"__type":"UnknownOperationException","message":"%s"}`, target)
		}
	}))
	t.Cleanup(server.Close)
	s, err := stage.Connect(&stage.Outputs{
		Region: "eu-central-1", EventsTable: "events", StreamName: "s", StreamARN: streamARN, ConsumerMappingID: "consumer", AuditorMappingID: "auditor",
		DeadLetterQueueURL: server.URL + "/123456789012/q", AWSEndpoint: server.URL,
	}, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	found := map[string]health.Finding{}
	for _, f := range health.Examine(t.Context(), s, health.Options{}) {
		found[f.Check] = f
	}
	return found
}

func TestWhatIsSetUpAsItMustBe(t *testing.T) {
	got := map[string]health.State{}
	for check, f := range examine(t, consumer, auditor, destination) {
		got[check] = f.State
	}
	want := map[string]health.State{
		"consumer mapping": health.Healthy, "auditor mapping": health.Healthy, "streaming destination": health.Healthy,
		"outbox": health.Skipped, "stream": health.Skipped, "dead letters": health.Skipped, "retention": health.Skipped, "consumer": health.Skipped,
		"parked orders": health.Skipped,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatIsNot(t *testing.T) {
	swap := func(in, old, new string) string {
		if !strings.Contains(in, old) {
			t.Fatalf("%q is not part of %s", old, in)
		}
		return strings.Replace(in, old, new, 1)
	}
	tests := map[string]struct {
		consumer, auditor, destination string
		check, want                    string
	}{
		"a mapping that is disabled": {
			consumer: swap(consumer, "Enabled", "Disabled"), check: "consumer mapping", want: "it is Disabled",
		},
		"a mapping that began at the end": {
			consumer: swap(consumer, "TRIM_HORIZON", "LATEST"), check: "consumer mapping", want: "it started at LATEST",
		},
		"endless retries":   {consumer: swap(consumer, ":10,", ":-1,"), check: "consumer mapping", want: "retries without end"},
		"no bisecting":      {auditor: swap(auditor, "true", "false"), check: "auditor mapping", want: "does not bisect"},
		"no partial answer": {auditor: swap(auditor, `["ReportBatchItemFailures"]`, `[]`), check: "auditor mapping", want: "does not heed partial failures"},
		"no dead letters":   {auditor: swap(auditor, "OnFailure", "OnSuccess"), check: "auditor mapping", want: "goes nowhere"},
		"a filter that drops re-emitted events": {
			consumer: swap(consumer, `,\"MODIFY\"`, ``), check: "consumer mapping", want: "its filter drops MODIFY",
		},
		"a filter that drops expiries": {
			auditor: swap(auditor, `{\"userIdentity`, `{\"eventName\":[\"INSERT\"],\"userIdentity`), check: "auditor mapping", want: "its filter drops removals",
		},
		"another stream":      {consumer: swap(consumer, "stream/s", "stream/t"), check: "consumer mapping", want: "it reads arn:aws:kinesis:eu-central-1:123456789012:stream/t"},
		"a disabled outlet":   {destination: swap(destination, "ACTIVE", "DISABLED"), check: "streaming destination", want: "is DISABLED"},
		"milliseconds":        {destination: swap(destination, "MICROSECOND", "MILLISECOND"), check: "streaming destination", want: "precision MILLISECOND"},
		"no outlet at all":    {destination: `{"TableName":"events","KinesisDataStreamDestinations":[]}`, check: "streaming destination", want: "has none"},
		"another destination": {destination: swap(destination, "stream/s", "stream/t"), check: "streaming destination", want: "has none"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			or := func(text, otherwise string) string {
				if text == "" {
					return otherwise
				}
				return text
			}
			f := examine(t, or(test.consumer, consumer), or(test.auditor, auditor), or(test.destination, destination))[test.check]
			if f.State != health.Unwell || !strings.Contains(f.Text, test.want) || !strings.HasPrefix(f.Fix, "pulumi up --refresh") {
				t.Errorf("%+v, want a finding with %q", f, test.want)
			}
		})
	}
}
