package stack

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kinesis"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// OutboxType is the type token of Outbox.
const OutboxType = "transactional-outbox:stack:Outbox"

// OutboxArgs says what an outbox is for and how its stream is sized.
type OutboxArgs struct {
	// Table names the table of what events are about, in the plural:
	// `orders`. It becomes part of resource names, so it must be plain. Required.
	Table string
	// Key is the partition key of both tables: `orderId`. Required.
	Key string
	// StreamMode is `ON_DEMAND` or `PROVISIONED`. Required.
	StreamMode pulumi.StringInput
	// ShardCount sizes a provisioned stream and must be absent otherwise.
	ShardCount pulumi.IntPtrInput
	// StreamRetentionHours is how long the stream keeps a record. Required.
	StreamRetentionHours pulumi.IntInput
	// KMSKeyARN is a customer managed key for tables and stream. It is not one
	// of the program's own resources: what it encrypts, and backups of that,
	// may outlive the stage. Optional: keys of AWS otherwise.
	KMSKeyARN string
	// Protect refuses to delete tables, stream and streaming destination, and
	// keeps point-in-time recovery; replacing them is always refused. Optional.
	Protect bool
	// Tags are put on everything taggable, with `component` added. Optional.
	Tags pulumi.StringMap
}

// Outbox is a table, the table of its events, written together, and the
// stream that announces every event.
type Outbox struct {
	pulumi.ResourceState

	// Table holds what the events are about.
	Table *dynamodb.Table
	// Events holds the events until they expire: the outbox.
	Events *dynamodb.Table
	// Stream announces each change of Events.
	Stream *kinesis.Stream
	// Consumers are those that were declared with what Config.Consumer says;
	// Observability watches each of them.
	Consumers []*Consumer
	// Destination copies the changes of Events to Stream, from the moment it
	// exists on. Whatever lets events be written must depend on it.
	Destination *dynamodb.KinesisStreamingDestination
}

// NewOutbox declares an outbox.
func NewOutbox(
	ctx *pulumi.Context, name string, args *OutboxArgs, opts ...pulumi.ResourceOption,
) (*Outbox, error) {
	if args == nil {
		args = &OutboxArgs{}
	}
	if err := require("Outbox", name,
		argument{"Table", args.Table != ""},
		argument{"Key", args.Key != ""},
		argument{"StreamMode", args.StreamMode != nil},
		argument{"StreamRetentionHours", args.StreamRetentionHours != nil},
	); err != nil {
		return nil, err
	}

	o := &Outbox{}
	if err := ctx.RegisterComponentResourceV2(OutboxType, name, pulumi.Map{
		"table":                pulumi.String(args.Table),
		"key":                  pulumi.String(args.Key),
		"streamMode":           args.StreamMode,
		"shardCount":           args.ShardCount,
		"streamRetentionHours": args.StreamRetentionHours,
		"kmsKeyArn":            optionalKey(args.KMSKeyARN),
		"protect":              pulumi.Bool(args.Protect),
	}, o, opts...); err != nil {
		return nil, err
	}
	parent := pulumi.Parent(o)
	keep, err := irreplaceable(ctx, "outbox", name, args.Protect)
	if err != nil {
		return nil, err
	}
	tags := tagged(args.Tags, name)

	o.Table, err = dynamodb.NewTable(ctx, name+"-"+args.Table,
		tableArgs(args.Protect, args.KMSKeyARN, tags, attribute{args.Key, "S"}), parent, keep)
	if err != nil {
		return nil, err
	}

	events := tableArgs(args.Protect, args.KMSKeyARN, tags, attribute{args.Key, "S"}, attribute{"sequence", "N"})
	events.Ttl = dynamodb.TableTtlArgs{AttributeName: pulumi.String("expiresAt"), Enabled: pulumi.Bool(true)}
	// The streaming destination cannot be asked for what it failed to copy;
	// the table's own stream sees every removal exactly once.
	events.StreamEnabled = pulumi.Bool(true)
	events.StreamViewType = pulumi.String("NEW_AND_OLD_IMAGES")
	o.Events, err = dynamodb.NewTable(ctx, name+"-events", events, parent, keep)
	if err != nil {
		return nil, err
	}

	o.Stream, err = kinesis.NewStream(ctx, name+"-stream", &kinesis.StreamArgs{
		StreamModeDetails: kinesis.StreamStreamModeDetailsArgs{StreamMode: args.StreamMode},
		ShardCount:        args.ShardCount,
		RetentionPeriod:   args.StreamRetentionHours.ToIntOutput().ToIntPtrOutput(),
		EncryptionType:    pulumi.String("KMS"),
		KmsKeyId:          streamKey(args.KMSKeyARN),
		Tags:              tags,
	}, parent, keep)
	if err != nil {
		return nil, err
	}

	o.Destination, err = dynamodb.NewKinesisStreamingDestination(ctx, name+"-destination",
		&dynamodb.KinesisStreamingDestinationArgs{
			TableName: o.Events.Name,
			StreamArn: o.Stream.Arn,
			// Stated, because the default is milliseconds and changing it
			// later replaces the destination: events in between are lost.
			ApproximateCreationDateTimePrecision: pulumi.String("MICROSECOND"),
		}, parent, keep)
	if err != nil {
		return nil, err
	}

	if err := ctx.RegisterResourceOutputs(o, pulumi.Map{
		"tableName":  o.Table.Name,
		"eventsName": o.Events.Name,
		"streamName": o.Stream.Name,
		"streamArn":  o.Stream.Arn,
	}); err != nil {
		return nil, err
	}
	return o, nil
}
