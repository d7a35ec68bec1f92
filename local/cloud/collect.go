package cloud

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/cloudwatch"
	"transactional-outbox/local/kinesis"
	"transactional-outbox/local/mapping"
)

// changeCapture is the DelegatedOperation of a streaming destination. DynamoDB has one too, and does not document its name.
const changeCapture = "ChangeDataCaptureForKinesis"

// mappingOf is what metrics name a mapping by.
type mappingOf struct{ function, source string }

// collect counts what has happened since the last look, and looks at everything that has a level.
func (c *Cloud) collect(now time.Time) {
	c.collectFunctions(now)
	c.collectMappings(now)
	c.collectDestinations(now)
	for name, depth := range c.sqs.Depths() {
		of := cloudwatch.Dimensions{"QueueName": name}
		c.gauge("AWS/SQS", "ApproximateNumberOfMessagesVisible", of, now, float64(depth.Visible))
		c.gauge("AWS/SQS", "ApproximateNumberOfMessagesNotVisible", of, now, float64(depth.Invisible))
		c.gauge("AWS/SQS", "ApproximateAgeOfOldestMessage", of, now, depth.Oldest.Seconds())
	}
}

func (c *Cloud) collectFunctions(now time.Time) {
	for name := range c.functionRole.all() {
		of := cloudwatch.Dimensions{"FunctionName": name}
		stats := c.lambda.Stats(name)
		c.counter("AWS/Lambda", "Invocations", of, now, stats.Invocations)
		c.counter("AWS/Lambda", "Errors", of, now, stats.Errors)
		c.counter("AWS/Lambda", "Throttles", of, now, stats.Throttles)
		c.gauge("AWS/Lambda", "ConcurrentExecutions", of, now, float64(stats.Running))
	}
}

func (c *Cloud) collectMappings(now time.Time) {
	named := c.mappingNames.all()
	for id, running := range c.mappingByID.all() {
		status, of := running.Status(), cloudwatch.Dimensions{"EventSourceMappingUUID": id}
		for name, count := range map[string]int64{
			"PolledEventCount":                        status.PolledEventCount,
			"FilteredOutEventCount":                   status.FilteredOutEventCount,
			"InvokedEventCount":                       status.InvokedEventCount,
			"FailedInvokeEventCount":                  status.FailedInvokeEventCount,
			"DroppedEventCount":                       status.DroppedEventCount,
			"OnFailureDestinationDeliveredEventCount": status.OnFailureDestinationDeliveredEventCount,
		} {
			c.counter("AWS/Lambda", name, of, now, count)
		}
		// Without an invocation there is no age of what it was about.
		if invoked := c.since("invocations of "+id, status.Invocations); invoked > 0 {
			function := cloudwatch.Dimensions{"FunctionName": named[id].function}
			c.gauge("AWS/Lambda", "IteratorAge", function, now, milliseconds(status.IteratorAge))
		}
		if stream, ok := strings.CutPrefix(named[id].source, c.arn("kinesis", "stream/")); ok && status.State == mapping.Enabled {
			of := cloudwatch.Dimensions{"StreamName": stream}
			age := 0.0
			if status.Backlog > 0 {
				age = milliseconds(status.IteratorAge)
			}
			c.gauge("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", of, now, age)
		}
	}
}

func (c *Cloud) collectDestinations(now time.Time) {
	for id, running := range c.destinationByID.all() {
		table, arn, _ := strings.Cut(id, ",")
		m := running.Metrics()
		of := cloudwatch.Dimensions{"TableName": table, "DelegatedOperation": changeCapture}
		c.gauge("AWS/DynamoDB", "AgeOfOldestUnreplicatedRecord", of, now, milliseconds(m.AgeOfOldestUnreplicatedRecord))
		c.counter("AWS/DynamoDB", "FailedToReplicateRecordCount", of, now, m.FailedToReplicateRecordCount)
		c.counter("AWS/DynamoDB", "ThrottledPutRecordCount", of, now, m.ThrottledPutRecordCount)
		name := strings.TrimPrefix(arn, c.arn("kinesis", "stream/"))
		stream := cloudwatch.Dimensions{"StreamName": name}
		c.counter("AWS/Kinesis", "IncomingRecords", stream, now, m.Written)
		c.counter("AWS/Kinesis", "WriteProvisionedThroughputExceeded", stream, now, m.ThrottledPutRecordCount)
		var refused int64
		if own, ok := c.kinesis.(*kinesis.Engine); ok { // what another endpoint refuses is not known here
			refused = own.RefusedReads(name)
		}
		c.counter("AWS/Kinesis", "ReadProvisionedThroughputExceeded", stream, now, refused)
	}
}

