package stack_test

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The tables of docs/scaling.md are computed here, from the sizes and prices
// that the document names, so that they cannot disagree with its formulas.

// What one order with two items weighs, measured on the desk, in bytes.
const (
	eventBytes     = 691  // item of the outbox
	recordBytes    = 1324 // its record in the stream
	orderBytes     = 338
	stateBytes     = 135
	requestLog     = 1457     // placeorder and the access log at INFO, per request; the desk's tests allow 1,700
	batchLog       = 980      // fulfilment at INFO, per batch; the desk's tests allow 1,100
	placeSeconds   = 0.015    // an assumption: one transaction, 10 ms, and 5 ms around it
	applySeconds   = 0.005    // an assumption: one conditional update
	batchSeconds   = 0.002    // what a batch takes beside its updates
	workers        = 16       // updates under way at once in one invocation
	indexOverhead  = 100      // DynamoDB stores with each item
	eventDays      = 30       // eventRetentionDays
	streamDays     = 7        // streamRetentionHours
	apiGB, applyGB = 0.5, 0.5 // apiMemoryMb, consumerMemoryMb
)

// List prices in USD, us-east-1. The document says where they are from.
const (
	perMillionWRU      = 0.625
	perMillionCDC      = 0.10
	perTableGBMonth    = 0.25
	perRecoveryGBMonth = 0.20
	perStreamHour      = 0.04
	perStreamGBIn      = 0.08
	perStreamGBOut     = 0.04
	perStreamGBMonth   = 0.10
	perMillionInvokes  = 0.20
	perGBSecond        = 0.0000133334
	perMillionRequests = 1.00
	perLogGB           = 0.50
	perMillionTraces   = 5.00
	alarmMetrics       = 45 // an alarm is paid for by the metrics it looks at
	metricCount        = 12
	watchPerMonth      = alarmMetrics*0.10 + metricCount*0.30 + 3
	gb                 = 1 << 30
	hoursPerMonth      = 730.0
	million            = 1e6
	removals           = 1 // each event is announced once more when it expires
)

func units(bytes float64) float64 { return math.Ceil(bytes / 1024) }

// batch is how many records an invocation gets at a rate: all that come to
// one of the shards' lanes while the one before is at work, at most 100.
func batch(rate float64, lanes float64) float64 {
	perLane := rate / lanes
	n := 1.0
	for range 50 {
		n = min(100, max(1, perLane*(batchSeconds+math.Ceil(n/workers)*applySeconds)))
	}
	return n
}

// shards is what a rate of orders needs, one event each and its removal.
func shards(rate float64) float64 {
	records := rate * (1 + removals)
	return max(4, math.Ceil(max(records/1000, records*recordBytes/1e6)))
}

// cost is one line of the bill, in USD per million orders.
type cost struct {
	name string
	of   func(rate float64) float64
}

