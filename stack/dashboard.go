package stack

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newDashboard declares the dashboard: the alarms on top, below them a row for
// each step of an event's way.
func (o *Observability) newDashboard(
	ctx *pulumi.Context, name string, args *ObservabilityArgs, alarms []*cloudwatch.MetricAlarm, parent pulumi.ResourceOption,
) error {
	names := args.physicalNames()
	arns := make(pulumi.StringArray, len(alarms))
	for i, a := range alarms {
		arns[i] = a.Arn
	}
	body := pulumi.All(args.Region, names, arns).ApplyT(func(v []any) (string, error) {
		return dashboardBody(v[0].(string), v[1].(map[string]string), v[2].([]string), args.functionNames())
	}).(pulumi.StringOutput)
	dashboard, err := cloudwatch.NewDashboard(ctx, name+"-dashboard", &cloudwatch.DashboardArgs{
		// Dashboards have no tags, and the provider generates no names for
		// them: this one is found by its project and stage.
		DashboardName: pulumi.String(ctx.Project() + "-" + ctx.Stack()),
		DashboardBody: body,
	}, parent)
	if err != nil {
		return err
	}
	o.DashboardURL = pulumi.Sprintf("https://%s.console.aws.amazon.com/cloudwatch/home?region=%s#dashboards/dashboard/%s",
		args.Region, args.Region, dashboard.DashboardName)
	return nil
}

// physicalNames are the names that the dashboard's metrics are about.
func (args *ObservabilityArgs) physicalNames() pulumi.StringMap {
	names := pulumi.StringMap{
		"api":              args.Api.ID,
		"orders":           args.Outbox.Table.Name,
		"events":           args.Outbox.Events.Name,
		"fulfilments":      args.Consumer.Table.Name,
		"stream":           args.Outbox.Stream.Name,
		"consumer mapping": args.Consumer.Mapping.Uuid,
		"auditor mapping":  args.Auditor.Mapping.Uuid,
		"consumer letters": args.Consumer.DeadLetters.Name,
		"auditor letters":  args.Auditor.DeadLetters.Name,
		"consumer":         args.Consumer.Function.Lambda.Name,
		"auditor":          args.Auditor.Function.Lambda.Name,
	}
	for _, f := range args.Functions {
		names[f.Name] = f.Function.Lambda.Name
	}
	return names
}

func (args *ObservabilityArgs) functionNames() []string {
	list := make([]string, len(args.Functions))
	for i, f := range args.Functions {
		list[i] = f.Name
	}
	return list
}

// widget is one rectangle of a dashboard (Amazon CloudWatch API Reference,
// "Dashboard Body Structure and Syntax").
type widget struct {
	Type       string     `json:"type"`
	X          int        `json:"x"`
	Y          int        `json:"y"`
	Width      int        `json:"width"`
	Height     int        `json:"height"`
	Properties properties `json:"properties"`
}

type properties struct {
	Title   string   `json:"title"`
	Alarms  []string `json:"alarms,omitempty"`
	Region  string   `json:"region,omitempty"`
	View    string   `json:"view,omitempty"`
	Stat    string   `json:"stat,omitempty"`
	Period  int      `json:"period,omitempty"`
	Metrics []line   `json:"metrics,omitempty"`
}

// line is a metric of a widget: namespace, name, dimensions and, as the last
// element, how it is shown; or an expression alone.
type line []any

// show is how a line is shown.
type show struct {
	Label      string `json:"label,omitempty"`
	Stat       string `json:"stat,omitempty"`
	Expression string `json:"expression,omitempty"`
}

// A row is three widgets next to each other.
const (
	rowWidgets   = 3
	widgetWidth  = 24 / rowWidgets
	widgetHeight = 6
)

// chart is a widget before it has its place.
type chart struct {
	title, stat string
	lines       []line
}

// dashboardBody is the JSON of the dashboard.
func dashboardBody(region string, name map[string]string, alarms, functions []string) (string, error) {
	charts := append(flowCharts(name), functionCharts(name, functions)...)
	widgets := []widget{{
		Type: "alarm", Width: 24, Height: 4,
		Properties: properties{Title: "Alarms", Alarms: alarms},
	}}
	for i, c := range charts {
		widgets = append(widgets, widget{
			Type: "metric", X: i % rowWidgets * widgetWidth, Y: 4 + i/rowWidgets*widgetHeight,
			Width: widgetWidth, Height: widgetHeight,
			Properties: properties{
				Title: c.title, Region: region, View: "timeSeries", Stat: c.stat, Period: minute, Metrics: c.lines,
			},
		})
	}
	text, err := json.Marshal(struct {
		Widgets []widget `json:"widgets"`
	}{widgets})
	if err != nil {
		return "", fmt.Errorf("marshal dashboard: %w", err)
	}
	return string(text), nil
}

