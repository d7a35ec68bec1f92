package stack_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const alarmType = "aws:cloudwatch/metricAlarm:MetricAlarm"

// awsMetrics are the metrics of AWS that alarms may be about, with the
// dimensions they come with. Where each is documented:
//
//   - AWS/ApiGateway: Amazon API Gateway Developer Guide, "Monitor CloudWatch metrics for HTTP APIs" (http-api-metrics.html)
//   - AWS/DynamoDB: Amazon DynamoDB Developer Guide, "DynamoDB metrics and dimensions" (metrics-dimensions.html)
//   - AWS/Kinesis: Amazon Kinesis Data Streams Developer Guide, "Monitor ... with Amazon CloudWatch" (monitoring-with-cloudwatch.html)
//   - AWS/Lambda: AWS Lambda Developer Guide, "Types of metrics for Lambda functions" (monitoring-metrics-types.html)
//   - AWS/SQS: Amazon SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS" (sqs-available-cloudwatch-metrics.html)
var awsMetrics = map[string]string{
	"AWS/ApiGateway 5xx":                                 "ApiId",
	"AWS/ApiGateway Count":                               "ApiId",
	"AWS/ApiGateway Latency":                             "ApiId",
	"AWS/DynamoDB AgeOfOldestUnreplicatedRecord":         "DelegatedOperation TableName",
	"AWS/DynamoDB FailedToReplicateRecordCount":          "DelegatedOperation TableName",
	"AWS/DynamoDB ThrottledPutRecordCount":               "DelegatedOperation TableName",
	"AWS/DynamoDB SystemErrors":                          "Operation TableName",
	"AWS/DynamoDB TransactionConflict":                   "TableName",
	"AWS/DynamoDB WriteThrottleEvents":                   "TableName",
	"AWS/Kinesis GetRecords.IteratorAgeMilliseconds":     "StreamName",
	"AWS/Kinesis ReadProvisionedThroughputExceeded":      "StreamName",
	"AWS/Kinesis WriteProvisionedThroughputExceeded":     "StreamName",
	"AWS/Lambda ConcurrentExecutions":                    "FunctionName",
	"AWS/Lambda Duration":                                "FunctionName",
	"AWS/Lambda Errors":                                  "FunctionName",
	"AWS/Lambda IteratorAge":                             "FunctionName",
	"AWS/Lambda Throttles":                               "FunctionName",
	"AWS/Lambda DroppedEventCount":                       "EventSourceMappingUUID",
	"AWS/Lambda FailedInvokeEventCount":                  "EventSourceMappingUUID",
	"AWS/Lambda OnFailureDestinationDeliveredEventCount": "EventSourceMappingUUID",
	"AWS/SQS ApproximateAgeOfOldestMessage":              "QueueName",
	"AWS/SQS ApproximateNumberOfMessagesVisible":         "QueueName",
}

// watched is one metric that an alarm looks at.
type watched struct {
	namespace, name string
	dimensions      map[string]any
}

// metricsOf are the metrics of an alarm, whichever way it names them.
func metricsOf(t *testing.T, alarm map[string]any) []watched {
	t.Helper()
	if name, ok := alarm["metricName"].(string); ok {
		return []watched{{alarm["namespace"].(string), name, alarm["dimensions"].(map[string]any)}}
	}
	query := regexp.MustCompile(`^SELECT [A-Z]+\((\w+)\) FROM SCHEMA\("([^"]+)", ([\w, ]+)\) WHERE (\w+) = '([^']+)'$`)
	var list []watched
	for _, q := range alarm["metricQueries"].([]any) {
		q := q.(map[string]any)
		if m, ok := q["metric"].(map[string]any); ok {
			list = append(list, watched{m["namespace"].(string), m["metricName"].(string), m["dimensions"].(map[string]any)})
			continue
		}
		if parts := query.FindStringSubmatch(q["expression"].(string)); parts != nil {
			dimensions := map[string]any{}
			for _, d := range strings.Split(parts[3], ", ") {
				dimensions[d] = nil // any value
			}
			dimensions[parts[4]] = parts[5]
			list = append(list, watched{parts[2], parts[1], dimensions})
		}
	}
	if len(list) == 0 {
		t.Errorf("alarm without a metric: %v", alarm)
	}
	return list
}