func costs() []cost {
	perMonth := func(rate, month float64) float64 { return month / (rate * 3600 * hoursPerMonth / million) }
	return []cost{
		{"DynamoDB writes", func(float64) float64 {
			return perMillionWRU * (2*(units(orderBytes)+units(eventBytes)) + units(stateBytes))
		}},
		{"DynamoDB change data capture", func(float64) float64 { return perMillionCDC * units(eventBytes) * (1 + removals) }},
		{"DynamoDB storage, 30 days of events, a month of orders", func(float64) float64 {
			events := million * (eventBytes + indexOverhead) / gb * eventDays / 30
			kept := million * (orderBytes + stateBytes + 2*indexOverhead) / gb
			return (events + kept) * (perTableGBMonth + perRecoveryGBMonth)
		}},
		{"Kinesis data in and out", func(float64) float64 {
			return million * units(recordBytes) * 1024 * (1 + removals) / gb * (perStreamGBIn + perStreamGBOut)
		}},
		{"Kinesis retention beyond a day", func(float64) float64 {
			return million * units(recordBytes) * 1024 * (1 + removals) / gb * perStreamGBMonth * (streamDays - 1) / 30
		}},
		{"Kinesis stream", func(rate float64) float64 { return perMonth(rate, perStreamHour*hoursPerMonth) }},
		{"Lambda placeorder", func(float64) float64 { return perMillionInvokes + million*placeSeconds*apiGB*perGBSecond }},
		{"Lambda fulfilment", func(rate float64) float64 {
			n := batch(rate, 2*shards(rate))
			return perMillionInvokes/n + million/n*(batchSeconds+math.Ceil(n/workers)*applySeconds)*applyGB*perGBSecond
		}},
		{"HTTP API", func(float64) float64 { return perMillionRequests }},
		{"Logs", func(rate float64) float64 {
			return million * (requestLog + batchLog/batch(rate, 2*shards(rate))) / gb * perLogGB
		}},
		{"X-Ray, one trace a second and 5 %", func(rate float64) float64 { return perMillionTraces * min(1, 1/rate+0.05) }},
		{"Alarms, metrics, dashboard", func(rate float64) float64 { return perMonth(rate, watchPerMonth) }},
	}
}

var rates = []float64{1, 1000, 100_000}

