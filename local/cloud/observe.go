package cloud

import (
	"context"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb"
	"transactional-outbox/local/kinesis"
	"transactional-outbox/local/mapping"
	"transactional-outbox/local/replication"
)

// Feed reads the changes of a table from now on, in commit order and complete. Close it.
func (c *Cloud) Feed(table string) (*dynamodb.Feed, error) { return c.dynamodb.Feed(table) }

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

// observedWriter shows the desk every record that DynamoDB writes to a stream.
type observedWriter struct {
	*kinesis.Engine
	observe func(StreamRecord)
}

// StreamRecord is a record that a streaming destination has written. Data belongs to the stream: do not modify it.
type StreamRecord struct {
	ShardID, SequenceNumber string
	Data                    []byte
}

func (w observedWriter) PutRecords(ctx context.Context, auth awsapi.Authorizer, in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
	out, err := w.Engine.PutRecords(ctx, auth, in)
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

// Region is the region of the desk.
func (c *Cloud) Region() string { return c.options.Region }