func (c *Cloud) gauge(namespace, name string, of cloudwatch.Dimensions, now time.Time, value float64) {
	c.watch.metrics.Add(cloudwatch.Gauge, namespace, name, of, now, value)
}

// counter adds what a counter that only grows has grown by.
func (c *Cloud) counter(namespace, name string, of cloudwatch.Dimensions, now time.Time, total int64) {
	var b strings.Builder
	b.WriteString(namespace + name)
	for _, value := range of {
		b.WriteString(value)
	}
	c.watch.metrics.Add(cloudwatch.Counter, namespace, name, of, now, float64(c.since(b.String(), total)))
}

// since is what a counter has grown by since the last call.
func (c *Cloud) since(name string, total int64) int64 {
	grown := total - c.watch.seen[name]
	c.watch.seen[name] = total
	return grown
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// countedTables counts what DynamoDB refuses.
type countedTables struct {
	awsapi.Service
	cloud *Cloud
}

func (t countedTables) Call(ctx context.Context, auth awsapi.Authorizer, operation string, request []byte) ([]byte, error) {
	response, err := t.Service.Call(ctx, auth, operation, request)
	if err != nil {
		t.refused(operation, request, err)
	}
	return response, err
}

// refused counts a call by what was the matter.
func (t countedTables) refused(operation string, request []byte, err error) {
	e, ok := err.(*awsapi.Error)
	if !ok {
		return
	}
	metric := map[string]string{
		"ProvisionedThroughputExceededException": "WriteThrottleEvents",
		"ThrottlingException":                    "WriteThrottleEvents",
		"RequestLimitExceeded":                   "WriteThrottleEvents",
		"TransactionConflictException":           "TransactionConflict",
		"InternalServerError":                    "SystemErrors",
	}[e.Code]
	conflicts := e.Code == "TransactionCanceledException" && strings.Contains(e.Message, "TransactionConflict")
	switch operation {
	case "GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems":
		if metric == "WriteThrottleEvents" {
			metric = "ReadThrottleEvents"
		}
	}
	if conflicts {
		metric = "TransactionConflict"
	}
	if metric == "" {
		return
	}
	for _, table := range tablesOf(request) {
		of := cloudwatch.Dimensions{"TableName": table}
		if metric == "SystemErrors" {
			of["Operation"] = operation
		}
		t.cloud.watch.metrics.Add(cloudwatch.Counter, "AWS/DynamoDB", metric, of, t.cloud.options.Clock(), 1)
	}
}

// tablesOf are the tables that a request is about.
func tablesOf(request []byte) []string {
	type named struct{ TableName string }
	var r struct {
		TableName     string
		TransactItems []map[string]named
		RequestItems  map[string]any
	}
	if json.Unmarshal(request, &r) != nil {
		return nil
	}
	tables := map[string]bool{}
	for _, action := range r.TransactItems {
		for _, of := range action {
			tables[of.TableName] = true
		}
	}
	for name := range r.RequestItems {
		tables[name] = true
	}
	if r.TableName != "" {
		tables[r.TableName] = true
	}
	list := make([]string, 0, len(tables))
	for name := range maps.Keys(tables) {
		list = append(list, name)
	}
	return list
}

// countedAPI counts the requests of an API and their answers.
func (c *Cloud) countedAPI(id string, api http.Handler) http.Handler {
	of := cloudwatch.Dimensions{"ApiId": id}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := c.options.Clock()
		answer := &counted{ResponseWriter: w}
		api.ServeHTTP(answer, r)
		now := c.options.Clock()
		is := func(class int) float64 {
			if answer.status/100 == class {
				return 1
			}
			return 0
		}
		m := c.watch.metrics
		m.Add(cloudwatch.Counter, "AWS/ApiGateway", "Count", of, now, 1)
		m.Add(cloudwatch.Counter, "AWS/ApiGateway", "4xx", of, now, is(4))
		m.Add(cloudwatch.Counter, "AWS/ApiGateway", "5xx", of, now, is(5))
		m.Add(cloudwatch.Distribution, "AWS/ApiGateway", "Latency", of, now, milliseconds(now.Sub(begun)))
	})
}

// counted remembers the status of an answer.
type counted struct {
	http.ResponseWriter
	status int
}

func (w *counted) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController find what the writer can do.
func (w *counted) Unwrap() http.ResponseWriter { return w.ResponseWriter }
