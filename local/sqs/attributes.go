package sqs

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/iam"
)

// numbers are the numeric attributes, with their limits and defaults.
var numbers = map[string]struct{ low, high, standard int64 }{
	"DelaySeconds":                  {0, 900, 0},
	"KmsDataKeyReusePeriodSeconds":  {60, 86400, 300},
	"MaximumMessageSize":            {1024, maxMessageBytes, maxMessageBytes},
	"MessageRetentionPeriod":        {60, 1209600, 345600},
	"ReceiveMessageWaitTimeSeconds": {0, 20, 0},
	"VisibilityTimeout":             {0, 43200, 30},
}

// fifoAttributes make a queue a FIFO queue, or belong to one.
var fifoAttributes = []string{"ContentBasedDeduplication", "DeduplicationScope", "FifoQueue", "FifoThroughputLimit"}

// apply checks attributes and puts them onto a queue: all of them, or none if one is wrong.
func (e *Engine) apply(q *queue, attributes map[string]string) error {
	merged := maps.Clone(q.attributes)
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		value := attributes[name]
		if err := e.checkAttribute(name, value); err != nil {
			return err
		}
		merged[name] = value
		if value == "" {
			// An empty policy takes the policy away.
			delete(merged, name)
		}
	}
	number := func(name string) int64 {
		if n, err := strconv.ParseInt(merged[name], 10, 64); err == nil {
			return n
		}
		return numbers[name].standard
	}
	q.attributes = merged
	q.visibility, q.retention, q.delay = number("VisibilityTimeout"), number("MessageRetentionPeriod"), number("DelaySeconds")
	q.maxBytes, q.wait = number("MaximumMessageSize"), number("ReceiveMessageWaitTimeSeconds")
	q.policy, q.redrive = nil, nil
	if text := merged["Policy"]; text != "" {
		q.policy, _ = iam.ParseResourcePolicy(text) // checked above
	}
	if text := merged["RedrivePolicy"]; text != "" {
		q.redrive, _ = e.parseRedrive(text)
	}
	return nil
}

func (e *Engine) checkAttribute(name, value string) error {
	if limits, ok := numbers[name]; ok {
		if n, err := strconv.ParseInt(value, 10, 64); err != nil || n < limits.low || n > limits.high {
			return invalidValue(name)
		}
		return nil
	}
	switch {
	case slices.Contains(fifoAttributes, name):
		return noFIFO("the attribute " + name)
	case name == "KmsMasterKeyId":
	case name == "SqsManagedSseEnabled":
		if value != "true" && value != "false" {
			return invalidValue(name)
		}
	case name == "Policy":
		return checkPolicy(value)
	case name == "RedrivePolicy":
		if value == "" {
			return nil
		}
		_, err := e.parseRedrive(value)
		return err
	case name == "RedriveAllowPolicy":
		return checkAllow(value)
	default:
		return unknownAttribute(name)
	}
	return nil
}

func checkPolicy(value string) error {
	if value == "" {
		return nil
	}
	p, err := iam.ParseResourcePolicy(value)
	if err != nil {
		return invalidParameter("Invalid value for the parameter Policy. %s", err)
	}
	if p.DeniesNamed() {
		return invalidParameter("Invalid value for the parameter Policy. A Deny for particular principals is not supported here: deny everybody, or name the exceptions in a Condition.")
	}
	return nil
}

// parseRedrive reads {"deadLetterTargetArn": ..., "maxReceiveCount": 5 or "5"}.
func (e *Engine) parseRedrive(text string) (*redrive, error) {
	refuse := func(reason string) error {
		return invalidParameter("Value %s for parameter RedrivePolicy is invalid. Reason: %s", text, reason)
	}
	var wire struct {
		DeadLetterTargetArn string `json:"deadLetterTargetArn"`
		MaxReceiveCount     any    `json:"maxReceiveCount"`
	}
	if err := json.Unmarshal([]byte(text), &wire, json.RejectUnknownMembers(true)); err != nil {
		return nil, refuse("Redrive policy is not a valid JSON map.")
	}
	r := &redrive{}
	switch n := wire.MaxReceiveCount.(type) {
	case float64:
		r.max = int(n)
	case string:
		r.max, _ = strconv.Atoi(n)
	case nil:
		return nil, refuse("Redrive policy does not contain mandatory attribute: maxReceiveCount.")
	}
	if wire.DeadLetterTargetArn == "" {
		return nil, refuse("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.")
	}
	if r.max < 1 || r.max > 1000 {
		return nil, refuse("Invalid value for maxReceiveCount: must be between 1 and 1000.")
	}
	var ok bool
	if r.target, ok = strings.CutPrefix(wire.DeadLetterTargetArn, e.arn("")); !ok {
		return nil, refuse("Dead-letter target must be a queue of the same account and region.")
	}
	if e.queues[r.target] == nil {
		return nil, refuse("Dead letter target does not exist.")
	}
	return r, nil
}

func checkAllow(value string) error {
	if value == "" {
		return nil
	}
	var wire struct {
		RedrivePermission string   `json:"redrivePermission"`
		SourceQueueArns   []string `json:"sourceQueueArns"`
	}
	if err := json.Unmarshal([]byte(value), &wire, json.RejectUnknownMembers(true)); err != nil {
		return invalidParameter("Value %s for parameter RedriveAllowPolicy is invalid. Reason: Amazon SQS can't create the redrive allow policy, as it's not a valid JSON map.", value)
	}
	if !slices.Contains([]string{"allowAll", "denyAll", "byQueue"}, wire.RedrivePermission) {
		return invalidValue("RedriveAllowPolicy")
	}
	return nil
}

// attribute returns the value of one attribute; known is false for a name that AWS does not know either, and the value is empty for one
// that is not set.
func (q *queue) attribute(name string) (value string, known bool) {
	if value, ok := q.attributes[name]; ok {
		return value, true
	}
	seconds := func(millis int64) string { return strconv.FormatInt(millis/1000, 10) }
	switch name {
	case "ApproximateNumberOfMessages":
		return strconv.Itoa(q.ready.Len()), true
	case "ApproximateNumberOfMessagesNotVisible":
		return strconv.Itoa(q.inFlight()), true
	case "ApproximateNumberOfMessagesDelayed":
		return strconv.Itoa(q.delayed), true
	case "CreatedTimestamp":
		return seconds(q.created), true
	case "LastModifiedTimestamp":
		return seconds(q.modified), true
	case "QueueArn":
		return q.arn, true
	case "SqsManagedSseEnabled":
		return strconv.FormatBool(q.attributes["KmsMasterKeyId"] == ""), true
	case "Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId":
		return "", true
	case "KmsDataKeyReusePeriodSeconds":
		if q.attributes["KmsMasterKeyId"] == "" {
			return "", true
		}
	}
	if n, ok := numbers[name]; ok {
		return strconv.FormatInt(n.standard, 10), true
	}
	return "", slices.Contains(fifoAttributes, name)
}

// everyAttribute is what All stands for.
var everyAttribute = []string{
	"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible", "CreatedTimestamp",
	"DelaySeconds", "KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "LastModifiedTimestamp", "MaximumMessageSize",
	"MessageRetentionPeriod", "Policy", "QueueArn", "ReceiveMessageWaitTimeSeconds", "RedriveAllowPolicy", "RedrivePolicy",
	"SqsManagedSseEnabled", "VisibilityTimeout",
}
