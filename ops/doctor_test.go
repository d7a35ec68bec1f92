package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/google/go-cmp/cmp"
)

// diagnose runs the doctor and returns its exit code and the state of each check.
func (b *bench) diagnose(t *testing.T, args ...string) (code int, states map[string]string, texts map[string]string) {
	t.Helper()
	code, lines := b.json(append([]string{"doctor"}, args...)...)
	states, texts = map[string]string{}, map[string]string{}
	for _, f := range lines[0]["findings"].([]any) {
		finding := f.(map[string]any)
		name := finding["check"].(string)
		states[name] = finding["state"].(string)
		texts[name] = fmt.Sprint(finding["text"], " ", finding["fix"])
	}
	return code, states, texts
}

func TestDoctorOfAHealthyStage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.place(2)
	b.deliver(nil)
	b.pass(10 * time.Minute)
	code, states, texts := b.diagnose(t)
	want := map[string]string{
		"outbox": "ok", "stream": "ok", "dead letters": "ok", "auditor's dead letters": "ok", "retention": "ok", "consumer": "ok", "parked orders": "ok",
		"streaming destination": "skipped", "consumer mapping": "skipped", "auditor mapping": "skipped",
	}
	if diff := cmp.Diff(want, states); diff != "" || code != exitDone {
		t.Errorf("exit code %d, (-want +got):\n%s\n%v", code, diff, texts)
	}
	if want := "3 sampled events older than 1m0s have all been delivered"; !strings.HasPrefix(texts["consumer"], want) {
		t.Errorf("consumer: %s, want %s", texts["consumer"], want)
	}
	if code, out := b.ops("doctor"); code != exitDone || !strings.HasSuffix(out, "\nhealthy\n") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

func TestDoctorFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	behind, parked := b.place(1), b.place(1)
	b.put(b.event(parked, 2), "order.strange")
	b.deliver(func(data string) bool { return strings.Contains(data, behind) })
	b.letterFor(behind)
	b.pass(30 * time.Minute)
	b.place(1)
	b.deliver(nil)
	ctx := t.Context()
	_, err := b.DynamoDB.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName:               aws.String("events"),
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("expiresAt"), Enabled: aws.Bool(false)},
	})
	b.must(err)
	_, err = b.Kinesis.IncreaseStreamRetentionPeriod(ctx, &awskinesis.IncreaseStreamRetentionPeriodInput{
		StreamName: aws.String("stream"), RetentionPeriodHours: aws.Int32(8760),
	})
	b.must(err)

	code, states, texts := b.diagnose(t)
	if code != exitLeft {
		t.Errorf("exit code %d, want %d", code, exitLeft)
	}
	for check, want := range map[string]string{
		"outbox":        "has no time to live on expiresAt",
		"dead letters":  "go run ./ops redrive",
		"retention":     "set eventRetentionDays to at least 370",
		"consumer":      "1 of",
		"parked orders": "1 go run ./ops parked",
	} {
		if states[check] != "finding" || !strings.Contains(texts[check], want) {
			t.Errorf("%s is %s: %q, want a finding with %q", check, states[check], texts[check], want)
		}
	}
	if !strings.Contains(texts["consumer"], "the oldest since 30m") || !strings.Contains(texts["consumer"], "go run ./ops reconcile -repair") {
		t.Errorf("consumer: %s", texts["consumer"])
	}
	if _, states, _ := b.diagnose(t, "-skip-parked", "-grace", "1h"); states["parked orders"] != "skipped" || states["consumer"] != "ok" {
		t.Errorf("with -skip-parked and a long grace: %v", states)
	}
}