func costTable() string {
	var b strings.Builder
	b.WriteString("\n| USD per million orders | at 1/s | at 1,000/s | at 100,000/s |\n|---|---:|---:|---:|\n")
	total := make([]float64, len(rates))
	for _, c := range costs() {
		fmt.Fprintf(&b, "| %s |", c.name)
		for i, rate := range rates {
			total[i] += c.of(rate)
			fmt.Fprintf(&b, " %.2f |", c.of(rate))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "| **all together** | **%.2f** | **%.2f** | **%.2f** |\n", total[0], total[1], total[2])
	b.WriteString("| a month of it, USD |")
	for i, rate := range rates {
		fmt.Fprintf(&b, " %s |", thousands(total[i]*rate*3600*hoursPerMonth/million))
	}
	b.WriteString("\n\n")
	return b.String()
}

func thousands(n float64) string {
	text := fmt.Sprintf("%.0f", n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func loadTable() string {
	var b strings.Builder
	b.WriteString("\n| | formula | at 1/s | at 1,000/s | at 100,000/s |\n|---|---|---:|---:|---:|\n")
	row := func(name, formula string, of func(float64) float64) {
		fmt.Fprintf(&b, "| %s | %s |", name, formula)
		for _, rate := range rates {
			fmt.Fprintf(&b, " %s |", thousands(math.Ceil(of(rate))))
		}
		b.WriteString("\n")
	}
	row("write units/s, `orders`", "2 × rate × ⌈order / 1 KB⌉", func(r float64) float64 { return 2 * r * units(orderBytes) })
	row("write units/s, `events`", "2 × rate × ⌈event / 1 KB⌉", func(r float64) float64 { return 2 * r * units(eventBytes) })
	row("write units/s, `fulfilments`", "rate × ⌈state / 1 KB⌉", func(r float64) float64 { return r * units(stateBytes) })
	row("records/s in the stream", "2 × rate", func(r float64) float64 { return 2 * r })
	row("KB/s in the stream", "2 × rate × record", func(r float64) float64 { return 2 * r * recordBytes / 1000 })
	row("shards", "max(4, ⌈records/s / 1,000⌉, ⌈MB/s⌉)", shards)
	row("invocations of placeorder at once", "rate × 15 ms", func(r float64) float64 { return r * placeSeconds })
	row("records a batch", "see below", func(r float64) float64 { return batch(r, 2*shards(r)) })
	row("invocations of fulfilment at once", "rate / batch × duration", func(r float64) float64 {
		n := batch(r, 2*shards(r))
		return r / n * (batchSeconds + math.Ceil(n/workers)*applySeconds)
	})
	row("most of them", "shards × consumerParallelization (2)", func(r float64) float64 { return 2 * shards(r) })
	b.WriteString("\n")
	return b.String()
}

// CPU of one processor, in seconds, of a plain JavaScript service under
// Lambda's own runtime and under a minimal one, and the share of the latter
// that the handlers need with one processor, each pair measured side by side
// (docs/performance.md has the shares).
const (
	jsPlace, jsBatch           = 0.001082, 0.032441 // an order; a batch of 100, each with its own update
	minimalPlace, minimalBatch = 0.000959, 0.029448
	goOfPlace, goOfBatch       = 0.17, 0.13
	oneVCPU                    = 1769.0 / 1024 // GB of memory that come with one
	waitPlace, waitOfBatch     = 0.010, 0.035  // for DynamoDB: a transaction; 100 updates, 16 at a time
)

// languageTable is what the functions cost in either language, everything
// else being equal: CPU takes as much longer as the memory's share is small.
func languageTable() string {
	var b strings.Builder
	b.WriteString("\n| | formula | JavaScript | Go |\n|---|---|---:|---:|\n")
	row := func(name, formula, format string, of func(place, batch float64) float64) {
		fmt.Fprintf(&b, "| %s | %s | "+format+" | "+format+" |\n", name, formula,
			of(jsPlace, jsBatch), of(minimalPlace*goOfPlace, minimalBatch*goOfBatch))
	}
	slower := oneVCPU / apiGB
	place := func(cpu float64) float64 { return waitPlace + cpu*slower }
	batch := func(cpu float64) float64 { return waitOfBatch + cpu*slower }
	lambda := func(seconds, each float64) float64 {
		return million / each * (seconds*apiGB*perGBSecond + perMillionInvokes/million)
	}
	row("CPU of an order, µs", "measured", "%.0f", func(p, _ float64) float64 { return 1e6 * p })
	row("CPU of a batch of 100, µs", "measured", "%.0f", func(_, n float64) float64 { return 1e6 * n })
	row("placeorder, ms", "10 + CPU × 1,769 / 512", "%.1f", func(p, _ float64) float64 { return 1000 * place(p) })
	row("fulfilment, a batch of 100, ms", "35 + CPU × 1,769 / 512", "%.1f", func(_, n float64) float64 { return 1000 * batch(n) })
	row("placeorder, USD per million orders", "requests + GB-seconds", "%.3f", func(p, _ float64) float64 { return lambda(place(p), 1) })
	row("fulfilment, USD per million orders", "the same, by batches of 100", "%.3f", func(_, n float64) float64 { return lambda(batch(n), 100) })
	row("memory at once at 1,000 orders/s, GB", "placeorder × rate × 0.5", "%.1f", func(p, _ float64) float64 { return 1000 * place(p) * apiGB })
	b.WriteString("\n")
	return b.String()
}

// TestScalingIsComputed compares the document's tables with the formulas;
// -update writes them.
func TestScalingIsComputed(t *testing.T) {
	const file = "../docs/scaling.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := string(text)
	for name, table := range map[string]string{"load": loadTable(), "cost": costTable(), "language": languageTable()} {
		begin, end := "<!-- "+name+": computed by a test -->\n", "<!-- "+name+": end -->"
		before, rest, ok := strings.Cut(got, begin)
		_, after, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			t.Fatalf("%s has no place for the table %s", file, name)
		}
		got = before + begin + table + end + after
	}
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(string(text), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-is +computed; go test ./stack -update writes it):\n%s", file, diff)
	}
}

func TestScalingCountsTheAlarmsThereAre(t *testing.T) {
	r, _ := deploy(t, "prod", nil)
	n := 0
	for _, res := range r.sorted() {
		if res.kind == alarmType {
			n += len(metricsOf(t, res.inputs.Mappable()))
		}
	}
	if n != alarmMetrics {
		t.Errorf("%d metrics of alarms, the bill has %d", n, alarmMetrics)
	}
}
