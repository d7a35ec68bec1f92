package stack

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Statement allows a function's role some actions on some resources.
type Statement struct {
	// Sid names the statement within its policy: letters and digits.
	Sid string
	// Actions are IAM actions, `service:Action`, without wildcards.
	Actions []string
	// Resources are the ARNs the actions are allowed on.
	Resources pulumi.StringArray
	// Condition must hold as well: values by condition key by operator. Optional.
	Condition map[string]map[string]string
}

// document is an IAM policy document.
type document struct {
	Version   string
	Statement []rule
}

// rule is one statement of a policy document as IAM spells it.
type rule struct {
	Sid       string
	Effect    string
	Principal any                          `json:",omitempty"`
	Action    []string                     `json:",omitempty"`
	Resource  []string                     `json:",omitempty"`
	Condition map[string]map[string]string `json:",omitempty"`
}

// anyone is every principal, for rules that deny.
const anyone = "*"

// marshal is the policy document of rules.
func marshal(rules ...rule) (string, error) {
	text, err := json.Marshal(document{Version: "2012-10-17", Statement: rules})
	if err != nil {
		return "", fmt.Errorf("marshal policy document: %w", err)
	}
	return string(text), nil
}

// allowPolicy is the document that allows statements. It is unknown until all
// ARNs in it are known, which a preview of a new stage cannot know.
func allowPolicy(statements []Statement) pulumi.StringOutput {
	resources := make(pulumi.StringArrayArray, len(statements))
	for i, s := range statements {
		resources[i] = s.Resources
	}
	return resources.ToStringArrayArrayOutput().ApplyT(func(arns [][]string) (string, error) {
		rules := make([]rule, len(statements))
		for i, s := range statements {
			rules[i] = rule{Sid: s.Sid, Effect: "Allow", Action: s.Actions, Resource: arns[i], Condition: s.Condition}
		}
		return marshal(rules...)
	}).(pulumi.StringOutput)
}

// lambdaTrust lets the Lambda service assume a function's role.
func lambdaTrust() (string, error) {
	return marshal(rule{
		Sid:       "AssumedByLambda",
		Effect:    "Allow",
		Principal: map[string]string{"Service": "lambda.amazonaws.com"},
		Action:    []string{"sts:AssumeRole"},
	})
}

// alarmTopicPolicy lets CloudWatch tell a topic of the alarms of its account
// and region, over TLS, and nobody else anything.
func alarmTopicPolicy(topicARN pulumi.StringInput) pulumi.StringOutput {
	return topicARN.ToStringOutput().ApplyT(func(arn string) (string, error) {
		// arn:PARTITION:sns:REGION:ACCOUNT:NAME
		part := strings.Split(arn, ":")
		if len(part) != 6 {
			return "", fmt.Errorf("%q is not the ARN of a topic", arn)
		}
		alarms := strings.Join([]string{part[0], part[1], "cloudwatch", part[3], part[4], "alarm", "*"}, ":")
		return marshal(rule{
			Sid:       "ToldByAlarms",
			Effect:    "Allow",
			Principal: map[string]string{"Service": "cloudwatch.amazonaws.com"},
			Action:    []string{"sns:Publish"},
			Resource:  []string{arn},
			Condition: map[string]map[string]string{
				"ArnLike":      {"aws:SourceArn": alarms},
				"StringEquals": {"aws:SourceAccount": part[4]},
			},
		}, rule{
			Sid:       "DenyWithoutTLS",
			Effect:    "Deny",
			Principal: anyone,
			Action:    []string{"sns:Publish"},
			Resource:  []string{arn},
			Condition: map[string]map[string]string{"Bool": {"aws:SecureTransport": "false"}},
		})
	}).(pulumi.StringOutput)
}

// tlsOnly denies everything on the queue to whoever does not use TLS. It
// allows nothing: who may use the queue is said by the roles.
func tlsOnly(queueARN pulumi.StringInput) pulumi.StringOutput {
	return queueARN.ToStringOutput().ApplyT(func(arn string) (string, error) {
		return marshal(rule{
			Sid:       "DenyWithoutTLS",
			Effect:    "Deny",
			Principal: anyone,
			Action:    []string{"sqs:*"},
			Resource:  []string{arn},
			Condition: map[string]map[string]string{"Bool": {"aws:SecureTransport": "false"}},
		})
	}).(pulumi.StringOutput)
}
