package stack

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// runbook is the document that every alarm leads to.
const runbook = "docs/runbook.md"

// What an alarm makes of a period without data.
const (
	// missingIsFine is for what is only counted when it happens, and for
	// gauges of something that may be idle.
	missingIsFine = "notBreaching"
	// missingIsBad is for what is told as long as somebody is at work.
	missingIsBad = "breaching"
)

const minute = 60

// alarm is one alarm: a metric, or metrics and an expression over them, and
// when it is too much.
type alarm struct {
	// name tells the alarm from all others of the stage.
	name string
	// section is the anchor of its section in the runbook.
	section string
	// meaning says what has happened, action what to do first.
	meaning, action string

	metric *metric
	// expression is over terms by their ids; nil terms with an expression are
	// a Metrics Insights query.
	expression pulumi.StringInput
	terms      []term

	period            int // seconds
	periods, breaches int // breaches out of so many periods
	above             pulumi.Float64Input
	missing           string
}

// metric is one CloudWatch metric and a statistic of it.
type metric struct {
	namespace, name string
	dimensions      pulumi.StringMap
	stat            string // Sum, Maximum, p99
}

// term is a metric that an expression calls by its id.
type term struct {
	id string
	metric
}

// description is what the mail of an alarm says.
func (a alarm) description() string {
	return fmt.Sprintf("%s %s See %s#%s", a.meaning, a.action, runbook, a.section)
}

// declare declares the alarm. It notifies topics of ALARM and of OK.
func (a alarm) declare(
	ctx *pulumi.Context, prefix string, topics pulumi.Array, tags pulumi.StringMap, parent pulumi.ResourceOption,
) (*cloudwatch.MetricAlarm, error) {
	args := &cloudwatch.MetricAlarmArgs{
		AlarmDescription:   pulumi.String(a.description()),
		ComparisonOperator: pulumi.String("GreaterThanThreshold"),
		EvaluationPeriods:  pulumi.Int(a.periods),
		DatapointsToAlarm:  pulumi.Int(a.breaches),
		Threshold:          a.above.ToFloat64Output().ToFloat64PtrOutput(),
		TreatMissingData:   pulumi.String(a.missing),
		AlarmActions:       topics,
		OkActions:          topics,
		Tags:               tags,
	}
	switch {
	case a.metric != nil:
		args.Namespace = pulumi.String(a.metric.namespace)
		args.MetricName = pulumi.String(a.metric.name)
		args.Dimensions = a.metric.dimensions
		args.Period = pulumi.Int(a.period)
		if percentile(a.metric.stat) {
			args.ExtendedStatistic = pulumi.String(a.metric.stat)
		} else {
			args.Statistic = pulumi.String(a.metric.stat)
		}
	default:
		args.MetricQueries = a.queries()
	}
	return cloudwatch.NewMetricAlarm(ctx, prefix+"-"+a.name, args, parent)
}

// queries are the terms and the expression whose value is compared.
func (a alarm) queries() cloudwatch.MetricAlarmMetricQueryArray {
	result := cloudwatch.MetricAlarmMetricQueryArgs{
		Id:         pulumi.String("result"),
		Expression: a.expression.ToStringOutput().ToStringPtrOutput(),
		Label:      pulumi.String(a.name),
		ReturnData: pulumi.Bool(true),
	}
	if len(a.terms) == 0 {
		result.Period = pulumi.Int(a.period)
	}
	queries := cloudwatch.MetricAlarmMetricQueryArray{result}
	for _, t := range a.terms {
		queries = append(queries, cloudwatch.MetricAlarmMetricQueryArgs{
			Id: pulumi.String(t.id),
			Metric: cloudwatch.MetricAlarmMetricQueryMetricArgs{
				Namespace:  pulumi.String(t.namespace),
				MetricName: pulumi.String(t.name),
				Dimensions: t.dimensions,
				Period:     pulumi.Int(a.period),
				Stat:       pulumi.String(t.stat),
			},
		})
	}
	return queries
}

func percentile(stat string) bool { return stat[0] == 'p' }

func above(n float64) pulumi.Float64Input { return pulumi.Float64(n) }
