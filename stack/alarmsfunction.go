package stack

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// nearTimeout is the share of a function's timeout that is too much.
const nearTimeout = 0.8

// usualConcurrency is an account's quota until somebody raises it (AWS Lambda
// Developer Guide, "Lambda quotas").
const usualConcurrency = 1000

// functionAlarms are about every function (AWS Lambda Developer Guide, "Types
// of metrics for Lambda functions").
func (args *ObservabilityArgs) functionAlarms() []alarm {
	var all []alarm
	for _, f := range args.Functions {
		all = append(all, functionAlarms(f.Name, f.Function, pulumi.Int(f.TimeoutSeconds), fmt.Sprintf(" of %d s", f.TimeoutSeconds))...)
	}
	limit, whose := args.ConsumerConcurrency, "what is reserved for it"
	if limit < 0 {
		limit, whose = usualConcurrency, "an account's usual quota"
	}
	return append(all, alarm{
		name: "consumer-concurrency", section: "consumer-concurrency",
		meaning: fmt.Sprintf("The consumer uses more than %.0f %% of %s, %d, in 3 of 5 minutes.", 100*nearTimeout, whose, limit),
		action:  "Raise consumerReservedConcurrency, or the quota, before it is throttled.",
		metric:  &metric{"AWS/Lambda", "ConcurrentExecutions", dimensionFunction(args.Consumer.Function), "Maximum"},
		period:  minute, periods: 5, breaches: 3, above: above(nearTimeout * float64(limit)), missing: missingIsFine,
	})
}

// functionAlarms are about one function; timeout is in seconds, and in words
// if it is known already.
func functionAlarms(name string, function *Function, timeout pulumi.IntInput, words string) []alarm {
	of := func(metricName, stat string) *metric {
		return &metric{"AWS/Lambda", metricName, dimensionFunction(function), stat}
	}
	near := timeout.ToIntOutput().ApplyT(func(seconds int) float64 {
		return nearTimeout * 1000 * float64(seconds)
	}).(pulumi.Float64Output)
	return []alarm{{
		name: name + "-errors", section: "function-errors",
		meaning: "The function " + name + " failed as a whole in 3 of 5 minutes: it crashed, ran out of time or memory, or could not start.",
		action:  "Look for platform.report lines with another status than success in its log.",
		metric:  of("Errors", "Sum"),
		period:  minute, periods: 5, breaches: 3, above: above(0), missing: missingIsFine,
	}, {
		name: name + "-throttled", section: "function-throttled",
		meaning: "Lambda had no concurrency left for the function " + name + " in 3 of 5 minutes.",
		action:  "Compare its concurrency with what is reserved for it, and with the account's quota.",
		metric:  of("Throttles", "Sum"),
		period:  minute, periods: 5, breaches: 3, above: above(0), missing: missingIsFine,
	}, {
		name: name + "-slow", section: "function-slow",
		meaning: fmt.Sprintf("An invocation of %s took more than %.0f %% of its timeout%s in 3 of 5 minutes.", name, 100*nearTimeout, words),
		action:  "Find out what it waits for before raising the timeout.",
		metric:  of("Duration", "Maximum"),
		period:  minute, periods: 5, breaches: 3, above: near, missing: missingIsFine,
	}}
}
