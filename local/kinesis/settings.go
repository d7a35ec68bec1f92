package kinesis

import (
	"context"

	"transactional-outbox/local/awsapi"
)

const (
	minRetentionHours = 24
	maxRetentionHours = 8760
)

type retentionInput struct {
	StreamName           string
	StreamARN            string
	RetentionPeriodHours *int
}

func (in *retentionInput) check(c *constraints) {
	if in.RetentionPeriodHours == nil {
		c.fail("retentionPeriodHours", "null", "Member must not be null")
	}
	c.between("retentionPeriodHours", in.RetentionPeriodHours, 1, maxRetentionHours)
}

func (e *Engine) increaseStreamRetentionPeriod(_ context.Context, auth awsapi.Authorizer, in *retentionInput) (*nothing, error) {
	return nil, e.change(auth, "IncreaseStreamRetentionPeriod", target{in.StreamName, in.StreamARN}, in.check, func(s *stream) error {
		hours := *in.RetentionPeriodHours
		if hours >= minRetentionHours && hours < s.hours {
			return invalidArgument("Requested retention period (%d hours) for stream %s can not be shorter than existing retention period (%d hours). "+
				"Use DecreaseRetentionPeriod API.", hours, s.name, s.hours)
		}
		return s.retain(hours)
	})
}

func (e *Engine) decreaseStreamRetentionPeriod(_ context.Context, auth awsapi.Authorizer, in *retentionInput) (*nothing, error) {
	return nil, e.change(auth, "DecreaseStreamRetentionPeriod", target{in.StreamName, in.StreamARN}, in.check, func(s *stream) error {
		hours := *in.RetentionPeriodHours
		if hours > s.hours {
			return invalidArgument("Requested retention period (%d hours) for stream %s can not be longer than existing retention period (%d hours). "+
				"Use IncreaseRetentionPeriod API.", hours, s.name, s.hours)
		}
		return s.retain(hours)
	})
}

func (s *stream) retain(hours int) error {
	if hours < minRetentionHours {
		return invalidArgument("Minimum allowed retention period is %d hours. Requested retention period (%d hours) is too short.", minRetentionHours, hours)
	}
	s.hours = hours
	s.trimmed = 0
	s.trim(s.now())
	return nil
}

type updateStreamModeInput struct {
	StreamARN         string
	StreamModeDetails *StreamModeDetails
}

func (e *Engine) updateStreamMode(_ context.Context, auth awsapi.Authorizer, in *updateStreamModeInput) (*nothing, error) {
	check := func(c *constraints) {
		c.required("streamARN", in.StreamARN)
		if in.StreamModeDetails == nil {
			c.fail("streamModeDetails", "null", "Member must not be null")
			return
		}
		c.oneOf("streamModeDetails.streamMode", in.StreamModeDetails.StreamMode, provisioned, onDemand)
	}
	return nil, e.change(auth, "UpdateStreamMode", target{arn: in.StreamARN}, check, func(s *stream) error {
		s.mode = in.StreamModeDetails.StreamMode
		return nil
	})
}

type encryptionInput struct {
	StreamName     string
	StreamARN      string
	EncryptionType string
	KeyId          string
}

func (in *encryptionInput) check(c *constraints) {
	c.oneOf("encryptionType", in.EncryptionType, "NONE", "KMS")
	if c.required("keyId", in.KeyId) {
		c.length("keyId", in.KeyId, 1, 2048)
	}
}

func (e *Engine) startStreamEncryption(_ context.Context, auth awsapi.Authorizer, in *encryptionInput) (*nothing, error) {
	return nil, e.change(auth, "StartStreamEncryption", target{in.StreamName, in.StreamARN}, in.check, func(s *stream) error {
		if in.EncryptionType != "KMS" {
			return invalidArgument("EncryptionType must be KMS to start encryption.")
		}
		s.encryption, s.keyID = "KMS", in.KeyId
		return nil
	})
}

func (e *Engine) stopStreamEncryption(_ context.Context, auth awsapi.Authorizer, in *encryptionInput) (*nothing, error) {
	return nil, e.change(auth, "StopStreamEncryption", target{in.StreamName, in.StreamARN}, in.check, func(s *stream) error {
		s.encryption, s.keyID = "NONE", ""
		return nil
	})
}
