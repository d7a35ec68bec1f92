package desk_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"transactional-outbox/local/cloud"
	"transactional-outbox/local/cloudwatch"
	"transactional-outbox/local/desk"
	"transactional-outbox/local/faults"
	"transactional-outbox/stack"
)

// clock is the time, which a test may put forward.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) forward(d time.Duration) { c.ahead.Add(int64(d)) }

// startWatched starts a desk whose clock can be put forward, with faults.
func startWatched(t *testing.T, mix faults.Mix) (*bench, *clock) {
	t.Helper()
	c := &clock{}
	b := &bench{t: t}
	d, err := desk.Start(t.Context(), desk.Options{Root: root(t), Stage: "local", Program: stack.Deploy, Cloud: cloud.Options{
		Faults: faults.New(mix, 1, nil), Clock: c.now,
		Log: func(line cloud.LogLine) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.lines = append(b.lines, string(line.Text))
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	b.Desk = d
	return b, c
}

// place sends an order and returns the status of the answer.
func (b *bench) place(headers map[string]string) int {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.Output("apiUrl")+"/orders", strings.NewReader(`{"description":"two books"}`))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}

// alarms are the states by the alarms' names without what Pulumi has appended.
func (b *bench) alarms() map[string]cloudwatch.State {
	states := map[string]cloudwatch.State{}
	for _, a := range b.Cloud.Alarms() {
		name := strings.TrimPrefix(a.Name, "watch-")
		states[name[:strings.LastIndexByte(name, '-')]] = a.State
	}
	return states
}

func (b *bench) page(path string) string {
	b.t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, b.Output("awsEndpoint")+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		b.t.Fatalf("%s: %s, %v", path, answer.Status, err)
	}
	return string(text)
}

// Each alarm fires on the desk, and is over when its cause is.
func TestEachAlarmFiresAndEnds(t *testing.T) {
	b, c := startWatched(t, faults.Mix{})
	m, region := b.Cloud.Metrics(), b.Cloud.Region()
	functions, _ := b.Outputs["functions"].(map[string]string)
	function := func(name string) cloudwatch.Dimensions {
		physical := functions[name]
		if physical == "" {
			t.Fatalf("output functions has no %s: %v", name, b.Outputs["functions"])
		}
		return cloudwatch.Dimensions{"FunctionName": physical}
	}
	table := func(output string) cloudwatch.Dimensions { return cloudwatch.Dimensions{"TableName": b.Output(output)} }
	queue := func(output string) cloudwatch.Dimensions {
		url := b.Output(output)
		return cloudwatch.Dimensions{"QueueName": url[strings.LastIndexByte(url, '/')+1:]}
	}
	mapping := func(output string) cloudwatch.Dimensions {
		return cloudwatch.Dimensions{"EventSourceMappingUUID": b.Output(output)}
	}
	api := cloudwatch.Dimensions{}
	if b.place(nil) != http.StatusCreated {
		t.Fatal("no order")
	}
	for _, line := range strings.Split(b.page("/metrics"), "\n") {
		if _, rest, ok := strings.Cut(line, `aws_api_gateway_count_total{api_id="`); ok {
			api["ApiId"], _, _ = strings.Cut(rest, `"`)
		}
	}
	stream := cloudwatch.Dimensions{"StreamName": b.Output("streamName")}
	capture := cloudwatch.Dimensions{"TableName": b.Output("eventsTable"), "DelegatedOperation": "whatever DynamoDB calls it in " + region}
	transact := cloudwatch.Dimensions{"TableName": b.Output("ordersTable"), "Operation": "TransactWriteItems"}

	type given struct {
		namespace, name string
		of              cloudwatch.Dimensions
		value           float64
	}
	const day = 24 * 60 * 60
	causes := map[string][]given{
		"api-errors":                {{"AWS/ApiGateway", "5xx", api, 5}, {"AWS/ApiGateway", "Count", api, 100}},
		"api-latency":               {{"AWS/ApiGateway", "Latency", api, 2000}},
		"api-throttled":             {{"TransactionalOutbox", "RequestsThrottled", api, 11}},
		"transaction-conflicts":     {{"AWS/DynamoDB", "TransactionConflict", table("ordersTable"), 101}},
		"transaction-errors":        {{"AWS/DynamoDB", "SystemErrors", transact, 1}},
		"orders-throttled":          {{"AWS/DynamoDB", "WriteThrottleEvents", table("ordersTable"), 1}},
		"events-throttled":          {{"AWS/DynamoDB", "WriteThrottleEvents", table("eventsTable"), 1}},
		"fulfilments-throttled":     {{"AWS/DynamoDB", "WriteThrottleEvents", table("fulfilmentsTable"), 1}},
		"destination-behind":        {{"AWS/DynamoDB", "AgeOfOldestUnreplicatedRecord", capture, 61_000}},
		"destination-skipped":       {{"AWS/DynamoDB", "FailedToReplicateRecordCount", capture, 1}},
		"destination-throttled":     {{"AWS/DynamoDB", "ThrottledPutRecordCount", capture, 1}},
		"stream-unread":             {{"AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", stream, 4 * day * 1000}},
		"stream-writes-throttled":   {{"AWS/Kinesis", "WriteProvisionedThroughputExceeded", stream, 1}},
		"stream-reads-throttled":    {{"AWS/Kinesis", "ReadProvisionedThroughputExceeded", stream, 1}},
		"consumer-behind":           {{"AWS/Lambda", "IteratorAge", function("fulfilment"), 61_000}},
		"auditor-behind":            {{"AWS/Lambda", "IteratorAge", function("auditor"), 7 * 60 * 60 * 1000}},
		"consumer-failing":          {{"AWS/Lambda", "FailedInvokeEventCount", mapping("consumerMappingId"), 1}},
		"consumer-dropped":          {{"AWS/Lambda", "DroppedEventCount", mapping("consumerMappingId"), 1}},
		"consumer-gave-up":          {{"AWS/Lambda", "OnFailureDestinationDeliveredEventCount", mapping("consumerMappingId"), 1}},
		"auditor-failing":           {{"AWS/Lambda", "FailedInvokeEventCount", mapping("auditorMappingId"), 1}},
		"auditor-dropped":           {{"AWS/Lambda", "DroppedEventCount", mapping("auditorMappingId"), 1}},
		"auditor-gave-up":           {{"AWS/Lambda", "OnFailureDestinationDeliveredEventCount", mapping("auditorMappingId"), 1}},
		"consumer-dead-letters":     {{"AWS/SQS", "ApproximateNumberOfMessagesVisible", queue("deadLetterQueueUrl"), 1}},
		"consumer-dead-letters-old": {{"AWS/SQS", "ApproximateAgeOfOldestMessage", queue("deadLetterQueueUrl"), 8 * day}},
		"auditor-dead-letters":      {{"AWS/SQS", "ApproximateNumberOfMessagesVisible", queue("auditorDeadLetterQueueUrl"), 1}},
		"auditor-dead-letters-old":  {{"AWS/SQS", "ApproximateAgeOfOldestMessage", queue("auditorDeadLetterQueueUrl"), 8 * day}},
		"consumer-concurrency":      {{"AWS/Lambda", "ConcurrentExecutions", function("fulfilment"), 900}},
		"orders-parked":             {{"TransactionalOutbox", "OrdersParked", function("fulfilment"), 1}},
		"events-resurrected":        {{"TransactionalOutbox", "EventsResurrected", function("auditor"), 1}},
	}
	for _, name := range []string{"placeorder", "cancelorder", "getorder", "fulfilment", "auditor"} {
		causes[name+"-errors"] = []given{{"AWS/Lambda", "Errors", function(name), 1}}
		causes[name+"-throttled"] = []given{{"AWS/Lambda", "Throttles", function(name), 1}}
		causes[name+"-slow"] = []given{{"AWS/Lambda", "Duration", function(name), 59_000}}
	}
	b.Cloud.EvaluateAlarms()
	for name, state := range b.alarms() {
		if state == cloudwatch.InAlarm {
			t.Errorf("%s fires without a cause", name)
		}
		if causes[name] == nil {
			t.Errorf("nothing makes %s fire", name)
		}
	}
	// The longest alarm looks at an hour.
	for range 15 {
		c.forward(time.Minute)
		for _, cause := range causes {
			for _, g := range cause {
				m.Add(cloudwatch.Gauge, g.namespace, g.name, g.of, c.now(), g.value)
			}
		}
	}
	b.Cloud.EvaluateAlarms()
	for name, state := range b.alarms() {
		if state != cloudwatch.InAlarm {
			t.Errorf("%s does not fire on its cause: %s", name, state)
		}
	}
	if firing := strings.Count(b.page("/metrics"), "alarm_firing{"); firing != len(causes) {
		t.Errorf("%d alarms on the page, want %d", firing, len(causes))
	}
	// Somebody goes on reading the stream; everything else is silent.
	for range 65 {
		c.forward(time.Minute)
		m.Add(cloudwatch.Gauge, "AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", stream, c.now(), 0)
	}
	b.Cloud.EvaluateAlarms()
	for name, state := range b.alarms() {
		if state != cloudwatch.OK {
			t.Errorf("%s is not over: %s", name, state)
		}
	}
}

// A request's trace goes with its event, and what the functions count arrives on the page.
func TestOneOrderIsSeenEverywhere(t *testing.T) {
	b, _ := startWatched(t, faults.Mix{})
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	if status := b.place(map[string]string{"traceparent": "00-" + trace + "-00f067aa0ba902b7-01"}); status != http.StatusCreated {
		t.Fatalf("status %d", status)
	}
	for _, message := range []string{"order placed", "event applied"} {
		b.eventually(message+" in the log", func() bool { return b.logged(`"message":"`+message+`"`, `"traceId":"`+trace+`"`, `"requestId":"`) })
	}
	functions, _ := b.Outputs["functions"].(map[string]string)
	for function, metric := range map[string]string{"placeorder": "orders_placed", "fulfilment": "events_applied"} {
		line := fmt.Sprintf("transactional_outbox_%s_total{function_name=%q} 1\n", metric, functions[function])
		b.eventually(line, func() bool { return strings.Contains(b.page("/metrics"), line) })
	}
	page := b.page("/metrics")
	for _, want := range []string{
		`transactional_outbox_commit_to_effect_count{function_name="`, `aws_lambda_invocations_total{`, `aws_lambda_duration{`, `aws_lambda_polled_event_count_total{`,
		`aws_kinesis_get_records_iterator_age_milliseconds{`, `aws_dynamo_db_age_of_oldest_unreplicated_record{`, `aws_sqs_approximate_number_of_messages_visible{`, `alarm_firing{`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
}
