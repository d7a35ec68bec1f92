package cloud

import (
	"context"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb"
	"transactional-outbox/local/replication"
)

// destinationInput are the inputs of aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination.
type destinationInput struct {
	TableName                            string `json:"tableName"`
	StreamARN                            string `json:"streamArn"`
	ApproximateCreationDateTimePrecision string `json:"approximateCreationDateTimePrecision"`
}

// destination is a streaming destination with the feed it reads.
type destination struct {
	*replication.Destination
	feed          *dynamodb.Feed
	table, stream string
}

// stop ends the replication.
func (d destination) stop() error {
	err := d.Disable()
	d.feed.Close()
	return err
}

// destinations implements aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination. Every property
// replaces, the precision too (terraform-provider-aws, which Pulumi's provider wraps, marks it ForceNew), and
// changes made between the two are lost: nothing is replicated from before a destination was enabled.
func (c *Cloud) destinations() resourceType {
	return typed[destinationInput]{
		facts:      traits{replace: []string{"tableName", "streamArn", "approximateCreationDateTimePrecision"}},
		createFunc: c.createDestination,
		deleteFunc: func(_ context.Context, id string, _ destinationInput) error {
			running, ok := c.destinationByID.get(id)
			if !ok {
				return nil
			}
			c.destinationByID.remove(id)
			return running.stop()
		},
		existsFunc: func(_ context.Context, id string, _ destinationInput) (bool, error) {
			_, ok := c.destinationByID.get(id)
			return ok, nil
		},
	}
}

func (c *Cloud) createDestination(ctx context.Context, in destinationInput) (string, properties, error) {
	if err := c.call(ctx, serviceKinesis, "DescribeStreamSummary", properties{"StreamARN": in.StreamARN}, nil); err != nil {
		return "", nil, err
	}
	id := in.TableName + "," + in.StreamARN
	if _, ok := c.destinationByID.get(id); ok {
		return "", nil, awsapi.Errorf("ValidationException", "Table is not in a valid state to enable Kinesis Streaming Destination: KinesisStreamingDestination must be DISABLED or ENABLE_FAILED to perform ENABLE operation.")
	}
	feed, err := c.dynamodb.Feed(in.TableName)
	if err != nil {
		return "", nil, err
	}
	running, err := replication.Enable(feed, observedWriter{c.kinesis, c.options.OnStreamRecord}, in.StreamARN, &replication.Options{
		Region:    c.options.Region,
		Precision: replication.Precision(in.ApproximateCreationDateTimePrecision),
		Duplicate: c.options.Duplicate,
		Seed:      c.options.Seed,
		Chaos:     c.options.Faults.Chaos(observedWriter{c.kinesis, c.options.OnStreamRecord}, in.StreamARN),
		Clock:     c.options.Clock,
		Logger:    c.options.Logger,
	})
	if err != nil {
		feed.Close()
		return "", nil, err
	}
	c.destinationByID.add(id, destination{running, feed, in.TableName, in.StreamARN})
	return id, nil, nil
}
