package stack

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ObservabilityType is the type token of Observability.
const ObservabilityType = "transactional-outbox:stack:Observability"

// CreateTopic, as ObservabilityArgs.Topic, asks for a topic of the stage's own.
const CreateTopic = "create"

// ObservabilityArgs says what is watched.
type ObservabilityArgs struct {
	// Api, Outbox, Consumer and Auditor are what events pass through. Every
	// other one of Outbox.Consumers is watched too, under its own name. Required.
	Api      *Api
	Outbox   *Outbox
	Consumer *Consumer
	Auditor  *Auditor
	// Functions are all functions of the stage, in the order of the dashboard.
	// Required.
	Functions []WatchedFunction
	// StreamRetentionHours is how long the stream keeps a record. Required.
	StreamRetentionHours pulumi.IntInput
	// DeadLetterRetentionSeconds is how long a dead letter is kept. Required.
	DeadLetterRetentionSeconds pulumi.IntInput
	// ConsumerConcurrency is what is set aside for the consumer; -1 is none. Required.
	ConsumerConcurrency int
	// Topic is the ARN of an SNS topic that is told when an alarm changes its
	// state, or CreateTopic. Optional: without it nobody is told.
	Topic string
	// Region is where the dashboard is. Required.
	Region pulumi.StringInput
	// Tags are put on everything taggable, with `component` added. Optional.
	Tags pulumi.StringMap
}

// WatchedFunction is a function under watch.
type WatchedFunction struct {
	// Name tells it from the others: `placeorder`.
	Name string
	// Function is the function.
	Function *Function
	// TimeoutSeconds is its timeout.
	TimeoutSeconds int
}

// Observability is the alarms of a stage and its dashboard.
type Observability struct {
	pulumi.ResourceState

	// DashboardURL is where people look at the dashboard.
	DashboardURL pulumi.StringOutput
	// TopicARN is the topic that is told of alarms; empty without one.
	TopicARN pulumi.StringOutput
}

// NewObservability declares alarms and a dashboard.
func NewObservability(
	ctx *pulumi.Context, name string, args *ObservabilityArgs, opts ...pulumi.ResourceOption,
) (*Observability, error) {
	if args == nil {
		args = &ObservabilityArgs{}
	}
	if err := require("Observability", name,
		argument{"Api", args.Api != nil},
		argument{"Outbox", args.Outbox != nil},
		argument{"Consumer", args.Consumer != nil},
		argument{"Auditor", args.Auditor != nil},
		argument{"Functions", len(args.Functions) > 0},
		argument{"StreamRetentionHours", args.StreamRetentionHours != nil},
		argument{"DeadLetterRetentionSeconds", args.DeadLetterRetentionSeconds != nil},
		argument{"ConsumerConcurrency", args.ConsumerConcurrency != 0},
		argument{"Region", args.Region != nil},
	); err != nil {
		return nil, err
	}
	if args.Topic != "" && args.Topic != CreateTopic && !strings.HasPrefix(args.Topic, "arn:") {
		return nil, fmt.Errorf("Observability %q: [Topic] is %q, not the ARN of a topic, %s or empty", name, args.Topic, CreateTopic)
	}

	o := &Observability{}
	if err := ctx.RegisterComponentResourceV2(ObservabilityType, name, pulumi.Map{
		"topic":               pulumi.String(args.Topic),
		"consumerConcurrency": pulumi.Int(args.ConsumerConcurrency),
	}, o, opts...); err != nil {
		return nil, err
	}
	parent := pulumi.Parent(o)
	tags := tagged(args.Tags, name)

	if err := o.newTopic(ctx, name, args.Topic, tags, parent); err != nil {
		return nil, err
	}
	if err := newThrottleCount(ctx, name, args.Api, parent); err != nil {
		return nil, err
	}
	topics := pulumi.Array{}
	if args.Topic != "" {
		topics = pulumi.Array{o.TopicARN}
	}
	alarms := make([]*cloudwatch.MetricAlarm, 0, 48)
	for _, a := range args.alarms() {
		declared, err := a.declare(ctx, name, topics, tags, parent)
		if err != nil {
			return nil, err
		}
		alarms = append(alarms, declared)
	}
	if err := o.newDashboard(ctx, name, args, alarms, parent); err != nil {
		return nil, err
	}
	if err := ctx.RegisterResourceOutputs(o, pulumi.Map{
		"dashboardUrl": o.DashboardURL,
		"topicArn":     o.TopicARN,
	}); err != nil {
		return nil, err
	}
	return o, nil
}

// newTopic finds or declares the topic that is told of alarms.
func (o *Observability) newTopic(
	ctx *pulumi.Context, name, topic string, tags pulumi.StringMap, parent pulumi.ResourceOption,
) error {
	o.TopicARN = pulumi.String(topic).ToStringOutput()
	if topic != CreateTopic {
		return nil
	}
	// Not encrypted with AWS's own key for SNS, which would keep CloudWatch
	// from publishing (Amazon CloudWatch User Guide, "Notifying users on alarm
	// changes"): an alarm says nothing that is not in its description.
	created, err := sns.NewTopic(ctx, name+"-alarms", &sns.TopicArgs{Tags: tags}, parent)
	if err != nil {
		return err
	}
	_, err = sns.NewTopicPolicy(ctx, name+"-alarms-policy", &sns.TopicPolicyArgs{
		Arn:    created.Arn,
		Policy: alarmTopicPolicy(created.Arn),
	}, parent)
	o.TopicARN = created.Arn
	return err
}

// metricNamespace holds the metrics of the handlers, which write it into
// their logs, and of the API's access log.
const metricNamespace = "TransactionalOutbox"

// throttledRequests counts the requests that the API has answered 429.
const throttledRequests = "RequestsThrottled"

// newThrottleCount has CloudWatch count them in the access log: an HTTP API
// counts them only among all other 4xx.
func newThrottleCount(ctx *pulumi.Context, name string, api *Api, parent pulumi.ResourceOption) error {
	_, err := cloudwatch.NewLogMetricFilter(ctx, name+"-throttled", &cloudwatch.LogMetricFilterArgs{
		LogGroupName: api.AccessLog.Name,
		Pattern:      pulumi.String(`{ $.status = "429" }`),
		MetricTransformation: cloudwatch.LogMetricFilterMetricTransformationArgs{
			Namespace:  pulumi.String(metricNamespace),
			Name:       pulumi.String(throttledRequests),
			Value:      pulumi.String("1"),
			Unit:       pulumi.String("Count"),
			Dimensions: pulumi.StringMap{"ApiId": pulumi.String("$.apiId")},
		},
	}, parent)
	return err
}
