package stack

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
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
