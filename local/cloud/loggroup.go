package cloud

import (
	"context"
	"fmt"
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/lambda"
)

// LogLine is one line in a log group. Text is valid only until the receiver returns.
type LogLine struct {
	Time time.Time
	// Group and Stream say where CloudWatch Logs would keep the line.
	Group, Stream string
	// Function is the name of the function that wrote the line; empty for the API's access log.
	Function string
	// Platform tells Lambda's own lines from the function's.
	Platform bool
	Text     []byte
}

// logGroupInput are the supported inputs of aws:cloudwatch/logGroup:LogGroup.
type logGroupInput struct {
	Name            string            `json:"name"`
	RetentionInDays float64           `json:"retentionInDays"`
	KMSKeyID        string            `json:"kmsKeyId"`
	LogGroupClass   string            `json:"logGroupClass"`
	SkipDestroy     bool              `json:"skipDestroy"`
	Tags            map[string]string `json:"tags"`
}

// logGroups implements aws:cloudwatch/logGroup:LogGroup. The desk hands lines on as they come and keeps none.
func (c *Cloud) logGroups() resourceType {
	outputs := func(name string) properties { return properties{"arn": c.logGroupARN(name)} }
	return typed[logGroupInput]{
		facts: traits{autoname: "name", replace: []string{"name", "logGroupClass"}},
		createFunc: func(_ context.Context, in logGroupInput) (string, properties, error) {
			if !c.logGroupNames.add(in.Name, struct{}{}) {
				return "", nil, awsapi.Errorf("ResourceAlreadyExistsException", "The specified log group already exists")
			}
			return in.Name, outputs(in.Name), nil
		},
		updateFunc: func(_ context.Context, name string, _, _ logGroupInput) (properties, error) {
			return outputs(name), nil
		},
		deleteFunc: func(_ context.Context, name string, _ logGroupInput) error {
			c.logGroupNames.remove(name)
			return nil
		},
		existsFunc: func(_ context.Context, name string, _ logGroupInput) (bool, error) {
			_, ok := c.logGroupNames.get(name)
			return ok, nil
		},
	}
}

func (c *Cloud) logGroupARN(name string) string { return c.arn("logs", "log-group:"+name) }

// functionLog delivers the lines of a function to its log group as Lambda does: with the function's own role, and
// silently not at all where the group is missing or the role may not write. The desk warns of that once.
func (c *Cloud) functionLog(function, group string, auth awsapi.Authorizer) func(lambda.LogLine) {
	warn := c.once()
	var streams index[struct{}] // those that are there already
	return func(line lambda.LogLine) {
		if _, ok := c.logGroupNames.get(group); !ok {
			warn(fmt.Sprintf("%s: log group %s does not exist: its log is lost", function, group))
			return
		}
		stream := c.logGroupARN(group) + ":log-stream:" + line.Stream
		if _, ok := streams.get(line.Stream); !ok {
			if err := auth.Check("logs:CreateLogStream", stream); err != nil {
				warn(fmt.Sprintf("%s: its log is lost: %v", function, err))
				return
			}
			streams.add(line.Stream, struct{}{})
		}
		if err := auth.Check("logs:PutLogEvents", stream); err != nil {
			warn(fmt.Sprintf("%s: its log is lost: %v", function, err))
			return
		}
		c.log(LogLine{Time: line.Time, Group: group, Stream: line.Stream, Function: function, Platform: line.Platform, Text: line.Text})
	}
}
