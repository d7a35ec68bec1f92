package cloud

import (
	"context"
)

// streamInput are the supported inputs of aws:kinesis/stream:Stream.
type streamInput struct {
	Name              string             `json:"name"`
	ShardCount        float64            `json:"shardCount"`
	RetentionPeriod   float64            `json:"retentionPeriod"`
	StreamModeDetails *streamModeDetails `json:"streamModeDetails"`
	EncryptionType    string             `json:"encryptionType"`
	KMSKeyID          string             `json:"kmsKeyId"`
	// EnforceConsumerDeletion matters to consumers with enhanced fan-out, of which the desk has none.
	EnforceConsumerDeletion bool              `json:"enforceConsumerDeletion"`
	Tags                    map[string]string `json:"tags"`
}

type streamModeDetails struct {
	StreamMode string `json:"streamMode"`
}

// defaultRetentionHours is how long a stream keeps records unless told otherwise (CreateStream in the Kinesis API reference).
const defaultRetentionHours = 24

// streams implements aws:kinesis/stream:Stream on the Kinesis engine. The provider's identifier of a stream is its ARN.
func (c *Cloud) streams() resourceType {
	return typed[streamInput]{
		facts:      traits{autoname: "name", replace: []string{"name"}},
		createFunc: c.createStream,
		updateFunc: c.updateStream,
		deleteFunc: func(ctx context.Context, arn string, _ streamInput) error {
			return ignoreMissing(c.call(ctx, serviceKinesis, "DeleteStream", properties{"StreamARN": arn}, nil))
		},
		existsFunc: func(ctx context.Context, arn string, _ streamInput) (bool, error) {
			return present(c.call(ctx, serviceKinesis, "DescribeStreamSummary", properties{"StreamARN": arn}, nil))
		},
	}
}

func (in streamInput) mode() string {
	if in.StreamModeDetails == nil {
		return "PROVISIONED"
	}
	return orDefault(in.StreamModeDetails.StreamMode, "PROVISIONED")
}

func (in streamInput) retention() float64 {
	if in.RetentionPeriod == 0 {
		return defaultRetentionHours
	}
	return in.RetentionPeriod
}

func (c *Cloud) createStream(ctx context.Context, in streamInput) (string, properties, error) {
	request := properties{"StreamName": in.Name, "StreamModeDetails": properties{"StreamMode": in.mode()}}
	if in.ShardCount > 0 {
		request["ShardCount"] = in.ShardCount
	}
	if len(in.Tags) > 0 {
		request["Tags"] = in.Tags
	}
	if err := c.call(ctx, serviceKinesis, "CreateStream", request, nil); err != nil {
		return "", nil, err
	}
	arn := c.arn("kinesis", "stream/"+in.Name)
	if err := c.setRetention(ctx, arn, defaultRetentionHours, in.retention()); err != nil {
		return "", nil, err
	}
	if err := c.setStreamEncryption(ctx, arn, streamInput{}, in); err != nil {
		return "", nil, err
	}
	return arn, properties{"arn": arn}, nil
}

func (c *Cloud) updateStream(ctx context.Context, arn string, old, in streamInput) (properties, error) {
	if in.mode() != old.mode() {
		request := properties{"StreamARN": arn, "StreamModeDetails": properties{"StreamMode": in.mode()}}
		if err := c.call(ctx, serviceKinesis, "UpdateStreamMode", request, nil); err != nil {
			return nil, err
		}
	}
	if in.mode() == "PROVISIONED" && in.ShardCount != old.ShardCount {
		request := properties{"StreamARN": arn, "TargetShardCount": in.ShardCount, "ScalingType": "UNIFORM_SCALING"}
		if err := c.call(ctx, serviceKinesis, "UpdateShardCount", request, nil); err != nil {
			return nil, err
		}
	}
	if err := c.setRetention(ctx, arn, old.retention(), in.retention()); err != nil {
		return nil, err
	}
	if err := c.setStreamEncryption(ctx, arn, old, in); err != nil {
		return nil, err
	}
	return properties{"arn": arn}, nil
}

func (c *Cloud) setRetention(ctx context.Context, arn string, from, to float64) error {
	operation := "IncreaseStreamRetentionPeriod"
	switch {
	case to == from:
		return nil
	case to < from:
		operation = "DecreaseStreamRetentionPeriod"
	}
	return c.call(ctx, serviceKinesis, operation, properties{"StreamARN": arn, "RetentionPeriodHours": to}, nil)
}

func (c *Cloud) setStreamEncryption(ctx context.Context, arn string, old, in streamInput) error {
	c.setKey(arn, in.KMSKeyID)
	if in.EncryptionType == old.EncryptionType && in.KMSKeyID == old.KMSKeyID {
		return nil
	}
	if in.EncryptionType == "KMS" {
		request := properties{"StreamARN": arn, "EncryptionType": "KMS", "KeyId": in.KMSKeyID}
		return c.call(ctx, serviceKinesis, "StartStreamEncryption", request, nil)
	}
	if old.EncryptionType == "KMS" {
		request := properties{"StreamARN": arn, "EncryptionType": "KMS", "KeyId": old.KMSKeyID}
		return c.call(ctx, serviceKinesis, "StopStreamEncryption", request, nil)
	}
	return nil
}
