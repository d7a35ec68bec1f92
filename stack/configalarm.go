package stack

import (
	"fmt"
	"regexp"
)

func alarmKeys() []key {
	return []key{
		boolean("alarms", true,
			"Watch the stage: alarms and a dashboard.",
			func(c *Config, v bool) { c.Alarms = v }),
		text("alarmTopicArn", "the ARN of an SNS topic, create or empty", topicARN,
			"SNS topic that is told when an alarm changes its state; create makes one of the stage's own. "+
				"Without it the alarms are only shown.",
			func(c *Config, v string) { c.AlarmTopic = v }),
	}
}

func alarmRules() []configRule {
	return []configRule{
		{
			keys: []string{"alarms", "alarmTopicArn"},
			broken: func(c *Config) string {
				if c.Alarms || c.AlarmTopic == "" {
					return ""
				}
				return fmt.Sprintf("alarmTopicArn: %s would never be told of anything: it must be empty while alarms is false", c.AlarmTopic)
			},
		},
		{
			// Lambda takes a line without a level, which a metric is, for INFO
			// (AWS Lambda Developer Guide, "Log-level filtering").
			keys: []string{"alarms", "logLevel"},
			broken: func(c *Config) string {
				if !c.Alarms || c.LogLevel == LogDebug || c.LogLevel == LogInfo {
					return ""
				}
				return fmt.Sprintf("logLevel: %s is too high: the handlers' metrics are lines of their logs at INFO, and alarms "+
					"on them would see nothing; it must be DEBUG or INFO while alarms is true", c.LogLevel)
			},
		},
	}
}

var topicPattern = regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$`)

func topicARN(value string) error {
	if value == CreateTopic || topicPattern.MatchString(value) {
		return nil
	}
	return fmt.Errorf("it must be an ARN like arn:aws:sns:eu-west-1:123456789012:alarms, or %s", CreateTopic)
}
