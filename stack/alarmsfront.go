package stack

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// alarms are all alarms of a stage.
func (args *ObservabilityArgs) alarms() []alarm {
	var all []alarm
	all = append(all, args.apiAlarms()...)
	all = append(all, args.tableAlarms()...)
	all = append(all, args.destinationAlarms()...)
	all = append(all, args.streamAlarms()...)
	all = append(all, args.mappingAlarms()...)
	all = append(all, args.functionAlarms()...)
	all = append(all, args.deadLetterAlarms()...)
	all = append(all, args.eventAlarms()...)
	for _, c := range args.Outbox.Consumers {
		if c != args.Consumer {
			all = append(all, c.alarms()...)
		}
	}
	return all
}

// alarms are about a further consumer: what the first one has, under its own
// name.
func (c *Consumer) alarms() []alarm {
	return slices.Concat(
		mappingAlarms(c.name, c.Mapping.Uuid),
		deadLetterAlarms(c.name, c.DeadLetters, c.letterAge),
		functionAlarms(c.name, c.Function, c.timeout, ""),
		[]alarm{
			behindAlarm(c.name, c),
			parkedAlarm(c.name+"-parked", c),
			throttledAlarm(c.name+"-table", c.Table.Name),
		},
	)
}

// apiAlarms are about what clients see. HTTP APIs send these metrics by API
// once a minute (Amazon API Gateway Developer Guide, "Monitor CloudWatch
// metrics for HTTP APIs").
func (args *ObservabilityArgs) apiAlarms() []alarm {
	of := func(name, stat string) metric {
		return metric{"AWS/ApiGateway", name, pulumi.StringMap{"ApiId": args.Api.ID}, stat}
	}
	latency := of("Latency", "p99")
	return []alarm{
		{
			name: "api-errors", section: "api-errors",
			meaning:    "More than 1 % of the requests were answered 5xx in 3 of 5 minutes: orders are not placed.",
			action:     "Look for \"request failed\" in the functions' logs and run `ops doctor`.",
			expression: pulumi.String("100 * errors / requests"),
			terms:      []term{{"errors", of("5xx", "Sum")}, {"requests", of("Count", "Sum")}},
			period:     minute, periods: 5, breaches: 3, above: above(1), missing: missingIsFine,
		},
		{
			name: "api-latency", section: "api-latency",
			meaning: "1 % of the requests took longer than a second in 5 of 5 minutes.",
			action:  "Compare the latency of the API, the functions and the tables on the dashboard.",
			metric:  &latency,
			period:  minute, periods: 5, breaches: 5, above: above(1000), missing: missingIsFine,
		},
		{
			name: "api-throttled", section: "api-throttled",
			meaning: "The API has answered more than 10 requests a minute with 429 in 3 of 5 minutes.",
			action:  "If the clients are right to ask, raise apiRateLimit and apiBurstLimit.",
			metric:  &metric{metricNamespace, throttledRequests, pulumi.StringMap{"ApiId": args.Api.ID}, "Sum"},
			period:  minute, periods: 5, breaches: 3, above: above(10), missing: missingIsFine,
		},
	}
}

// tableAlarms are about the transaction and the consumer's writes (Amazon
// DynamoDB Developer Guide, "DynamoDB metrics and dimensions").
func (args *ObservabilityArgs) tableAlarms() []alarm {
	of := func(name string, dimensions pulumi.StringMap) *metric {
		return &metric{"AWS/DynamoDB", name, dimensions, "Sum"}
	}
	orders := args.Outbox.Table.Name
	all := []alarm{
		{
			name: "transaction-conflicts", section: "transaction-conflicts",
			meaning: "More than 100 transactions a minute met another one on the same order in 5 of 5 minutes: each was tried again, at a price.",
			action:  "Find who sends the same order many times at once.",
			metric:  of("TransactionConflict", pulumi.StringMap{"TableName": orders}),
			period:  minute, periods: 5, breaches: 5, above: above(100), missing: missingIsFine,
		},
		{
			name: "transaction-errors", section: "transaction-errors",
			meaning: "DynamoDB failed transactions for reasons of its own in 3 of 5 minutes.",
			action:  "Look at the AWS Health Dashboard; clients are told to try again.",
			metric: of("SystemErrors", pulumi.StringMap{
				"TableName": orders, "Operation": pulumi.String("TransactWriteItems"),
			}),
			period: minute, periods: 5, breaches: 3, above: above(0), missing: missingIsFine,
		},
	}
	for _, table := range []struct {
		name  string
		table pulumi.StringOutput
	}{
		{"orders", orders}, {"events", args.Outbox.Events.Name}, {"fulfilments", args.Consumer.Table.Name},
	} {
		all = append(all, throttledAlarm(table.name, table.table))
	}
	return all
}

func throttledAlarm(name string, table pulumi.StringOutput) alarm {
	return alarm{
		name: name + "-throttled", section: "table-throttled",
		meaning: "DynamoDB refused writes to the table of " + name + " for lack of throughput in 3 of 5 minutes.",
		action:  "See whether the account's quota for on-demand tables or one hot order is the reason.",
		metric:  &metric{"AWS/DynamoDB", "WriteThrottleEvents", pulumi.StringMap{"TableName": table}, "Sum"},
		period:  minute, periods: 5, breaches: 3, above: above(0), missing: missingIsFine,
	}
}
