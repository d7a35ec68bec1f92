// Package metrics counts what functions do and tells CloudWatch in the function's own log, in Embedded Metric Format: one line for
// each request or batch, and none where there was nothing to count.
//
// The only dimension is the function's physical name. It is unique in an account and region, so it stands for stage and function at
// once, and there are as many metrics to pay for as a stage has kinds of them, whatever the number of orders.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
package metrics

import (
	"io"
	"math"
	"strconv"
	"sync"
	"time"

	"transactional-outbox/handlers/jsonscan"
)

// maxValues is how many values of a metric one line may have.
const maxValues = 100

// A Log counts until Flush writes. It is safe for concurrent use. A nil Log counts nothing.
type Log struct {
	out      io.Writer
	function string // as JSON
	now      func() time.Time

	mu     sync.Mutex
	counts [metrics]int64
	values []float64 // of CommitToEffect
	line   []byte
}

// New returns a log of a function, by its physical name, that writes to out; now may be nil for time.Now.
func New(out io.Writer, function string, now func() time.Time) *Log {
	if now == nil {
		now = time.Now
	}
	return &Log{out: out, function: string(jsonscan.AppendString(nil, function)), now: now}
}

// Add counts n more.
func (l *Log) Add(m Metric, n int) {
	if l == nil || m == None || n == 0 {
		return
	}
	l.mu.Lock()
	l.counts[m] += int64(n)
	l.mu.Unlock()
}

// Effect measures the time from an event to its effect.
func (l *Log) Effect(took time.Duration) {
	if l == nil {
		return
	}
	l.mu.Lock()
	l.values = append(l.values, float64(max(took, 0))/float64(time.Millisecond))
	l.mu.Unlock()
}

// Flush writes what was counted since the last time. That it could not is nobody's business who waits for an answer.
func (l *Log) Flush() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	values := l.values
	l.write(values[:min(len(values), maxValues)])
	clear(l.counts[:])
	for len(values) > maxValues {
		values = values[maxValues:]
		l.write(values[:min(len(values), maxValues)])
	}
	l.values = l.values[:0]
}

// write writes one line with all counts and some values, if there are any.
func (l *Log) write(values []float64) {
	line := append(l.line[:0], `{"_aws":{"Timestamp":`...)
	line = strconv.AppendInt(line, l.now().UnixMilli(), 10)
	line = append(line, `,"CloudWatchMetrics":[{"Namespace":"`+Namespace+`","Dimensions":[["FunctionName"]],"Metrics":[`...)
	any := false
	for m := None + 1; m < metrics; m++ {
		if !l.has(m, values) {
			continue
		}
		if any {
			line = append(line, ',')
		}
		any = true
		line = append(line, `{"Name":"`...)
		line = append(line, m.String()...)
		line = append(line, `","Unit":"`...)
		line = append(line, m.unit()...)
		line = append(line, `"}`...)
	}
	if !any {
		return
	}
	line = append(line, `]}]},"FunctionName":`...)
	line = append(line, l.function...)
	for m := None + 1; m < metrics; m++ {
		if !l.has(m, values) {
			continue
		}
		line = append(line, `,"`...)
		line = append(line, m.String()...)
		line = append(line, `":`...)
		if m == CommitToEffect {
			line = appendValues(line, values)
		} else {
			line = strconv.AppendInt(line, l.counts[m], 10)
		}
	}
	l.line = append(line, '}', '\n')
	// One call: what is written at once stays together.
	_, _ = l.out.Write(l.line)
}

func (l *Log) has(m Metric, values []float64) bool {
	if m == CommitToEffect {
		return len(values) > 0
	}
	return l.counts[m] != 0
}

func appendValues(line []byte, values []float64) []byte {
	line = append(line, '[')
	for i, v := range values {
		if i > 0 {
			line = append(line, ',')
		}
		// Microseconds are precise enough, and shorter.
		line = strconv.AppendFloat(line, math.Round(v*1000)/1000, 'f', -1, 64)
	}
	return append(line, ']')
}
