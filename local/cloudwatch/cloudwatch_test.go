package cloudwatch_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/cloudwatch"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// latency is a metric with a value in each of the minutes before noon, the last one first; nil is none.
func latency(values ...any) *cloudwatch.Metrics {
	m := cloudwatch.NewMetrics(0)
	for i, v := range values {
		if v != nil {
			m.Add(cloudwatch.Gauge, "N", "Latency", cloudwatch.Dimensions{"A": "1"}, noon.Add(-time.Duration(i)*time.Minute), v.(float64))
		}
	}
	return m
}

func alarm(missing string, breaches, periods int) *cloudwatch.Alarm {
	return &cloudwatch.Alarm{
		Name: "slow", Metric: &cloudwatch.Term{Namespace: "N", Name: "Latency", Dimensions: cloudwatch.Dimensions{"A": "1"}, Stat: "Maximum"},
		Period: time.Minute, Periods: periods, Breaches: breaches, Threshold: 10, Comparison: "GreaterThanThreshold", Missing: missing,
	}
}

func TestAnAlarmChangesItsState(t *testing.T) {
	for name, c := range map[string]struct {
		missing           string
		breaches, periods int
		values            []any
		want              cloudwatch.State
	}{
		"nothing known":                       {"missing", 1, 1, nil, cloudwatch.InsufficientData},
		"nothing known is fine":               {"notBreaching", 1, 1, nil, cloudwatch.OK},
		"nothing known is bad":                {"breaching", 3, 3, nil, cloudwatch.InAlarm},
		"nothing known changes nothing":       {"ignore", 1, 1, nil, cloudwatch.InsufficientData},
		"at the threshold":                    {"missing", 1, 1, []any{10.0}, cloudwatch.OK},
		"beyond it":                           {"missing", 1, 1, []any{10.1}, cloudwatch.InAlarm},
		"beyond it once of three":             {"missing", 3, 3, []any{11.0, 9.0, 9.0}, cloudwatch.OK},
		"beyond it three of three":            {"missing", 3, 3, []any{11.0, 12.0, 13.0}, cloudwatch.InAlarm},
		"two of three, whichever":             {"missing", 2, 3, []any{11.0, 1.0, 11.0}, cloudwatch.InAlarm},
		"long ago":                            {"missing", 1, 2, []any{1.0, 1.0, 11.0}, cloudwatch.OK},
		"holes count as bad":                  {"breaching", 3, 3, []any{11.0, nil, 11.0}, cloudwatch.InAlarm},
		"holes count as fine":                 {"notBreaching", 3, 3, []any{11.0, nil, 11.0}, cloudwatch.OK},
		"one value is enough against silence": {"breaching", 3, 3, []any{nil, nil, 1.0}, cloudwatch.OK},
	} {
		t.Run(name, func(t *testing.T) {
			a := alarm(c.missing, c.breaches, c.periods)
			if err := a.Check(); err != nil {
				t.Fatal(err)
			}
			changed := a.Evaluate(latency(c.values...), noon.Add(30*time.Second))
			if a.State() != c.want || changed != (c.want != cloudwatch.InsufficientData) {
				t.Errorf("state %s, changed %t; want %s", a.State(), changed, c.want)
			}
		})
	}
}

