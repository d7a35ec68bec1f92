// Package cloudwatch keeps metrics and watches over them as Amazon CloudWatch does: values in buckets of a minute, statistics of
// periods, alarms that change their state when so many of so many periods are beyond a threshold.
//
// [Metrics] takes values one by one or from lines in Embedded Metric Format, and writes them for Prometheus. An [Alarm] asks for one
// metric, for an arithmetic expression over several, or for a Metrics Insights query, and is evaluated when its owner says so.
//
// Not covered: statistics other than Sum, Average, Minimum, Maximum, SampleCount and percentiles; functions in expressions; grouping
// in queries; anomaly detection; composite alarms. What is not covered is refused by name. Percentiles are of at most 512 values of
// each minute, evenly taken.
package cloudwatch

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Dimensions tell one metric from others of its name.
type Dimensions map[string]string

// Kind is what the values of a metric mean.
type Kind int

// The kinds.
const (
	Counter      Kind = iota // each value is how often something happened since the last one
	Gauge                    // each value is how something stands
	Distribution             // each value is one measurement
)

// Metrics holds values of the last hours. It is safe for concurrent use.
type Metrics struct {
	keep time.Duration

	mu     sync.Mutex
	series map[string]*series
}

// series are the values of one metric.
type series struct {
	namespace, name string
	dimensions      Dimensions
	kind            Kind
	minutes         map[int64]*bucket // by minutes since the epoch
	oldest          int64             // no bucket is older

	count, sum, last float64 // since the beginning
}

// NewMetrics returns an empty Metrics that keeps values for keep; 0 means three hours.
func NewMetrics(keep time.Duration) *Metrics {
	if keep == 0 {
		keep = 3 * time.Hour
	}
	return &Metrics{keep: keep, series: map[string]*series{}}
}

// Add takes values of a metric, as of at.
func (m *Metrics) Add(kind Kind, namespace, name string, dimensions Dimensions, at time.Time, values ...float64) {
	if len(values) == 0 {
		return
	}
	k := key(namespace, name, dimensions)
	minute := at.Unix() / 60
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.series[k]
	if s == nil {
		s = &series{namespace: namespace, name: name, dimensions: maps.Clone(dimensions), kind: kind, minutes: map[int64]*bucket{}, oldest: minute}
		m.series[k] = s
	}
	b := s.minutes[minute]
	if b == nil {
		b = &bucket{}
		s.minutes[minute] = b
		s.forget(minute - int64(m.keep/time.Minute))
	}
	for _, v := range values {
		b.add(v)
		s.count++
		s.sum += v
		s.last = v
	}
}

// forget drops the buckets before a minute.
func (s *series) forget(before int64) {
	for ; s.oldest < before && len(s.minutes) > 1; s.oldest++ {
		delete(s.minutes, s.oldest)
	}
}

// statistic is a statistic of the period that begins at from, and whether there is any value in it.
func (m *Metrics) statistic(namespace, name string, dimensions Dimensions, stat string, from time.Time, period time.Duration) (float64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.series[key(namespace, name, dimensions)]
	if s == nil {
		return 0, false
	}
	return s.within(from, period).statistic(stat)
}

// within are the values of a period.
func (s *series) within(from time.Time, period time.Duration) *bucket {
	var all bucket
	first := from.Unix() / 60
	for minute := first; minute < first+int64(period/time.Minute); minute++ {
		if b := s.minutes[minute]; b != nil {
			all.merge(b)
		}
	}
	return &all
}

// Has reports whether a metric has ever had a value.
func (m *Metrics) Has(namespace, name string, dimensions Dimensions) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.series[key(namespace, name, dimensions)] != nil
}

// Total is the sum of all values that a metric has ever had, and how many they were.
func (m *Metrics) Total(namespace, name string, dimensions Dimensions) (sum, count float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.series[key(namespace, name, dimensions)]; s != nil {
		return s.sum, s.count
	}
	return 0, 0
}

// key is a text that is the same for the same metric only.
func key(namespace, name string, dimensions Dimensions) string {
	var b strings.Builder
	b.WriteString(namespace)
	b.WriteByte(0)
	b.WriteString(name)
	if len(dimensions) == 1 {
		for name, value := range dimensions {
			b.WriteByte(0)
			b.WriteString(name)
			b.WriteByte(0)
			b.WriteString(value)
		}
		return b.String()
	}
	for _, name := range slices.Sorted(maps.Keys(dimensions)) {
		b.WriteByte(0)
		b.WriteString(name)
		b.WriteByte(0)
		b.WriteString(dimensions[name])
	}
	return b.String()
}
