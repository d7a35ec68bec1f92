package stack

import (
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
	// KMSKeyARN is a customer managed key for the table, dead letters and log,
	// and that of Stream and Events. Optional: keys of AWS otherwise.
	KMSKeyARN string
	// Protect refuses to delete the table and keeps point-in-time recovery;
	// replacing it is always refused. Optional.
	Protect bool
	// Declared is called with the consumer when it is declared. Optional.
	Declared func(*Consumer)
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

	name               string
	timeout, letterAge pulumi.IntInput // in seconds
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

	c := &Consumer{name: name, timeout: args.Function.TimeoutSeconds, letterAge: args.DeadLetterRetentionSeconds}
	if err := ctx.RegisterComponentResourceV2(ConsumerType, name, pulumi.Map{
		"table":                      pulumi.String(args.Table),
		"key":                        pulumi.String(args.Key),
		"batchSize":                  args.BatchSize,
		"batchWindowSeconds":         args.BatchWindowSeconds,
		"parallelization":            args.Parallelization,
		"maxRetries":                 args.MaxRetries,
		"maxRecordAgeSeconds":        args.MaxRecordAgeSeconds,
		"deadLetterRetentionSeconds": args.DeadLetterRetentionSeconds,
		"kmsKeyArn":                  optionalKey(args.KMSKeyARN),
		"protect":                    pulumi.Bool(args.Protect),
	}, c, opts...); err != nil {
		return nil, err
	}
	parent := pulumi.Parent(c)
	tags := tagged(args.Tags, name)

	keep, err := irreplaceable(ctx, "consumer", name, args.Protect)
	if err != nil {
		return nil, err
	}
	c.Table, err = dynamodb.NewTable(ctx, name+"-"+args.Table,
		tableArgs(args.Protect, args.KMSKeyARN, tags, attribute{args.Key, "S"}), parent, keep)
	if err != nil {
		return nil, err
	}
	c.DeadLetters, err = newDeadLetters(ctx, name, args.DeadLetterRetentionSeconds, args.KMSKeyARN, tags, parent)
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
	if args.Declared != nil {
		args.Declared(c)
	}
	return c, nil
}

// functionArgs are the handler's with the consumer's share added.
func (c *Consumer) functionArgs(args *ConsumerArgs, tags pulumi.StringMap) *FunctionArgs {
	function := *args.Function
	function.Tags, function.KMSKeyARN = tags, args.KMSKeyARN
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
