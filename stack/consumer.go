package stack

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kinesis"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ConsumerType is the type token of Consumer.
const ConsumerType = "transactional-outbox:stack:Consumer"

// ConsumerArgs says what consumes an outbox, and how fast and persistently.
type ConsumerArgs struct {
	// Table names the consumer's own table in the plural: `fulfilments`. It
	// becomes part of resource names, so it must be plain; the handler finds
	// the table in the variable FULFILMENTS_TABLE. Required.
	Table string
	// Key is the table's partition key, that of the outbox. Required.
	Key string
	// Function is the handler. The consumer adds its table and the outbox to
	// the environment and what reading the stream needs to the statements.
	// Required.
	Function *FunctionArgs
	// Stream announces the events. Required.
	Stream *kinesis.Stream
	// Events is the outbox the consumer fills gaps from. Required.
	Events *dynamodb.Table
	// BatchSize is the most records in one invocation. Required.
	BatchSize pulumi.IntInput
	// BatchWindowSeconds is the longest wait for a batch to fill. Required.
	BatchWindowSeconds pulumi.IntInput
	// Parallelization is how many batches of one shard are worked on at once,
	// never two of the same partition key. Required.
	Parallelization pulumi.IntInput
	// MaxRetries is how often a failing batch is tried again before it becomes
	// a dead letter. Required.
	MaxRetries pulumi.IntInput
	// MaxRecordAgeSeconds makes older records dead letters; -1 none. Required.
	MaxRecordAgeSeconds pulumi.IntInput
	// DeadLetterRetentionSeconds is how long a dead letter is kept. Required.
	DeadLetterRetentionSeconds pulumi.IntInput
	// Protect refuses to delete or replace the table and keeps point-in-time
	// recovery. Optional.
	Protect bool
	// Tags are put on everything taggable, with `component` added. Optional.
	Tags pulumi.StringMap
}

// Consumer applies the events of an outbox to a table of its own, which also
// holds its position.
type Consumer struct {
	pulumi.ResourceState

	// Table is the consumer's state and position.
	Table *dynamodb.Table
	// Function is the handler.
	Function *Function
	// DeadLetters says which records exhausted their retries.
	DeadLetters *sqs.Queue
	// Mapping reads the stream and invokes the handler.
	Mapping *lambda.EventSourceMapping
}

// NewConsumer declares a consumer.
func NewConsumer(
	ctx *pulumi.Context, name string, args *ConsumerArgs, opts ...pulumi.ResourceOption,
) (*Consumer, error) {
	if args == nil {
		args = &ConsumerArgs{}
	}
	if err := require("Consumer", name,
		argument{"Table", args.Table != ""},
		argument{"Key", args.Key != ""},
		argument{"Function", args.Function != nil},
		argument{"Stream", args.Stream != nil},
		argument{"Events", args.Events != nil},
		argument{"BatchSize", args.BatchSize != nil},
		argument{"BatchWindowSeconds", args.BatchWindowSeconds != nil},
		argument{"Parallelization", args.Parallelization != nil},
		argument{"MaxRetries", args.MaxRetries != nil},
		argument{"MaxRecordAgeSeconds", args.MaxRecordAgeSeconds != nil},
		argument{"DeadLetterRetentionSeconds", args.DeadLetterRetentionSeconds != nil},
	); err != nil {
		return nil, err
	}

	c := &Consumer{}
	if err := ctx.RegisterComponentResourceV2(ConsumerType, name, pulumi.Map{
		"table":                      pulumi.String(args.Table),
		"key":                        pulumi.String(args.Key),
		"batchSize":                  args.BatchSize,
		"batchWindowSeconds":         args.BatchWindowSeconds,
		"parallelization":            args.Parallelization,
		"maxRetries":                 args.MaxRetries,
		"maxRecordAgeSeconds":        args.MaxRecordAgeSeconds,
		"deadLetterRetentionSeconds": args.DeadLetterRetentionSeconds,
		"protect":                    pulumi.Bool(args.Protect),
	}, c, opts...); err != nil {
		return nil, err
	}
	parent := pulumi.Parent(c)
	tags := tagged(args.Tags, name)

	var err error
	c.Table, err = dynamodb.NewTable(ctx, name+"-"+args.Table,
		tableArgs(args.Protect, tags, attribute{args.Key, "S"}), parent, pulumi.Protect(args.Protect))
	if err != nil {
		return nil, err
	}
	c.DeadLetters, err = newDeadLetters(ctx, name, args, tags, parent)
	if err != nil {
		return nil, err
	}
	c.Function, err = NewFunction(ctx, name+"-handler", c.functionArgs(args, tags), parent)
	if err != nil {
		return nil, err
	}
	c.Mapping, err = newMapping(ctx, name, args, c, tags, parent)
	if err != nil {
		return nil, err
	}
	if err := ctx.RegisterResourceOutputs(c, pulumi.Map{
		"tableName":          c.Table.Name,
		"functionName":       c.Function.Lambda.Name,
		"deadLetterQueueUrl": c.DeadLetters.Url,
		"mappingId":          c.Mapping.Uuid,
	}); err != nil {
		return nil, err
	}
	return c, nil
}