func TestAnAlarmEndsAndBeginsAgain(t *testing.T) {
	m, a := cloudwatch.NewMetrics(0), alarm("notBreaching", 2, 3)
	if err := a.Check(); err != nil {
		t.Fatal(err)
	}
	var states []cloudwatch.State
	for i, v := range []float64{1, 11, 11, 1, 1, 1, 11, 11} {
		at := noon.Add(time.Duration(i) * time.Minute)
		m.Add(cloudwatch.Gauge, "N", "Latency", cloudwatch.Dimensions{"A": "1"}, at, v)
		if a.Evaluate(m, at) {
			states = append(states, a.State())
		}
	}
	if diff := cmp.Diff([]cloudwatch.State{"OK", "ALARM", "OK", "ALARM"}, states); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func TestValuesOfAPeriod(t *testing.T) {
	m := cloudwatch.NewMetrics(0)
	for i := range 100 {
		m.Add(cloudwatch.Distribution, "N", "Took", nil, noon.Add(time.Duration(i)*time.Second), float64(i+1))
	}
	m.Add(cloudwatch.Counter, "N", "errors", nil, noon, 3)
	m.Add(cloudwatch.Counter, "N", "requests", nil, noon, 60)
	m.Add(cloudwatch.Gauge, "AWS/X", "Age", cloudwatch.Dimensions{"Table": "t", "Op": "unknown"}, noon, 7)
	m.Add(cloudwatch.Gauge, "AWS/X", "Age", cloudwatch.Dimensions{"Table": "u", "Op": "unknown"}, noon, 9)
	m.Add(cloudwatch.Gauge, "AWS/X", "Age", cloudwatch.Dimensions{"Table": "t"}, noon, 1000)
	took := func(stat string) cloudwatch.Alarm {
		return cloudwatch.Alarm{Metric: &cloudwatch.Term{Namespace: "N", Name: "Took", Stat: stat}, Period: 5 * time.Minute}
	}
	ratio := func(expression string) cloudwatch.Alarm {
		return cloudwatch.Alarm{Expression: expression, Period: time.Minute, Terms: map[string]cloudwatch.Term{
			"errors": {Namespace: "N", Name: "errors", Stat: "Sum"}, "requests": {Namespace: "N", Name: "requests", Stat: "Sum"}, "none": {Namespace: "N", Name: "none", Stat: "Sum"},
		}}
	}
	query := func(expression string) cloudwatch.Alarm {
		return cloudwatch.Alarm{Expression: expression, Period: time.Minute}
	}
	for name, c := range map[string]struct {
		alarm cloudwatch.Alarm
		want  float64
		none  bool
	}{
		"sum":                {alarm: took("Sum"), want: 5050},
		"average":            {alarm: took("Average"), want: 50.5},
		"least":              {alarm: took("Minimum"), want: 1},
		"most":               {alarm: took("Maximum"), want: 100},
		"how many":           {alarm: took("SampleCount"), want: 100},
		"median":             {alarm: took("p50"), want: 50},
		"99th percentile":    {alarm: took("p99"), want: 99},
		"100th percentile":   {alarm: took("p100"), want: 100},
		"ratio":              {alarm: ratio("100 * errors / requests"), want: 5},
		"precedence":         {alarm: ratio("2 + errors * (requests - 50) / 10"), want: 5},
		"left to right":      {alarm: ratio("requests - 10 - 5"), want: 45},
		"term without value": {alarm: ratio("errors + none"), none: true},
		"by zero":            {alarm: ratio("errors / (requests - 60)"), none: true},
		"query":              {alarm: query(`SELECT MAX(Age) FROM SCHEMA("AWS/X", Op, Table) WHERE Table = 't'`), want: 7},
		"query of all":       {alarm: query(`SELECT SUM(Age) FROM SCHEMA("AWS/X", Table, Op)`), want: 16},
		"query of nothing":   {alarm: query(`SELECT SUM(Age) FROM SCHEMA("AWS/X", Table, Op) WHERE Table = 'v'`), none: true},
	} {
		t.Run(name, func(t *testing.T) {
			a := c.alarm
			a.Periods = 1
			// The value is between two thresholds.
			for threshold, want := range map[float64]cloudwatch.State{c.want - 0.01: cloudwatch.InAlarm, c.want: cloudwatch.OK} {
				a.Threshold, a.Comparison = threshold, "GreaterThanThreshold"
				if c.none {
					want = cloudwatch.InsufficientData
				}
				if err := a.Check(); err != nil {
					t.Fatal(err)
				}
				a.Evaluate(m, noon.Add(59*time.Second))
				if a.State() != want {
					t.Errorf("against %v: %s, want %s", threshold, a.State(), want)
				}
			}
		})
	}
}

func TestWhatIsNotSupportedIsRefused(t *testing.T) {
	term := map[string]cloudwatch.Term{"m": {Namespace: "N", Name: "M", Stat: "Sum"}}
	for name, change := range map[string]func(*cloudwatch.Alarm){
		`statistic "TM99" is not supported`:         func(a *cloudwatch.Alarm) { a.Metric.Stat = "TM99" },
		`a metric has a namespace`:                  func(a *cloudwatch.Alarm) { a.Metric.Namespace = "" },
		`comparison operator "Outside"`:             func(a *cloudwatch.Alarm) { a.Comparison = "Outside" },
		`period 10s is not a number of minutes`:     func(a *cloudwatch.Alarm) { a.Period = 10 * time.Second },
		`4 breaches of 3 periods can never be`:      func(a *cloudwatch.Alarm) { a.Breaches = 4 },
		`missing data cannot be treated as "zero"`:  func(a *cloudwatch.Alarm) { a.Missing = "zero" },
		`a metric or an expression, not both`:       func(a *cloudwatch.Alarm) { a.Expression = "1" },
		`query "SELECT 1" is not supported`:         func(a *cloudwatch.Alarm) { a.Metric, a.Expression = nil, "SELECT 1" },
		`has something in it that is not supported`: func(a *cloudwatch.Alarm) { a.Metric, a.Terms, a.Expression = nil, term, "m ^ 2" },
		`there is no "n"`:                           func(a *cloudwatch.Alarm) { a.Metric, a.Terms, a.Expression = nil, term, "m + n" },
		`it ends too early`:                         func(a *cloudwatch.Alarm) { a.Metric, a.Terms, a.Expression = nil, term, "m +" },
		`a parenthesis is not closed`:               func(a *cloudwatch.Alarm) { a.Metric, a.Terms, a.Expression = nil, term, "(m + 1" },
		`"m" is not expected`:                       func(a *cloudwatch.Alarm) { a.Metric, a.Terms, a.Expression = nil, term, "1 m" },
		`condition "Table LIKE 'x'" is not supported`: func(a *cloudwatch.Alarm) {
			a.Metric, a.Expression = nil, `SELECT MAX(M) FROM SCHEMA("N", Table) WHERE Table LIKE 'x'`
		},
	} {
		a := alarm("missing", 3, 3)
		change(a)
		if err := a.Check(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %q", err, name)
		}
	}
}

func TestMetricsInLogsAreTaken(t *testing.T) {
	m := cloudwatch.NewMetrics(0)
	line := func(text string) string {
		return fmt.Sprintf(`{"_aws":{"Timestamp":%d,"CloudWatchMetrics":[{"Namespace":"N","Dimensions":[["F"]],"Metrics":[{"Name":"A","Unit":"Count"},{"Name":"B","Unit":"Milliseconds"}]}]},%s}`, noon.UnixMilli(), text)
	}
	for text, want := range map[string]string{
		line(`"F":"f","A":2,"B":[1,2,3]`):   "",
		line(`"F":"f","A":3,"B":4.5`):       "",
		line(`"A":2,"B":1`):                 "dimension F of embedded metrics is null, not a text",
		line(`"F":"f","B":1`):               "embedded metric A is null, not a number",
		line(`"F":"f","A":2,"B":["x"]`):     "embedded metric B is not a list of at most 100 numbers",
		`{"_aws":{"CloudWatchMetrics":[]}}`: "embedded metrics without a timestamp",
	} {
		if taken, err := m.Embedded([]byte(text)); !taken || want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: %t, %v; want %q", text, taken, err, want)
		}
	}
	for _, text := range []string{`{"msg":"a"}`, `panic: "_aws"`, `{"_aws":1}`} {
		if taken, err := m.Embedded([]byte(text)); taken || err != nil {
			t.Errorf("%s: %t, %v", text, taken, err)
		}
	}
	of := cloudwatch.Dimensions{"F": "f"}
	if sum, count := m.Total("N", "A", of); sum < 5 || count < 2 {
		t.Errorf("A: %v in %v values", sum, count)
	}
	if sum, count := m.Total("N", "B", of); sum != 10.5 || count != 4 {
		t.Errorf("B: %v in %v values", sum, count)
	}
}

