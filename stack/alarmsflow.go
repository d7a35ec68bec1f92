package stack

import (
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// destinationAlarms are about the way from the outbox to the stream. DynamoDB
// sends these metrics with the dimensions TableName and DelegatedOperation and
// does not document the values of the latter, so the alarms ask for whatever
// there is of the table (Amazon CloudWatch User Guide, "Create alarms on
// Metrics Insights queries").
func (args *ObservabilityArgs) destinationAlarms() []alarm {
	of := func(function, metric string) pulumi.StringInput {
		return pulumi.Sprintf(
			`SELECT %s(%s) FROM SCHEMA("AWS/DynamoDB", DelegatedOperation, TableName) WHERE TableName = '%s'`,
			function, metric, args.Outbox.Events.Name)
	}
	return []alarm{
		{
			name: "destination-behind", section: "destination-behind",
			meaning:    "The oldest event that is not in the stream yet waited longer than a minute in 3 of 3 periods of five minutes; it should be milliseconds.",
			action:     "Run `ops doctor`: is the streaming destination ACTIVE, is the stream throttled?",
			expression: of("MAX", "AgeOfOldestUnreplicatedRecord"),
			period:     5 * minute, periods: 3, breaches: 3, above: above(60_000), missing: missingIsFine,
		},
		{
			name: "destination-skipped", section: "destination-skipped",
			meaning:    "DynamoDB skipped events on the way to the stream: their records were too large.",
			action:     "Run `ops reconcile -repair`: the consumer reads what it lacks from the outbox.",
			expression: of("SUM", "FailedToReplicateRecordCount"),
			period:     5 * minute, periods: 12, breaches: 1, above: above(0), missing: missingIsFine,
		},
		{
			name: "destination-throttled", section: "destination-throttled",
			meaning:    "The stream refused events for lack of capacity in 3 of 3 periods of five minutes. Nothing is lost; it is late.",
			action:     "Raise shardCount, or wait until an on-demand stream has grown.",
			expression: of("SUM", "ThrottledPutRecordCount"),
			period:     5 * minute, periods: 3, breaches: 3, above: above(0), missing: missingIsFine,
		},
	}
}

// streamAlarms are about the stream itself (Amazon Kinesis Data Streams
// Developer Guide, "Monitor the Amazon Kinesis Data Streams service with
// Amazon CloudWatch").
func (args *ObservabilityArgs) streamAlarms() []alarm {
	of := func(name, stat string) *metric {
		return &metric{"AWS/Kinesis", name, pulumi.StringMap{"StreamName": args.Outbox.Stream.Name}, stat}
	}
	const halfAnHour = 60 * 60 * 1000 / 2 // of milliseconds
	half := args.StreamRetentionHours.ToIntOutput().ApplyT(func(hours int) float64 {
		return float64(hours) * halfAnHour
	}).(pulumi.Float64Output)
	return []alarm{
		{
			// Lambda reads every shard once a second, records or none: no age
			// at all means that nobody reads.
			name: "stream-unread", section: "stream-unread",
			meaning: "Nobody reads the stream, or the oldest record that is being read has reached half of the stream's retention: at its end records are gone.",
			action:  "Run `ops doctor`: is the consumer's mapping enabled? What is lost to the stream, `ops reconcile -repair` sends again from the outbox.",
			metric:  of("GetRecords.IteratorAgeMilliseconds", "Maximum"),
			period:  5 * minute, periods: 3, breaches: 3, above: half, missing: missingIsBad,
		},
		{
			name: "stream-writes-throttled", section: "destination-throttled",
			meaning: "Writes to the stream exceeded its capacity in 3 of 5 minutes.",
			action:  "Raise shardCount, or wait until an on-demand stream has grown.",
			metric:  of("WriteProvisionedThroughputExceeded", "Sum"),
			period:  minute, periods: 5, breaches: 3, above: above(0), missing: missingIsFine,
		},
		{
			name: "stream-reads-throttled", section: "stream-reads-throttled",
			meaning: "Reads from the stream exceeded its capacity in 5 of 5 minutes: more than one consumer shares 2 MB a second of each shard.",
			action:  "Take a reader away, or add shards.",
			metric:  of("ReadProvisionedThroughputExceeded", "Sum"),
			period:  minute, periods: 5, breaches: 5, above: above(0), missing: missingIsFine,
		},
		behindAlarm("consumer", args.Consumer),
		{
			name: "auditor-behind", section: "auditor-behind",
			meaning: "The auditor is six hours behind; DynamoDB forgets the removals it reads after 24, and what expired undelivered is lost then.",
			action:  "Look for errors of its function; `ops redrive` works on its dead letters too.",
			metric:  &metric{"AWS/Lambda", "IteratorAge", dimensionFunction(args.Auditor.Function), "Maximum"},
			period:  5 * minute, periods: 3, breaches: 3, above: above(6 * 60 * 60 * 1000), missing: missingIsFine,
		},
	}
}

func behindAlarm(name string, c *Consumer) alarm {
	return alarm{
		name: name + "-behind", section: "consumer-behind",
		meaning: "The " + name + " works on records that are older than a minute in 5 of 5 minutes.",
		action:  "Look for errors and throttles of its function first; if there are none, it needs more shards or consumerParallelization.",
		metric:  &metric{"AWS/Lambda", "IteratorAge", dimensionFunction(c.Function), "Maximum"},
		period:  minute, periods: 5, breaches: 5, above: above(60_000), missing: missingIsFine,
	}
}

// mappingAlarms are about the event source mappings, which count because
// they are configured to (AWS Lambda Developer Guide, "Types of metrics for
// Lambda functions", event source mapping metrics).
func (args *ObservabilityArgs) mappingAlarms() []alarm {
	var all []alarm
	for _, m := range []struct {
		name string
		uuid pulumi.StringOutput
	}{{"consumer", args.Consumer.Mapping.Uuid}, {"auditor", args.Auditor.Mapping.Uuid}} {
		all = append(all, mappingAlarms(m.name, m.uuid)...)
	}
	return all
}

func mappingAlarms(name string, uuid pulumi.StringOutput) []alarm {
	of := func(name string) *metric {
		return &metric{"AWS/Lambda", name, pulumi.StringMap{"EventSourceMappingUUID": uuid}, "Sum"}
	}
	return []alarm{{
		name: name + "-failing", section: "mapping-failing",
		meaning: "Records failed in the " + name + " in 5 of 5 minutes and are being tried again; records behind them wait.",
		action:  "Look for \"event failed\", \"record unreadable\" and errors in the function's log.",
		metric:  of("FailedInvokeEventCount"),
		period:  minute, periods: 5, breaches: 5, above: above(0), missing: missingIsFine,
	}, {
		name: name + "-dropped", section: "mapping-dropped",
		meaning: "The " + name + "'s mapping gave up records without a dead letter.",
		action:  "Run `ops reconcile -repair`, and see whether the function's role may send to the queue.",
		metric:  of("DroppedEventCount"),
		period:  5 * minute, periods: 12, breaches: 1, above: above(0), missing: missingIsFine,
	}, {
		name: name + "-gave-up", section: "dead-letters",
		meaning: "The " + name + "'s mapping gave up records and named them in dead letters.",
		action:  "Find the reason in the function's log, then run `ops redrive`.",
		metric:  of("OnFailureDestinationDeliveredEventCount"),
		period:  5 * minute, periods: 1, breaches: 1, above: above(0), missing: missingIsFine,
	}}
}

// deadLetterAlarms are about what waits for an operator (Amazon SQS Developer
// Guide, "Available CloudWatch metrics for Amazon SQS").
func (args *ObservabilityArgs) deadLetterAlarms() []alarm {
	return slices.Concat(
		deadLetterAlarms("consumer", args.Consumer.DeadLetters, args.DeadLetterRetentionSeconds),
		deadLetterAlarms("auditor", args.Auditor.DeadLetters, args.DeadLetterRetentionSeconds),
	)
}

func deadLetterAlarms(name string, queue *sqs.Queue, retentionSeconds pulumi.IntInput) []alarm {
	half := retentionSeconds.ToIntOutput().ApplyT(func(seconds int) float64 {
		return float64(seconds) / 2
	}).(pulumi.Float64Output)
	of := func(metricName string) *metric {
		return &metric{"AWS/SQS", metricName, pulumi.StringMap{"QueueName": queue.Name}, "Maximum"}
	}
	return []alarm{{
		name: name + "-dead-letters", section: "dead-letters",
		meaning: "Dead letters of the " + name + " wait to be redriven.",
		action:  "Run `ops redrive -dry-run`, then `ops redrive`.",
		metric:  of("ApproximateNumberOfMessagesVisible"),
		period:  minute, periods: 1, breaches: 1, above: above(0), missing: missingIsFine,
	}, {
		name: name + "-dead-letters-old", section: "dead-letters-old",
		meaning: "A dead letter of the " + name + " has waited for half of the queue's retention; at its end it is gone.",
		action:  "Run `ops redrive` now.",
		metric:  of("ApproximateAgeOfOldestMessage"),
		period:  5 * minute, periods: 3, breaches: 3, above: half, missing: missingIsFine,
	}}
}

// eventAlarms are about what the handlers tell in their logs.
func (args *ObservabilityArgs) eventAlarms() []alarm {
	return []alarm{
		parkedAlarm("orders-parked", args.Consumer),
		{
			name: "events-resurrected", section: "events-resurrected",
			meaning: "Events expired before their delivery within the last hour, and were put back.",
			action:  "Find out why the consumer is a whole retention behind: run `ops doctor` and `ops reconcile`.",
			metric:  &metric{metricNamespace, "EventsResurrected", dimensionFunction(args.Auditor.Function), "Sum"},
			period:  5 * minute, periods: 12, breaches: 1, above: above(0), missing: missingIsFine,
		},
	}
}

func parkedAlarm(name string, c *Consumer) alarm {
	return alarm{
		name: name, section: "orders-parked",
		meaning: "An order was parked within the last hour: its next event can never be applied as things are. Other orders are not affected.",
		action:  "Run `ops parked` for the reasons, and `ops unpark` when they are gone.",
		metric:  &metric{metricNamespace, "OrdersParked", dimensionFunction(c.Function), "Sum"},
		period:  5 * minute, periods: 12, breaches: 1, above: above(0), missing: missingIsFine,
	}
}

func dimensionFunction(f *Function) pulumi.StringMap {
	return pulumi.StringMap{"FunctionName": f.Lambda.Name}
}