// emitted are the metrics that handlers write, read out of their code: those
// of a function are what its packages name.
func emitted(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../handlers/metrics/names.go")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, parts := range regexp.MustCompile(`case (\w+):\n\t\treturn "(\w+)"`).FindAllStringSubmatch(string(text), -1) {
		names[parts[2]] = parts[1] == parts[2]
	}
	if !strings.Contains(string(text), `Namespace = "TransactionalOutbox"`) || len(names) == 0 {
		t.Fatal("the handlers' metrics are not where this test looks for them")
	}
	return names
}

// Every alarm is about a metric that something in this program sends, with
// the dimensions it is sent with, of a resource that this program declares.
func TestEveryAlarmIsAboutAMetricThatExists(t *testing.T) {
	own := emitted(t)
	for _, name := range stages(t) {
		r, _ := deploy(t, name, nil)
		exists := map[string]bool{"TransactWriteItems": true}
		for _, res := range r.sorted() {
			for _, output := range []string{"name", "uuid", "id"} {
				exists["${"+res.name+"."+output+"}"] = true
			}
		}
		filter := r.find(t, "aws:cloudwatch/logMetricFilter:LogMetricFilter", "watch-throttled").
			inputs["metricTransformation"].ObjectValue().Mappable()
		counted := fmt.Sprint(filter["namespace"], " ", filter["name"])
		for _, res := range r.sorted() {
			if res.kind != alarmType {
				continue
			}
			for _, m := range metricsOf(t, res.inputs.Mappable()) {
				full := m.namespace + " " + m.name
				dimensions := strings.Join(slices.Sorted(maps.Keys(m.dimensions)), " ")
				switch {
				case awsMetrics[full] == dimensions:
				case full == counted && dimensions == "ApiId":
				case m.namespace == "TransactionalOutbox" && own[m.name] && dimensions == "FunctionName":
				default:
					t.Errorf("stage %s: %s is about %s with the dimensions %q, which nothing sends", name, res.name, full, dimensions)
				}
				for dimension, value := range m.dimensions {
					if value != nil && !exists[value.(string)] {
						t.Errorf("stage %s: %s: %s is %v, which is nothing of this stage", name, res.name, dimension, value)
					}
				}
			}
		}
	}
}

// The mail of an alarm has to be enough to begin with, and its section of
// the runbook to go on with.
func TestEveryAlarmSaysWhatToDo(t *testing.T) {
	text, err := os.ReadFile("../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, part := range strings.Split(string(text), "\n### ")[1:] {
		anchor, body, _ := strings.Cut(part, "\n")
		body, _, _ = strings.Cut(body, "\n## ")
		sections[anchor] = body
	}
	command := regexp.MustCompile("`ops (doctor|redrive|replay|reconcile|parked|unpark|trace)[^`]*`")
	link := regexp.MustCompile(` See docs/runbook\.md#([a-z-]+)$`)
	used := map[string]bool{}
	r, _ := deploy(t, "outbox", nil)
	for _, res := range r.sorted() {
		if res.kind != alarmType {
			continue
		}
		description := res.inputs["alarmDescription"].StringValue()
		parts := link.FindStringSubmatch(description)
		if parts == nil {
			t.Errorf("%s: the description leads nowhere: %s", res.name, description)
			continue
		}
		used[parts[1]] = true
		body, ok := sections[parts[1]]
		if !ok {
			t.Errorf("%s: the runbook has no section %s", res.name, parts[1])
		}
		if !command.MatchString(body) {
			t.Errorf("section %s names no command of ops", parts[1])
		}
		if len(description) > 1024 {
			t.Errorf("%s: the description has %d characters, CloudWatch takes 1024", res.name, len(description))
		}
		if missing := res.inputs["treatMissingData"]; !missing.IsString() || missing.StringValue() == "" {
			t.Errorf("%s: nobody has thought about missing data", res.name)
		}
	}
	for anchor := range sections {
		if !used[anchor] {
			t.Errorf("no alarm leads to section %s", anchor)
		}
	}
}

