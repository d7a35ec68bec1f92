package stack

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newDeadLetters declares the queue of what exhausted its retries.
func newDeadLetters(
	ctx *pulumi.Context, name string, retentionSeconds pulumi.IntInput, tags pulumi.StringMap, parent pulumi.ResourceOption,
) (*sqs.Queue, error) {
	queue, err := sqs.NewQueue(ctx, name+"-deadletters", &sqs.QueueArgs{
		MessageRetentionSeconds: retentionSeconds.ToIntOutput().ToIntPtrOutput(),
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
