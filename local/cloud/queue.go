package cloud

import (
	"context"
	"strconv"

	"transactional-outbox/local/iam"
)

// queueInput are the supported inputs of aws:sqs/queue:Queue.
type queueInput struct {
	Name                     string            `json:"name"`
	MessageRetentionSeconds  *float64          `json:"messageRetentionSeconds"`
	VisibilityTimeoutSeconds *float64          `json:"visibilityTimeoutSeconds"`
	ReceiveWaitTimeSeconds   *float64          `json:"receiveWaitTimeSeconds"`
	DelaySeconds             *float64          `json:"delaySeconds"`
	MaxMessageSize           *float64          `json:"maxMessageSize"`
	SQSManagedSSEEnabled     *bool             `json:"sqsManagedSseEnabled"`
	KMSMasterKeyID           string            `json:"kmsMasterKeyId"`
	Tags                     map[string]string `json:"tags"`
}

// queues implements aws:sqs/queue:Queue on the SQS engine. The provider's identifier of a queue is its URL.
func (c *Cloud) queues() resourceType {
	return typed[queueInput]{
		facts: traits{autoname: "name", replace: []string{"name"}},
		createFunc: func(ctx context.Context, in queueInput) (string, properties, error) {
			request := properties{"QueueName": in.Name, "Attributes": in.attributes()}
			if len(in.Tags) > 0 {
				request["tags"] = in.Tags
			}
			var created struct{ QueueUrl string }
			if err := c.call(ctx, serviceSQS, "CreateQueue", request, &created); err != nil {
				return "", nil, err
			}
			c.setKey(c.arn("sqs", in.Name), in.KMSMasterKeyID)
			return created.QueueUrl, c.queueOutputs(created.QueueUrl, in), nil
		},
		updateFunc: func(ctx context.Context, url string, old, in queueInput) (properties, error) {
			attributes := in.attributes()
			if old.KMSMasterKeyID != "" && in.KMSMasterKeyID == "" {
				attributes["KmsMasterKeyId"] = ""
			}
			request := properties{"QueueUrl": url, "Attributes": attributes}
			if err := c.call(ctx, serviceSQS, "SetQueueAttributes", request, nil); err != nil {
				return nil, err
			}
			c.setKey(c.arn("sqs", in.Name), in.KMSMasterKeyID)
			return c.queueOutputs(url, in), nil
		},
		deleteFunc: func(ctx context.Context, url string, _ queueInput) error {
			return ignoreMissing(c.call(ctx, serviceSQS, "DeleteQueue", properties{"QueueUrl": url}, nil))
		},
		existsFunc: func(ctx context.Context, url string, _ queueInput) (bool, error) {
			return present(c.call(ctx, serviceSQS, "GetQueueAttributes", properties{"QueueUrl": url}, nil))
		},
	}
}

func (c *Cloud) queueOutputs(url string, in queueInput) properties {
	return properties{"url": url, "arn": c.arn("sqs", in.Name)}
}

func (in queueInput) attributes() map[string]string {
	attributes := map[string]string{}
	for name, value := range map[string]*float64{
		"MessageRetentionPeriod":        in.MessageRetentionSeconds,
		"VisibilityTimeout":             in.VisibilityTimeoutSeconds,
		"ReceiveMessageWaitTimeSeconds": in.ReceiveWaitTimeSeconds,
		"DelaySeconds":                  in.DelaySeconds,
		"MaximumMessageSize":            in.MaxMessageSize,
	} {
		if value != nil {
			attributes[name] = strconv.FormatFloat(*value, 'f', -1, 64)
		}
	}
	if in.SQSManagedSSEEnabled != nil {
		attributes["SqsManagedSseEnabled"] = strconv.FormatBool(*in.SQSManagedSSEEnabled)
	}
	if in.KMSMasterKeyID != "" {
		attributes["KmsMasterKeyId"] = in.KMSMasterKeyID
	}
	return attributes
}

// queuePolicyInput are the inputs of aws:sqs/queuePolicy:QueuePolicy.
type queuePolicyInput struct {
	QueueURL string `json:"queueUrl"`
	Policy   string `json:"policy"`
}

// queuePolicies implements aws:sqs/queuePolicy:QueuePolicy, which is an attribute of the queue.
func (c *Cloud) queuePolicies() resourceType {
	set := func(ctx context.Context, url, policy string) error {
		if policy != "" {
			if err := conditionKeys(iam.ParseResourcePolicy, policy, "aws:SecureTransport"); err != nil {
				return err
			}
		}
		return c.call(ctx, serviceSQS, "SetQueueAttributes", properties{"QueueUrl": url, "Attributes": properties{"Policy": policy}}, nil)
	}
	return typed[queuePolicyInput]{
		facts: traits{replace: []string{"queueUrl"}},
		createFunc: func(ctx context.Context, in queuePolicyInput) (string, properties, error) {
			return in.QueueURL, nil, set(ctx, in.QueueURL, in.Policy)
		},
		updateFunc: func(ctx context.Context, _ string, _, in queuePolicyInput) (properties, error) {
			return nil, set(ctx, in.QueueURL, in.Policy)
		},
		deleteFunc: func(ctx context.Context, _ string, in queuePolicyInput) error {
			return ignoreMissing(set(ctx, in.QueueURL, ""))
		},
		existsFunc: func(ctx context.Context, _ string, in queuePolicyInput) (bool, error) {
			return present(c.call(ctx, serviceSQS, "GetQueueAttributes", properties{"QueueUrl": in.QueueURL}, nil))
		},
	}
}