// What the reviewers of a stage ask for, by the beginning of an alarm's name.
func TestAlarmsCoverTheWholeWay(t *testing.T) {
	r, _ := deploy(t, "prod", nil)
	var names []string
	for _, res := range r.sorted() {
		if res.kind == alarmType {
			names = append(names, strings.TrimPrefix(res.name, "watch-"))
		}
	}
	want := []string{
		"api-errors", "api-latency", "api-throttled",
		"transaction-conflicts", "transaction-errors", "orders-throttled", "events-throttled", "fulfilments-throttled",
		"destination-behind", "destination-skipped", "destination-throttled",
		"stream-unread", "stream-writes-throttled", "stream-reads-throttled", "consumer-behind", "auditor-behind",
		"consumer-concurrency", "orders-parked", "events-resurrected",
	}
	for _, f := range []string{"placeorder", "cancelorder", "getorder", "fulfilment", "auditor"} {
		want = append(want, f+"-errors", f+"-throttled", f+"-slow")
	}
	for _, m := range []string{"consumer", "auditor"} {
		want = append(want, m+"-failing", m+"-dropped", m+"-gave-up", m+"-dead-letters", m+"-dead-letters-old")
	}
	slices.Sort(want)
	slices.Sort(names)
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
	}
}

func TestThresholdsFollowTheConfiguration(t *testing.T) {
	r, _ := deploy(t, "outbox", map[string]string{
		"streamRetentionHours": "48", "deadLetterRetentionDays": "4", "apiTimeoutSeconds": "20", "consumerReservedConcurrency": "50",
	})
	for alarm, want := range map[string]float64{
		"watch-stream-unread":             24 * 60 * 60 * 1000,
		"watch-consumer-dead-letters-old": 2 * 24 * 60 * 60,
		"watch-placeorder-slow":           16_000,
		"watch-consumer-concurrency":      40,
	} {
		if got := r.find(t, alarmType, alarm).inputs["threshold"].NumberValue(); got != want {
			t.Errorf("%s: threshold %v, want %v", alarm, got, want)
		}
	}
}

func TestAlarmsTellTheTopicThatIsConfigured(t *testing.T) {
	const existing = "arn:aws:sns:eu-west-1:123456789012:alarms"
	for name, c := range map[string]struct {
		topic string
		want  []any
		made  bool
	}{
		"nobody":            {"", nil, false},
		"an existing topic": {existing, []any{existing}, false},
		"one of its own":    {"create", []any{"arn:aws:sns:eu-west-1:123456789012:made"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			r, outputs := deploy(t, "outbox", map[string]string{"alarmTopicArn": c.topic})
			if c.want != nil && outputs["alarmTopicArn"] != c.want[0] {
				t.Errorf("output alarmTopicArn is %v", outputs["alarmTopicArn"])
			}
			made := false
			for _, res := range r.sorted() {
				made = made || res.kind == "aws:sns/topic:Topic"
				if res.kind != alarmType {
					continue
				}
				for _, actions := range []string{"alarmActions", "okActions"} {
					got, _ := res.inputs.Mappable()[actions].([]any)
					if diff := cmp.Diff(c.want, got); diff != "" && len(got)+len(c.want) > 0 {
						t.Errorf("%s: %s (-want +got):\n%s", res.name, actions, diff)
					}
				}
			}
			if made != c.made {
				t.Errorf("a topic was declared: %t", made)
			}
		})
	}
}

