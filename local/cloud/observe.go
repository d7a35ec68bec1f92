package cloud

import (
	"context"
	"iter"
	"maps"
	"slices"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb"
	"transactional-outbox/local/faults"
	"transactional-outbox/local/kinesis"
	"transactional-outbox/local/mapping"
	"transactional-outbox/local/replication"
)

// Feed reads the changes of a table from now on, in commit order and complete. Close it.
func (c *Cloud) Feed(table string) (*dynamodb.Feed, error) { return c.dynamodb.Feed(table) }

// Tables, Streams and Queues are DynamoDB, Kinesis and SQS as the desk's owner calls them with a nil Authorizer.
func (c *Cloud) Tables() awsapi.Service { return c.dynamodb }

// Streams is documented with [Cloud.Tables].
func (c *Cloud) Streams() awsapi.Service { return c.kinesis }

// Queues is documented with [Cloud.Tables].
func (c *Cloud) Queues() awsapi.Service { return c.sqs }

// TableStats counts the calls of the DynamoDB engine.
func (c *Cloud) TableStats() dynamodb.Stats { return c.dynamodb.Stats() }

// Mappings returns the status of the event source mappings by identifier.
func (c *Cloud) Mappings() map[string]mapping.Status {
	all := map[string]mapping.Status{}
	for id, running := range c.mappingByID.all() {
		all[id] = running.Status()
	}
	return all
}

// Destinations returns the metrics of the streaming destinations by identifier.
func (c *Cloud) Destinations() map[string]replication.Metrics {
	all := map[string]replication.Metrics{}
	for id, running := range c.destinationByID.all() {
		all[id] = running.Metrics()
	}
	return all
}

// Resources lists what exists, as "kind name": what a stage that is destroyed has left behind.
func (c *Cloud) Resources() []string {
	var all []string
	add := func(kind string, names iter.Seq[string]) {
		for name := range names {
			all = append(all, kind+" "+name)
		}
	}
	add("role", maps.Keys(c.roleByName.all()))
	add("log group", maps.Keys(c.logGroupNames.all()))
	add("API", maps.Keys(c.apiByID.all()))
	add("streaming destination", maps.Keys(c.destinationByID.all()))
	add("event source mapping", maps.Keys(c.mappingByID.all()))
	add("function", maps.Keys(c.functionRole.all()))
	add("alarm", maps.Keys(c.alarmByName.all()))
	add("dashboard", maps.Keys(c.dashboardByName.all()))
	add("metric filter", maps.Keys(c.metricFilterByName.all()))
	add("topic", maps.Keys(c.topicByARN.all()))
	for _, listing := range []struct {
		kind, operation string
		of              service
	}{{"table", "ListTables", serviceDynamoDB}, {"stream", "ListStreams", serviceKinesis}, {"queue", "ListQueues", serviceSQS}} {
		var found struct{ TableNames, StreamNames, QueueUrls []string }
		// A listing without arguments cannot be refused.
		_ = c.call(context.Background(), listing.of, listing.operation, properties{}, &found)
		add(listing.kind, slices.Values(slices.Concat(found.TableNames, found.StreamNames, found.QueueUrls)))
	}
	slices.Sort(all)
	return all
}

// Faults counts what has gone wrong on purpose.
func (c *Cloud) Faults() faults.Counts { return c.options.Faults.Counts() }

// Busy tells whether changes are on their way: committed and not on a stream yet, or read from a stream and not finished. A record
// that is on the stream and about to be read is neither, for a moment.
func (c *Cloud) Busy() bool {
	for _, running := range c.destinationByID.all() {
		if running.Metrics().AgeOfOldestUnreplicatedRecord > 0 {
			return true
		}
	}
	for _, running := range c.mappingByID.all() {
		if running.Status().Backlog > 0 {
			return true
		}
	}
	return false
}

// observedWriter shows the desk every record that DynamoDB writes to a stream.
type observedWriter struct {
	streams
	observe func(StreamRecord)
}

// StreamRecord is a record that a streaming destination has written. Data belongs to the stream: do not modify it.
type StreamRecord struct {
	ShardID, SequenceNumber string
	Data                    []byte
}

func (w observedWriter) PutRecords(ctx context.Context, auth awsapi.Authorizer, in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
	out, err := w.streams.PutRecords(ctx, auth, in)
	if err != nil || w.observe == nil {
		return out, err
	}
	for i, result := range out.Records {
		if result.ErrorCode == "" {
			w.observe(StreamRecord{ShardID: result.ShardId, SequenceNumber: result.SequenceNumber, Data: in.Records[i].Data})
		}
	}
	return out, err
}

// reported tells the desk of what the holder of an authorizer was refused.
func (c *Cloud) reported(caller string, auth awsapi.Authorizer) awsapi.Authorizer {
	if c.options.OnDenied == nil {
		return auth
	}
	return func(action, resource string) error {
		err := auth.Check(action, resource)
		if err != nil {
			c.options.OnDenied(Denial{Caller: caller, Action: action, Resource: resource})
		}
		return err
	}
}

// Denial is a call that the policies of a function's role do not allow.
type Denial struct {
	// Caller is the ARN of the role's session, which ends in the function's name.
	Caller           string
	Action, Resource string
}

// Region is the region of the desk.
func (c *Cloud) Region() string { return c.options.Region }
