package lifecycle_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/stack"
)

// The resources that several keys change together.
var (
	apiFunctions = []string{"Function cancelorder-function", "Function getorder-function", "Function placeorder-function"}
	consumer     = []string{"Function fulfilment-handler-function"}
	auditor      = []string{"Function auditor-handler-function"}
	functions    = slices.Concat(apiFunctions, auditor, consumer)
	mapping      = []string{"EventSourceMapping fulfilment-mapping"}
	apiStage     = []string{"Stage api-stage"}
	integrations = []string{"Integration api-cancelorder-integration", "Integration api-getfulfilment-integration", "Integration api-getorder-integration", "Integration api-placeorder-integration"}
	logGroups    = []string{"LogGroup api-logs", "LogGroup auditor-handler-logs", "LogGroup cancelorder-logs", "LogGroup fulfilment-handler-logs", "LogGroup getorder-logs", "LogGroup placeorder-logs"}
	policies     = []string{"RolePolicy auditor-handler-policy", "RolePolicy cancelorder-policy", "RolePolicy fulfilment-handler-policy", "RolePolicy getorder-policy", "RolePolicy placeorder-policy"}
	tables       = []string{"Table fulfilment-fulfilments", "Table outbox-events", "Table outbox-orders"}
	routes       = []string{"Route api-cancelorder-route", "Route api-getfulfilment-route", "Route api-getorder-route", "Route api-placeorder-route"}
	stream       = []string{"Stream outbox-stream"}
	deadLetters  = []string{"Queue auditor-deadletters", "Queue fulfilment-deadletters"}
)

// TestEachConfigurationKey changes one key after the other and looks at the preview: exactly what has to change
// changes, and it changes in place.
func TestEachConfigurationKey(t *testing.T) {
	b := newBench(t)
	dir := clone(t)
	s := b.stage(dir, "outbox")
	if _, _, err := s.up(); err != nil {
		t.Fatal(err)
	}
	settings := filepath.Join(dir, "Pulumi.outbox.yaml")
	before, err := os.ReadFile(settings)
	if err != nil {
		t.Fatal(err)
	}
	tested := map[string]bool{}
	for _, c := range []struct {
		key, value string
		want       [][]string
		// with are keys that have to change together with this one.
		with map[string]string
	}{
		{"architecture", "x86_64", [][]string{functions}, nil},
		{"streamMode", "PROVISIONED", [][]string{stream}, map[string]string{"shardCount": "2"}},
		{"streamRetentionHours", "48", [][]string{stream, {"MetricAlarm watch-stream-unread"}}, nil},
		{"eventRetentionDays", "60", [][]string{auditor, {"Function cancelorder-function", "Function placeorder-function"}}, nil},
		{"deadLetterRetentionDays", "7", [][]string{deadLetters, {"MetricAlarm watch-auditor-dead-letters-old", "MetricAlarm watch-consumer-dead-letters-old"}}, nil},
		{"consumerBatchSize", "200", [][]string{mapping}, nil},
		{"consumerBatchWindowSeconds", "1", [][]string{mapping}, nil},
		{"consumerParallelization", "4", [][]string{mapping}, nil},
		{"consumerMaxRetries", "9", [][]string{mapping}, nil},
		{"consumerMaxRecordAgeSeconds", "3600", [][]string{mapping}, nil},
		{"consumerReservedConcurrency", "10", [][]string{consumer, {"MetricAlarm watch-consumer-concurrency"}}, nil},
		{"consumerMemoryMb", "1024", [][]string{consumer}, nil},
		{"consumerTimeoutSeconds", "30", [][]string{consumer, {"MetricAlarm watch-fulfilment-slow"}}, nil},
		{"apiMemoryMb", "2048", [][]string{apiFunctions}, nil},
		{"apiTimeoutSeconds", "5", [][]string{apiFunctions, integrations, {"MetricAlarm watch-cancelorder-slow", "MetricAlarm watch-getorder-slow", "MetricAlarm watch-placeorder-slow"}}, nil},
		{"apiRateLimit", "10", [][]string{apiStage}, nil},
		{"apiBurstLimit", "20", [][]string{apiStage}, nil},
		{"alarmTopicArn", "arn:aws:sns:eu-west-1:123456789012:alarms", [][]string{alarms(t)}, nil},
		{"logLevel", "DEBUG", [][]string{functions}, nil},
		{"logRetentionDays", "14", [][]string{logGroups}, nil},
		{"tracing", "false", [][]string{functions, policies}, nil},
		{"auth", "iam", [][]string{routes}, nil},
		{"corsOrigins", "https://example.com", [][]string{{"Api api-http"}}, nil},
		{"protect", "true", [][]string{tables, routes}, map[string]string{"auth": "iam"}},
	} {
		tested[c.key] = true
		t.Run(c.key, func(t *testing.T) {
			s.set("transactional-outbox:"+c.key, c.value)
			for key, value := range c.with {
				tested[key] = true
				s.set("transactional-outbox:"+key, value)
			}
			defer write(t, settings, string(before))
			got, err := s.preview()
			if err != nil {
				t.Fatal(err)
			}
			want := slices.Concat(c.want...)
			slices.Sort(want)
			if diff := cmp.Diff(want, updates(t, got)); diff != "" {
				t.Errorf("updates (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("jwt", func(t *testing.T) {
		for key, value := range map[string]string{"auth": "jwt", "jwtIssuer": "https://issuer.example", "jwtAudience": "orders", "jwtScopes": "orders.write"} {
			tested[key] = true
			s.set("transactional-outbox:"+key, value)
		}
		defer write(t, settings, string(before))
		got, err := s.preview()
		if err != nil {
			t.Fatal(err)
		}
		created := func(change string) bool {
			return change == "create aws:apigatewayv2/authorizer:Authorizer api-authorizer"
		}
		if !slices.ContainsFunc(got, created) {
			t.Errorf("changes %q, want an authorizer created", got)
		}
		if diff := cmp.Diff(routes, updates(t, slices.DeleteFunc(got, created))); diff != "" {
			t.Errorf("updates (-want +got):\n%s", diff)
		}
	})
	t.Run("alarms", func(t *testing.T) {
		tested["alarms"] = true
		s.set("transactional-outbox:alarms", "false")
		defer write(t, settings, string(before))
		got, err := s.preview()
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range got {
			if !strings.HasPrefix(change, "delete ") || !strings.Contains(change, " watch") {
				t.Errorf("%s, want what watches deleted and nothing else", change)
			}
		}
		if len(got) < len(alarms(t)) {
			t.Errorf("%d changes, want every alarm deleted", len(got))
		}
	})
	for _, key := range stack.ConfigReference() {
		if !tested[key.Name] {
			t.Errorf("no row for the key %s", key.Name)
		}
	}
}

// alarms lists the alarms of the stage outbox, as updates names them.
func alarms(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, name := range declared(t, "outbox") {
		if _, alarm, ok := strings.Cut(name, ":MetricAlarm "); ok {
			list = append(list, "MetricAlarm "+alarm)
		}
	}
	return list
}

// updates lists what is updated, as "Type name" without components, and fails the test for any other operation.
func updates(t *testing.T, all changes) []string {
	t.Helper()
	names := []string{}
	for _, change := range all {
		operation, rest, _ := strings.Cut(change, " ")
		if operation != "update" {
			t.Errorf("%s, want updates in place only", change)
		}
		if !strings.HasPrefix(rest, "transactional-outbox:") {
			names = append(names, rest[strings.LastIndex(rest, ":")+1:])
		}
	}
	slices.Sort(names)
	return names
}