func TestOnlyCloudWatchTellsTheTopicAnything(t *testing.T) {
	const arn = "arn:aws:sns:eu-west-1:123456789012:made"
	want := []statement{
		{
			Sid: "ToldByAlarms", Effect: "Allow", Principal: map[string]any{"Service": "cloudwatch.amazonaws.com"},
			Action: []string{"sns:Publish"}, Resource: []string{arn},
			Condition: map[string]map[string]string{
				"ArnLike":      {"aws:SourceArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:*"},
				"StringEquals": {"aws:SourceAccount": "123456789012"},
			},
		},
		{
			Sid: "DenyWithoutTLS", Effect: "Deny", Principal: "*", Action: []string{"sns:Publish"}, Resource: []string{arn},
			Condition: map[string]map[string]string{"Bool": {"aws:SecureTransport": "false"}},
		},
	}
	r, _ := deploy(t, "outbox", map[string]string{"alarmTopicArn": "create"})
	policy := r.find(t, "aws:sns/topicPolicy:TopicPolicy", "watch-alarms-policy")
	if diff := cmp.Diff(want, statements(t, policy, "policy")); diff != "" {
		t.Errorf("statements (-want +got):\n%s", diff)
	}
}

func TestStageWithoutAlarmsDeclaresNone(t *testing.T) {
	r, outputs := deploy(t, "outbox", map[string]string{"alarms": "false"})
	for _, res := range r.sorted() {
		if strings.HasPrefix(res.name, "watch") {
			t.Errorf("%s %s was declared", res.kind, res.name)
		}
	}
	if outputs["dashboardUrl"] != nil {
		t.Errorf("output dashboardUrl is %v", outputs["dashboardUrl"])
	}
}

// CloudWatch takes a dashboard whose body it does not understand, and shows
// nothing; so its shape is checked here.
func TestDashboardShowsTheAlarmsAndMetricsThatExist(t *testing.T) {
	r, _ := deploy(t, "outbox", nil)
	var body struct {
		Widgets []struct {
			Type                string
			X, Y, Width, Height int
			Properties          struct {
				Title, Region, View, Stat string
				Period                    int
				Alarms                    []string
				Metrics                   [][]any
			}
		}
	}
	text := r.find(t, "aws:cloudwatch/dashboard:Dashboard", "watch-dashboard").inputs["dashboardBody"].StringValue()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil {
		t.Fatal(err)
	}
	own, alarms := emitted(t), 0
	for _, res := range r.sorted() {
		if res.kind == alarmType {
			alarms++
		}
	}
	taken := map[[2]int]string{}
	for _, w := range body.Widgets {
		title := w.Properties.Title
		for x := w.X; x < w.X+w.Width; x++ {
			for y := w.Y; y < w.Y+w.Height; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("%q lies over %q", title, other)
				}
				taken[[2]int{x, y}] = title
			}
		}
		if w.X+w.Width > 24 {
			t.Errorf("%q is not within the 24 columns", title)
		}
		if w.Type == "alarm" {
			if len(w.Properties.Alarms) != alarms {
				t.Errorf("%d of %d alarms are shown", len(w.Properties.Alarms), alarms)
			}
			continue
		}
		if w.Properties.Region != "eu-west-1" || len(w.Properties.Metrics) == 0 {
			t.Errorf("%q: region %q, %d metrics", title, w.Properties.Region, len(w.Properties.Metrics))
		}
		for _, m := range w.Properties.Metrics {
			if len(m) == 5 && m[0] == "TransactionalOutbox" && m[1] != "RequestsThrottled" && !own[m[1].(string)] {
				t.Errorf("%q shows %v, which no handler writes", title, m[1])
			}
			if len(m) != 5 && len(m) != 1 {
				t.Errorf("%q: %v is neither a metric with one dimension nor an expression", title, m)
			}
		}
	}
}