// functionArgs are the handler's with the consumer's share added.
func (c *Consumer) functionArgs(args *ConsumerArgs, tags pulumi.StringMap) *FunctionArgs {
	function := *args.Function
	function.Tags = tags
	function.Environment = maps.Clone(args.Function.Environment)
	if function.Environment == nil {
		function.Environment = pulumi.StringMap{}
	}
	function.Environment["EVENTS_TABLE"] = args.Events.Name
	function.Environment[strings.ToUpper(args.Table)+"_TABLE"] = c.Table.Name
	function.Statements = append([]Statement{
		{
			Sid:       "MoveState",
			Actions:   []string{"dynamodb:UpdateItem"},
			Resources: pulumi.StringArray{c.Table.Arn},
		},
		{
			Sid:       "FillGapsFromOutbox",
			Actions:   []string{"dynamodb:Query"},
			Resources: pulumi.StringArray{args.Events.Arn},
		},
		{
			// What the mapping, which acts in the function's role, calls.
			// AWS's managed policy also lists SubscribeToShard, which only an
			// enhanced fan-out consumer uses, and ListStreams, which knows no
			// resource but `*` and which neither creating nor polling a
			// mapping calls.
			Sid: "ReadStream",
			Actions: []string{
				"kinesis:DescribeStream",
				"kinesis:DescribeStreamSummary",
				"kinesis:ListShards",
				"kinesis:GetShardIterator",
				"kinesis:GetRecords",
			},
			Resources: pulumi.StringArray{args.Stream.Arn},
		},
		{
			Sid:       "ReportDeadLetters",
			Actions:   []string{"sqs:SendMessage"},
			Resources: pulumi.StringArray{c.DeadLetters.Arn},
		},
	}, args.Function.Statements...)
	return &function
}

// newDeadLetters declares the queue of what exhausted its retries.
func newDeadLetters(
	ctx *pulumi.Context, name string, args *ConsumerArgs, tags pulumi.StringMap, parent pulumi.ResourceOption,
) (*sqs.Queue, error) {
	queue, err := sqs.NewQueue(ctx, name+"-deadletters", &sqs.QueueArgs{
		MessageRetentionSeconds: args.DeadLetterRetentionSeconds.ToIntOutput().ToIntPtrOutput(),
		SqsManagedSseEnabled:    pulumi.Bool(true),
		Tags:                    tags,
	}, parent)
	if err != nil {
		return nil, err
	}
	_, err = sqs.NewQueuePolicy(ctx, name+"-deadletters-policy", &sqs.QueuePolicyArgs{
		QueueUrl: queue.Url,
		Policy:   tlsOnly(queue.Arn),
	}, parent)
	if err != nil {
		return nil, err
	}
	return queue, nil
}

// newMapping declares what reads the stream for the function.
func newMapping(
	ctx *pulumi.Context, name string, args *ConsumerArgs, c *Consumer, tags pulumi.StringMap, parent pulumi.ResourceOption,
) (*lambda.EventSourceMapping, error) {
	filter, err := writesOnly()
	if err != nil {
		return nil, err
	}
	return lambda.NewEventSourceMapping(ctx, name+"-mapping", &lambda.EventSourceMappingArgs{
		EventSourceArn: args.Stream.Arn,
		FunctionName:   c.Function.Lambda.Arn,
		// From the oldest record on: one that arrives while the mapping is
		// being created would otherwise be passed over.
		StartingPosition:               pulumi.String("TRIM_HORIZON"),
		BatchSize:                      args.BatchSize.ToIntOutput().ToIntPtrOutput(),
		MaximumBatchingWindowInSeconds: args.BatchWindowSeconds.ToIntOutput().ToIntPtrOutput(),
		ParallelizationFactor:          args.Parallelization.ToIntOutput().ToIntPtrOutput(),
		MaximumRetryAttempts:           args.MaxRetries.ToIntOutput().ToIntPtrOutput(),
		MaximumRecordAgeInSeconds:      args.MaxRecordAgeSeconds.ToIntOutput().ToIntPtrOutput(),
		BisectBatchOnFunctionError:     pulumi.Bool(true),
		FunctionResponseTypes:          pulumi.StringArray{pulumi.String("ReportBatchItemFailures")},
		FilterCriteria: lambda.EventSourceMappingFilterCriteriaArgs{
			Filters: lambda.EventSourceMappingFilterCriteriaFilterArray{
				lambda.EventSourceMappingFilterCriteriaFilterArgs{Pattern: pulumi.String(filter)},
			},
		},
		DestinationConfig: lambda.EventSourceMappingDestinationConfigArgs{
			OnFailure: lambda.EventSourceMappingDestinationConfigOnFailureArgs{
				DestinationArn: c.DeadLetters.Arn,
			},
		},
		MetricsConfig: lambda.EventSourceMappingMetricsConfigArgs{
			Metrics: pulumi.StringArray{pulumi.String("EventCount")},
		},
		Tags: tags,
	}, parent)
}

// writesOnly is the pattern that drops removals: an event that expires has
// been told long ago.
func writesOnly() (string, error) {
	type data struct {
		EventName []string `json:"eventName"`
	}
	type pattern struct {
		Data data `json:"data"`
	}
	text, err := json.Marshal(pattern{Data: data{EventName: []string{"INSERT", "MODIFY"}}})
	if err != nil {
		return "", fmt.Errorf("marshal filter pattern: %w", err)
	}
	return string(text), nil
}