// flowCharts follow an event from the request to its effect.
func flowCharts(name map[string]string) []chart {
	own := func(metric, function string, as show) line {
		return line{metricNamespace, metric, "FunctionName", name[function], as}
	}
	api := func(metric string, as show) line {
		return line{"AWS/ApiGateway", metric, "ApiId", name["api"], as}
	}
	table := func(metric, of string, as show) line {
		return line{"AWS/DynamoDB", metric, "TableName", name[of], as}
	}
	destination := func(function, metric string) []line {
		return []line{{show{Label: metric, Expression: fmt.Sprintf(
			`SELECT %s(%s) FROM SCHEMA("AWS/DynamoDB", DelegatedOperation, TableName) WHERE TableName = '%s'`,
			function, metric, name["events"])}}}
	}
	stream := func(metric string, as show) line {
		return line{"AWS/Kinesis", metric, "StreamName", name["stream"], as}
	}
	mapping := func(metric string) line {
		return line{"AWS/Lambda", metric, "EventSourceMappingUUID", name["consumer mapping"], show{Label: metric}}
	}
	letters := func(of string) line {
		return line{"AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name[of], show{Label: of}}
	}
	return []chart{
		{"Orders", "Sum", []line{
			own("OrdersPlaced", "placeorder", show{Label: "placed"}),
			own("OrdersReplayed", "placeorder", show{Label: "replayed"}),
			own("OrdersCancelled", "cancelorder", show{Label: "cancelled"}),
		}},
		{"Requests", "Sum", []line{
			api("Count", show{Label: "all"}), api("4xx", show{Label: "4xx"}), api("5xx", show{Label: "5xx"}),
			{metricNamespace, throttledRequests, "ApiId", name["api"], show{Label: "429"}},
		}},
		{"Latency of requests (ms)", "p99", []line{
			api("Latency", show{Label: "p99"}), api("Latency", show{Label: "p50", Stat: "p50"}),
			api("IntegrationLatency", show{Label: "p99 of the functions"}),
		}},
		{"Transactions that met another one", "Sum", []line{
			table("TransactionConflict", "orders", show{Label: "conflicts"}),
			own("TransactionConflicts", "placeorder", show{Label: "tried again by placeorder"}),
			own("TransactionConflicts", "cancelorder", show{Label: "tried again by cancelorder"}),
		}},
		{"Writes refused for lack of throughput", "Sum", []line{
			table("WriteThrottleEvents", "orders", show{Label: "orders"}),
			table("WriteThrottleEvents", "events", show{Label: "events"}),
			table("WriteThrottleEvents", "fulfilments", show{Label: "fulfilments"}),
		}},
		{"Write units", "Sum", []line{
			table("ConsumedWriteCapacityUnits", "orders", show{Label: "orders"}),
			table("ConsumedWriteCapacityUnits", "events", show{Label: "events"}),
			table("ConsumedWriteCapacityUnits", "fulfilments", show{Label: "fulfilments"}),
		}},
		{"Oldest event that is not in the stream (ms)", "", destination("MAX", "AgeOfOldestUnreplicatedRecord")},
		{"Stream", "Sum", []line{
			stream("IncomingRecords", show{Label: "records"}),
			stream("WriteProvisionedThroughputExceeded", show{Label: "writes refused"}),
			stream("ReadProvisionedThroughputExceeded", show{Label: "reads refused"}),
		}},
		{"Age of the records the consumer works on (ms)", "Maximum", []line{
			{"AWS/Lambda", "IteratorAge", "FunctionName", name["consumer"], show{Label: "consumer"}},
			{"AWS/Lambda", "IteratorAge", "FunctionName", name["auditor"], show{Label: "auditor"}},
			stream("GetRecords.IteratorAgeMilliseconds", show{Label: "stream"}),
		}},
		{"From commit to effect (ms)", "p99", []line{
			own("CommitToEffect", "consumer", show{Label: "p99"}),
			own("CommitToEffect", "consumer", show{Label: "p50", Stat: "p50"}),
			own("CommitToEffect", "consumer", show{Label: "longest", Stat: "Maximum"}),
		}},
		{"Consumer", "Sum", []line{
			own("EventsApplied", "consumer", show{Label: "applied"}),
			own("DuplicatesDropped", "consumer", show{Label: "duplicates dropped"}),
			own("GapsFilled", "consumer", show{Label: "gaps filled"}),
			own("OrdersParked", "consumer", show{Label: "orders parked"}),
			own("EventsResurrected", "auditor", show{Label: "events resurrected"}),
		}},
		{"Mapping", "Sum", []line{
			mapping("PolledEventCount"), mapping("FilteredOutEventCount"), mapping("InvokedEventCount"),
			mapping("FailedInvokeEventCount"), mapping("DroppedEventCount"), mapping("OnFailureDestinationDeliveredEventCount"),
		}},
		{"Dead letters", "Maximum", []line{letters("consumer letters"), letters("auditor letters")}},
	}
}

// functionCharts compare the functions.
func functionCharts(name map[string]string, functions []string) []chart {
	of := func(title, metric, stat string) chart {
		c := chart{title: title, stat: stat}
		for _, f := range functions {
			c.lines = append(c.lines, line{"AWS/Lambda", metric, "FunctionName", name[f], show{Label: f}})
		}
		return c
	}
	return []chart{
		of("Errors of the functions", "Errors", "Sum"),
		of("Throttles of the functions", "Throttles", "Sum"),
		of("Duration of the functions, p99 (ms)", "Duration", "p99"),
		of("Concurrency of the functions", "ConcurrentExecutions", "Maximum"),
	}
}
