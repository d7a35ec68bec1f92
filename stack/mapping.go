package stack

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

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
		FilterCriteria:                 filterOf(filter),
		DestinationConfig:              onFailure(c.DeadLetters),
		MetricsConfig:                  eventCount(),
		Tags:                           tags,
	}, parent)
}

// filterOf lets through what matches pattern.
func filterOf(pattern string) lambda.EventSourceMappingFilterCriteriaArgs {
	return lambda.EventSourceMappingFilterCriteriaArgs{
		Filters: lambda.EventSourceMappingFilterCriteriaFilterArray{
			lambda.EventSourceMappingFilterCriteriaFilterArgs{Pattern: pulumi.String(pattern)},
		},
	}
}

// onFailure sends what is given up to a queue.
func onFailure(letters *sqs.Queue) lambda.EventSourceMappingDestinationConfigArgs {
	return lambda.EventSourceMappingDestinationConfigArgs{
		OnFailure: lambda.EventSourceMappingDestinationConfigOnFailureArgs{DestinationArn: letters.Arn},
	}
}

// eventCount has Lambda count what a mapping reads, fails and gives up.
func eventCount() lambda.EventSourceMappingMetricsConfigArgs {
	return lambda.EventSourceMappingMetricsConfigArgs{
		Metrics: pulumi.StringArray{pulumi.String("EventCount")},
	}
}

// writesOnly is the pattern that drops removals: an event that expires has
// been told long ago.
func writesOnly() (string, error) {
	type data struct {
		EventName []string `json:"eventName"`
	}
	return marshalFilter(struct {
		Data data `json:"data"`
	}{data{EventName: []string{"INSERT", "MODIFY"}}})
}

// expiriesOnly is the pattern of what time to live removes from a table,
// which is all that is done in DynamoDB's own name (Amazon DynamoDB Developer
// Guide, "DynamoDB Streams and Time to Live").
func expiriesOnly() (string, error) {
	type identity struct {
		Type        []string `json:"type"`
		PrincipalID []string `json:"principalId"`
	}
	return marshalFilter(struct {
		UserIdentity identity `json:"userIdentity"`
	}{identity{Type: []string{"Service"}, PrincipalID: []string{"dynamodb.amazonaws.com"}}})
}

func marshalFilter(pattern any) (string, error) {
	text, err := json.Marshal(pattern)
	if err != nil {
		return "", fmt.Errorf("marshal filter pattern: %w", err)
	}
	return string(text), nil
}
