package stack

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newDeadLetters declares the queue of what exhausted its retries. The KMS
// key keyARN may be empty.
func newDeadLetters(
	ctx *pulumi.Context, name string, retentionSeconds pulumi.IntInput, keyARN string, tags pulumi.StringMap, parent pulumi.ResourceOption,
) (*sqs.Queue, error) {
	args := &sqs.QueueArgs{
		MessageRetentionSeconds: retentionSeconds.ToIntOutput().ToIntPtrOutput(),
		KmsMasterKeyId:          optionalKey(keyARN),
		Tags:                    tags,
	}
	if keyARN == "" {
		// SQS takes either a key or this.
		args.SqsManagedSseEnabled = pulumi.Bool(true)
	}
	queue, err := sqs.NewQueue(ctx, name+"-deadletters", args, parent)
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