func TestPrometheus(t *testing.T) {
	m := cloudwatch.NewMetrics(0)
	f := cloudwatch.Dimensions{"FunctionName": `a"b\`}
	m.Add(cloudwatch.Counter, "TransactionalOutbox", "OrdersPlaced", f, noon.Add(-2*time.Hour), 2)
	m.Add(cloudwatch.Counter, "TransactionalOutbox", "OrdersPlaced", f, noon, 1)
	m.Add(cloudwatch.Gauge, "AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", cloudwatch.Dimensions{"StreamName": "s"}, noon, 5)
	m.Add(cloudwatch.Counter, "AWS/ApiGateway", "5xx", nil, noon, 0)
	m.Add(cloudwatch.Distribution, "AWS/Lambda", "Duration", f, noon, 1, 2, 3, 4)
	var b strings.Builder
	if err := m.WritePrometheus(&b, noon); err != nil {
		t.Fatal(err)
	}
	want := `# HELP aws_api_gateway_5xx_total 5xx in AWS/ApiGateway of CloudWatch
# TYPE aws_api_gateway_5xx_total counter
aws_api_gateway_5xx_total 0
# HELP aws_kinesis_get_records_iterator_age_milliseconds GetRecords.IteratorAgeMilliseconds in AWS/Kinesis of CloudWatch
# TYPE aws_kinesis_get_records_iterator_age_milliseconds gauge
aws_kinesis_get_records_iterator_age_milliseconds{stream_name="s"} 5
# HELP aws_lambda_duration Duration in AWS/Lambda of CloudWatch
# TYPE aws_lambda_duration summary
aws_lambda_duration_count{function_name="a\"b\\"} 4
aws_lambda_duration_sum{function_name="a\"b\\"} 10
aws_lambda_duration{function_name="a\"b\\",quantile="0.5"} 2
aws_lambda_duration{function_name="a\"b\\",quantile="0.9"} 4
aws_lambda_duration{function_name="a\"b\\",quantile="0.99"} 4
# HELP transactional_outbox_orders_placed_total OrdersPlaced in TransactionalOutbox of CloudWatch
# TYPE transactional_outbox_orders_placed_total counter
transactional_outbox_orders_placed_total{function_name="a\"b\\"} 3
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
}

// Whatever comes how often, memory is bounded: minutes are forgotten and percentiles are of evenly taken values.
func TestPercentilesOfManyValues(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	m := cloudwatch.NewMetrics(0)
	for range 100_000 {
		m.Add(cloudwatch.Distribution, "N", "Took", nil, noon, 100*random.Float64())
	}
	a := &cloudwatch.Alarm{Metric: &cloudwatch.Term{Namespace: "N", Name: "Took", Stat: "p90"}, Period: time.Minute, Periods: 1, Comparison: "GreaterThanThreshold"}
	for threshold, want := range map[float64]cloudwatch.State{80: cloudwatch.InAlarm, 97: cloudwatch.OK} {
		a.Threshold = threshold
		if err := a.Check(); err != nil {
			t.Fatal(err)
		}
		if a.Evaluate(m, noon); a.State() != want {
			t.Errorf("seed %d: the 90th percentile of 0 to 100 against %v: %s", seed, threshold, a.State())
		}
	}
}

func BenchmarkEmbedded(b *testing.B) {
	m := cloudwatch.NewMetrics(0)
	line := []byte(`{"_aws":{"Timestamp":1780000000123,"CloudWatchMetrics":[{"Namespace":"TransactionalOutbox","Dimensions":[["FunctionName"]],"Metrics":[{"Name":"OrdersPlaced","Unit":"Count"}]}]},"FunctionName":"placeorder-function-1a2b3c4","OrdersPlaced":1}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Embedded(line); err != nil {
			b.Fatal(err)
		}
	}
}
