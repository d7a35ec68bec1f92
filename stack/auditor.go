package stack

import (
	"maps"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AuditorType is the type token of Auditor.
const AuditorType = "transactional-outbox:stack:Auditor"

// AuditorArgs says whose events an auditor watches, and for whom.
type AuditorArgs struct {
	// Events is the outbox, whose own stream tells what expires. Required.
	Events *dynamodb.Table
	// Table names the consumer's table in the plural, as ConsumerArgs.Table
	// does: the handler finds it in the variable FULFILMENTS_TABLE. Required.
	Table string
	// Positions is the consumer's table: how far each order has got. Required.
	Positions *dynamodb.Table
	// Retention is how long an event that is put back stays, in Go's notation:
	// `720h`. Required.
	Retention pulumi.StringInput
	// Function is the handler. The auditor adds both tables and Retention to
	// the environment, and what reading the stream needs to the statements.
	// Required.
	Function *FunctionArgs
	// DeadLetterRetentionSeconds is how long a dead letter is kept. The
	// record it names is kept for a day, by DynamoDB. Required.
	DeadLetterRetentionSeconds pulumi.IntInput
	// KMSKeyARN is a customer managed key for dead letters and log, and that
	// of both tables. Optional: keys of AWS otherwise.
	KMSKeyARN string
	// Tags are put on everything taggable, with `component` added. Optional.
	Tags pulumi.StringMap
}

// Auditor puts events back into an outbox that expired before their delivery.
type Auditor struct {
	pulumi.ResourceState

	// Function is the handler.
	Function *Function
	// DeadLetters says which removals could not be audited.
	DeadLetters *sqs.Queue
	// Mapping reads the events table's stream and invokes the handler.
	Mapping *lambda.EventSourceMapping
}

// NewAuditor declares an auditor.
func NewAuditor(
	ctx *pulumi.Context, name string, args *AuditorArgs, opts ...pulumi.ResourceOption,
) (*Auditor, error) {
	if args == nil {
		args = &AuditorArgs{}
	}
	if err := require("Auditor", name,
		argument{"Events", args.Events != nil},
		argument{"Table", args.Table != ""},
		argument{"Positions", args.Positions != nil},
		argument{"Retention", args.Retention != nil},
		argument{"Function", args.Function != nil},
		argument{"DeadLetterRetentionSeconds", args.DeadLetterRetentionSeconds != nil},
	); err != nil {
		return nil, err
	}

	a := &Auditor{}
	if err := ctx.RegisterComponentResourceV2(AuditorType, name, pulumi.Map{
		"table":                      pulumi.String(args.Table),
		"retention":                  args.Retention,
		"deadLetterRetentionSeconds": args.DeadLetterRetentionSeconds,
		"kmsKeyArn":                  optionalKey(args.KMSKeyARN),
	}, a, opts...); err != nil {
		return nil, err
	}
	parent := pulumi.Parent(a)
	tags := tagged(args.Tags, name)

	var err error
	a.DeadLetters, err = newDeadLetters(ctx, name, args.DeadLetterRetentionSeconds, args.KMSKeyARN, tags, parent)
	if err != nil {
		return nil, err
	}
	a.Function, err = NewFunction(ctx, name+"-handler", a.functionArgs(args, tags), parent)
	if err != nil {
		return nil, err
	}
	a.Mapping, err = newAuditorMapping(ctx, name, args, a, tags, parent)
	if err != nil {
		return nil, err
	}
	if err := ctx.RegisterResourceOutputs(a, pulumi.Map{
		"functionName":       a.Function.Lambda.Name,
		"deadLetterQueueUrl": a.DeadLetters.Url,
		"mappingId":          a.Mapping.Uuid,
	}); err != nil {
		return nil, err
	}
	return a, nil
}

// functionArgs are the handler's with the auditor's share added.
func (a *Auditor) functionArgs(args *AuditorArgs, tags pulumi.StringMap) *FunctionArgs {
	function := *args.Function
	function.Tags, function.KMSKeyARN = tags, args.KMSKeyARN
	function.Environment = maps.Clone(args.Function.Environment)
	if function.Environment == nil {
		function.Environment = pulumi.StringMap{}
	}
	function.Environment["EVENTS_TABLE"] = args.Events.Name
	function.Environment[strings.ToUpper(args.Table)+"_TABLE"] = args.Positions.Name
	function.Environment["EVENT_RETENTION"] = args.Retention
	function.Statements = append([]Statement{
		{
			Sid:       "ReadPositions",
			Actions:   []string{"dynamodb:BatchGetItem"},
			Resources: pulumi.StringArray{args.Positions.Arn},
		},
		{
			Sid:       "PutEventsBack",
			Actions:   []string{"dynamodb:PutItem"},
			Resources: pulumi.StringArray{args.Events.Arn},
		},
		{
			// What creating and polling the mapping checks and calls in the
			// function's role, ListStreams on the stream as AWS's example has it
			// (Amazon DynamoDB Developer Guide, "IAM policy to allow an AWS
			// Lambda function to access DynamoDB stream records").
			Sid: "ReadStream",
			Actions: []string{
				"dynamodb:DescribeStream",
				"dynamodb:GetRecords",
				"dynamodb:GetShardIterator",
				"dynamodb:ListStreams",
			},
			Resources: pulumi.StringArray{args.Events.StreamArn},
		},
		{
			Sid:       "ReportDeadLetters",
			Actions:   []string{"sqs:SendMessage"},
			Resources: pulumi.StringArray{a.DeadLetters.Arn},
		},
	}, args.Function.Statements...)
	return &function
}

// How the auditor reads. A removal is tried for half of the day that DynamoDB
// keeps it; the other half is there to redrive its dead letter. Nobody waits
// for an audit, so batches may fill.
const (
	auditBatchSize   = 500
	auditBatchWindow = time.Second
	auditMaxRetries  = 100
	auditMaxAge      = 12 * time.Hour
)

// newAuditorMapping declares what reads the events table's stream.
func newAuditorMapping(
	ctx *pulumi.Context, name string, args *AuditorArgs, a *Auditor, tags pulumi.StringMap, parent pulumi.ResourceOption,
) (*lambda.EventSourceMapping, error) {
	filter, err := expiriesOnly()
	if err != nil {
		return nil, err
	}
	return lambda.NewEventSourceMapping(ctx, name+"-mapping", &lambda.EventSourceMappingArgs{
		EventSourceArn: args.Events.StreamArn.ToStringPtrOutput(),
		FunctionName:   a.Function.Lambda.Arn,
		// From the oldest record on: what expires while the mapping is being
		// created would otherwise be passed over.
		StartingPosition:               pulumi.String("TRIM_HORIZON"),
		BatchSize:                      pulumi.Int(auditBatchSize),
		MaximumBatchingWindowInSeconds: seconds(auditBatchWindow),
		MaximumRetryAttempts:           pulumi.Int(auditMaxRetries),
		MaximumRecordAgeInSeconds:      seconds(auditMaxAge),
		BisectBatchOnFunctionError:     pulumi.Bool(true),
		FunctionResponseTypes:          pulumi.StringArray{pulumi.String("ReportBatchItemFailures")},
		FilterCriteria:                 filterOf(filter),
		DestinationConfig:              onFailure(a.DeadLetters),
		MetricsConfig:                  eventCount(),
		Tags:                           tags,
	}, parent)
}
