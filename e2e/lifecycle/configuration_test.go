package lifecycle_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/cloud"
	"transactional-outbox/stack"
)

// The resources that several keys change together.
var (
	apiFunctions = []string{"Function cancelorder-function", "Function getorder-function", "Function placeorder-function"}
	consumer     = []string{"Function fulfilment-handler-function"}
	auditor      = []string{"Function auditor-handler-function"}
	writers      = []string{"Function cancelorder-function", "Function placeorder-function"}
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

// alarm names alarms.
func alarm(names ...string) []string {
	var list []string
	for _, name := range names {
		list = append(list, "MetricAlarm watch-"+name)
	}
	return list
}

// row is a change of one key.
type row struct {
	key, value string
	want       []string // what changes: "Type name: property", or an operation in place of the property
	// with are keys that have to change together with this one.
	with map[string]string
}

// of are the changes of properties of resources.
func of(resources []string, properties ...string) []string {
	var list []string
	for _, r := range resources {
		for _, p := range properties {
			list = append(list, r+": "+p)
		}
	}
	return list
}

// values are what the row configures.
func (r row) values() map[string]string {
	values := map[string]string{"transactional-outbox:" + r.key: r.value}
	for key, value := range r.with {
		values["transactional-outbox:"+key] = value
	}
	return values
}

// separate tells whether two rows neither set a key in common nor change a property in common, so that one preview
// of both shows what each of them does. Creating or deleting a resource concerns all of its properties.
func (r row) separate(other row) bool {
	for key := range r.values() {
		if _, both := other.values()[key]; both {
			return false
		}
	}
	for _, mine := range r.want {
		name, property, _ := strings.Cut(mine, ": ")
		for _, its := range other.want {
			otherName, otherProperty, _ := strings.Cut(its, ": ")
			if name == otherName && (property == otherProperty || property == "create" || property == "delete" || otherProperty == "create" || otherProperty == "delete") {
				return false
			}
		}
	}
	return true
}

// together packs rows into few groups of separate ones.
func together(rows []row) [][]row {
	var groups [][]row
next:
	for _, r := range rows {
		for i, group := range groups {
			if !slices.ContainsFunc(group, func(other row) bool { return !r.separate(other) }) {
				groups[i] = append(group, r)
				continue next
			}
		}
		groups = append(groups, []row{r})
	}
	return groups
}

// TestEachConfigurationKey changes the keys and looks at the preview: exactly what has to change changes, and it
// changes in place. Keys that change different things change in one preview; where it is not as it should be, each
// of them is looked at alone, to tell which. Which keys share a preview is left to chance: one that changes too much
// is hidden only while a key that may change just that is beside it. In the end, the first of these groups is updated.
func TestEachConfigurationKey(t *testing.T) {
	t.Parallel()
	faulty := &faultyCloud{typ: "aws:lambda/eventSourceMapping:EventSourceMapping"}
	faulty.mended.Store(true)
	b := newBench(t, func(c *cloud.Cloud) providerCloud {
		faulty.Cloud = c
		return &once{providerCloud: faulty}
	})
	dir := clone(t)
	s := b.stage(dir, "outbox")
	if _, err := s.up(); err != nil {
		t.Fatal(err)
	}
	settings := filepath.Join(dir, "Pulumi.outbox.yaml")
	before, err := os.ReadFile(settings)
	if err != nil {
		t.Fatal(err)
	}
	look := func(t *testing.T, rows []row) {
		want := []string{}
		defer write(t, settings, string(before))
		for _, r := range rows {
			s.set(r.values())
			want = append(want, r.want...)
		}
		steps, err := s.plan()
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(want)
		// As one text, whose lines are compared.
		if diff := cmp.Diff(strings.Join(want, "\n"), strings.Join(differences(steps), "\n")); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
	}
	rows := []row{
		{"architecture", "x86_64", of(functions, "architectures[0]"), nil},
		{"streamMode", "PROVISIONED", of(stream, "streamModeDetails.streamMode", "shardCount"), map[string]string{"shardCount": "2"}},
		{"streamRetentionHours", "48", slices.Concat(of(stream, "retentionPeriod"), of(alarm("stream-unread"), "threshold")), nil},
		{"eventRetentionDays", "60", of(slices.Concat(auditor, writers), "environment.variables.EVENT_RETENTION"), nil},
		{"deadLetterRetentionDays", "7", slices.Concat(of(deadLetters, "messageRetentionSeconds"), of(alarm("auditor-dead-letters-old", "consumer-dead-letters-old"), "threshold")), nil},
		{"consumerBatchSize", "200", of(mapping, "batchSize"), nil},
		{"consumerBatchWindowSeconds", "1", of(mapping, "maximumBatchingWindowInSeconds"), nil},
		{"consumerParallelization", "4", of(mapping, "parallelizationFactor"), nil},
		{"consumerMaxRetries", "9", of(mapping, "maximumRetryAttempts"), nil},
		{"consumerMaxRecordAgeSeconds", "3600", of(mapping, "maximumRecordAgeInSeconds"), nil},
		{"consumerReservedConcurrency", "10", slices.Concat(of(consumer, "reservedConcurrentExecutions"), of(alarm("consumer-concurrency"), "threshold", "alarmDescription")), nil},
		{"consumerMemoryMb", "1024", of(consumer, "memorySize"), nil},
		{"consumerTimeoutSeconds", "30", slices.Concat(of(consumer, "timeout"), of(alarm("fulfilment-slow"), "threshold", "alarmDescription")), nil},
		{"apiMemoryMb", "2048", of(apiFunctions, "memorySize", "environment.variables.GOMAXPROCS"), nil},
		{"apiTimeoutSeconds", "5", slices.Concat(of(apiFunctions, "timeout"), of(integrations, "timeoutMilliseconds"), of(alarm("cancelorder-slow", "getorder-slow", "placeorder-slow"), "threshold", "alarmDescription")), nil},
		{"apiRateLimit", "10", of(apiStage, "defaultRouteSettings.throttlingRateLimit"), nil},
		{"apiBurstLimit", "20", of(apiStage, "defaultRouteSettings.throttlingBurstLimit"), nil},
		{"alarms", "false", of(watching(t, ""), "delete"), nil},
		{"alarmTopicArn", "arn:aws:sns:eu-west-1:123456789012:alarms", of(watching(t, "MetricAlarm "), "alarmActions[0]", "okActions[0]"), nil},
		{"logLevel", "DEBUG", of(functions, "loggingConfig.applicationLogLevel"), nil},
		{"logRetentionDays", "14", of(logGroups, "retentionInDays"), nil},
		{"tracing", "false", slices.Concat(of(functions, "tracingConfig.mode"), of(policies, "policy")), nil},
		{"auth", "iam", of(routes, "authorizationType"), nil},
		{"auth", "jwt", append(of(routes, "authorizationType", "authorizationScopes", "authorizerId"), "Authorizer api-authorizer: create"),
			map[string]string{"jwtIssuer": "https://issuer.example", "jwtAudience": "orders", "jwtScopes": "orders.write"}},
		{"corsOrigins", "https://example.com", of([]string{"Api api-http"}, "corsConfiguration"), nil},
		{"kmsKeyArn", "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab", slices.Concat(of(stream, "kmsKeyId"), of(logGroups, "kmsKeyId"),
			of(tables, "serverSideEncryption"), of(deadLetters, "kmsMasterKeyId", "sqsManagedSseEnabled"), of(policies, "policy")), nil},
		{"protect", "true", slices.Concat(of(tables, "deletionProtectionEnabled", "pointInTimeRecovery.enabled"), of(routes, "authorizationType")), map[string]string{"auth": "iam"}},
	}
	seed := time.Now().UnixNano()
	t.Logf("keys shuffled with seed %d", seed)
	rand.New(rand.NewPCG(uint64(seed), 0)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	groups := together(rows)
	for _, group := range groups {
		var keys []string
		for _, r := range group {
			keys = append(keys, r.key)
		}
		if t.Run(strings.Join(keys, "+"), func(t *testing.T) { look(t, group) }) || len(group) == 1 {
			continue
		}
		for _, r := range group {
			t.Run(r.key+" alone", func(t *testing.T) { look(t, []row{r}) })
		}
	}
	// The batch size is separate from everything else, so it is always in the first group.
	t.Run("updated, with a failure in the middle", func(t *testing.T) {
		var want []string
		for _, r := range groups[0] {
			s.set(r.values())
			want = append(want, r.want...)
		}
		faulty.mended.Store(false)
		first, err := s.update()
		if err == nil || !strings.Contains(err.Error(), errFaulty.Error()) {
			t.Fatalf("got %v, want the failure of the mapping", err)
		}
		faulty.mended.Store(true)
		rest, err := s.update()
		if err != nil {
			t.Fatal(err)
		}
		if len(first) == 0 || !slices.ContainsFunc(rest, func(s step) bool { return s.typ == faulty.typ }) {
			t.Errorf("%d changes before the failure, %q afterwards; want some, and the mapping", len(first), rest)
		}
		slices.Sort(want)
		if diff := cmp.Diff(strings.Join(want, "\n"), strings.Join(differences(slices.Concat(first, rest)), "\n")); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
		got, err := s.up()
		expect(t, "up again", nil, got, err)
	})
	tested := map[string]bool{}
	for _, r := range rows {
		for key := range r.values() {
			tested[key] = true
		}
	}
	for _, key := range stack.ConfigReference() {
		if !tested["transactional-outbox:"+key.Name] {
			t.Errorf("no row for the key %s", key.Name)
		}
	}
}

// watching lists what watches the stage outbox, as "Type name", of one type or of all.
func watching(t *testing.T, typ string) []string {
	t.Helper()
	var list []string
	for _, resource := range declared(t, "outbox") {
		if name := resource[strings.LastIndex(resource, ":")+1:]; strings.HasPrefix(name, typ) && strings.Contains(name, " watch-") {
			list = append(list, name)
		}
	}
	return list
}

// differences lists what is changed, components left out: a line for each property of an update, and one for any
// other operation.
func differences(steps []step) []string {
	list := []string{}
	for _, s := range steps {
		if strings.HasPrefix(s.typ, "transactional-outbox:") {
			continue
		}
		name := s.typ[strings.LastIndex(s.typ, ":")+1:] + " " + s.name
		if s.operation != "update" {
			list = append(list, name+": "+s.operation)
			continue
		}
		list = append(list, of([]string{name}, s.properties...)...)
	}
	slices.Sort(list)
	return list
}
