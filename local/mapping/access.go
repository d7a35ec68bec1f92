package mapping

import (
	"slices"
	"strings"

	"transactional-outbox/local/awsapi"
)

// checkRole refuses a role that could not do what the mapping will ask of it: the actions that AWS documents for a reader with shared
// throughput (https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html and services-ddb.html there). The text of the
// refusal names ListStreams for both kinds of stream, but only for DynamoDB is it in the documented list. It is about no stream in
// particular, so policies grant it on all resources or, as common frameworks do, on the stream.
func (m *Mapping) checkRole(c *compiled) error {
	stream := m.source.Stream()
	service, actions := "kinesis:", []string{"GetRecords", "GetShardIterator", "DescribeStream", "DescribeStreamSummary", "ListShards"}
	if stream.Format == DynamoDB {
		service, actions = "dynamodb:", []string{"GetRecords", "GetShardIterator", "DescribeStream"}
	}
	allowed := func(action, resource string) bool { return m.opts.Authorizer.Check(action, resource) == nil }
	lists := stream.Format == Kinesis || allowed(service+"ListStreams", stream.ARN) || allowed(service+"ListStreams", "*")
	if !lists || slices.ContainsFunc(actions, func(action string) bool { return !allowed(service+action, stream.ARN) }) {
		return invalidParameter("Cannot access stream %s. Please ensure the role can perform the GetRecords, GetShardIterator, "+
			"DescribeStream, and ListStreams Actions on your stream in IAM.", stream.ARN)
	}
	if c.OnFailure != "" && !allowed("sqs:SendMessage", c.OnFailure) {
		return invalidParameter("The function execution role does not have permissions to call SendMessage on SQS")
	}
	return nil
}

func (m *Mapping) checkDestination(arn string) error {
	switch {
	case arn == "":
		return nil
	case !strings.HasPrefix(arn, "arn:") || strings.Count(arn, ":") != 5 || strings.Split(arn, ":")[2] != "sqs":
		return invalidParameter("OnFailure destination %s is not supported here: only SQS queues are.", arn)
	case m.opts.Queue == nil:
		return invalidParameter("OnFailure destination %s cannot be reached: Options.Queue is nil.", arn)
	}
	return nil
}

func (o *Options) checkStart(stream Stream) error {
	if stream.Format == DynamoDB && o.StartingPosition == AtTimestamp {
		return invalidParameter("Unsupported starting position for arn type: %s", stream.ARN)
	}
	switch o.StartingPosition {
	case TrimHorizon, Latest:
		if !o.StartingPositionTimestamp.IsZero() {
			return invalidParameter("StartingPositionTimestamp is only valid if StartingPosition is AT_TIMESTAMP.")
		}
	case AtTimestamp:
		if o.StartingPositionTimestamp.IsZero() {
			return invalidParameter("StartingPositionTimestamp is required if StartingPosition is AT_TIMESTAMP.")
		}
	default:
		return awsapi.Errorf("ValidationException", "1 validation error detected: %s", violation(o.StartingPosition, "startingPosition",
			"Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]"))
	}
	return nil
}
