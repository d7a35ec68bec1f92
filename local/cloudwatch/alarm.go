package cloudwatch

import (
	"fmt"
	"slices"
	"time"
)

// State is the state of an alarm.
type State string

// The states.
const (
	OK               State = "OK"
	InAlarm          State = "ALARM"
	InsufficientData State = "INSUFFICIENT_DATA"
)

// A Term is a metric, and a statistic of it.
type Term struct {
	Namespace, Name string
	Dimensions      Dimensions
	// Stat is Sum, Average, Minimum, Maximum, SampleCount or a percentile like p99.
	Stat string
}

// An Alarm compares a value with a threshold, period by period.
type Alarm struct {
	Name, Description string

	// Metric is what is compared. Nil means Expression.
	Metric *Term
	// Expression is arithmetic over the ids of Terms, or without Terms a Metrics Insights query.
	Expression string
	Terms      map[string]Term

	// Period is a multiple of a minute.
	Period time.Duration
	// Breaches of the last Periods periods have to be beyond Threshold. 0 breaches means all of them.
	Periods, Breaches int
	Threshold         float64
	// Comparison is GreaterThanThreshold, GreaterThanOrEqualToThreshold, LessThanThreshold or LessThanOrEqualToThreshold.
	Comparison string
	// Missing is what a period without a value counts as: breaching, notBreaching, ignore or missing, the default.
	Missing string

	state  State
	values valueOf
}

// valueOf is the value of a period, and whether there is one.
type valueOf func(m *Metrics, from time.Time, period time.Duration) (float64, bool)

var comparisons = map[string]func(value, threshold float64) bool{
	"GreaterThanThreshold":          func(v, t float64) bool { return v > t },
	"GreaterThanOrEqualToThreshold": func(v, t float64) bool { return v >= t },
	"LessThanThreshold":             func(v, t float64) bool { return v < t },
	"LessThanOrEqualToThreshold":    func(v, t float64) bool { return v <= t },
}

// Check refuses what CloudWatch, or this package, would not evaluate, and makes the alarm ready.
func (a *Alarm) Check() error {
	if a.Breaches == 0 {
		a.Breaches = a.Periods
	}
	if a.Missing == "" {
		a.Missing = "missing"
	}
	switch {
	case comparisons[a.Comparison] == nil:
		return fmt.Errorf("comparison operator %q is not supported", a.Comparison)
	case a.Period < time.Minute || a.Period%time.Minute != 0:
		return fmt.Errorf("period %s is not a number of minutes", a.Period)
	case a.Periods < 1 || a.Breaches < 1 || a.Breaches > a.Periods:
		return fmt.Errorf("%d breaches of %d periods can never be", a.Breaches, a.Periods)
	case !slices.Contains([]string{"breaching", "notBreaching", "ignore", "missing"}, a.Missing):
		return fmt.Errorf("missing data cannot be treated as %q", a.Missing)
	}
	values, err := a.compile()
	if err != nil {
		return err
	}
	a.values, a.state = values, InsufficientData
	return nil
}

func (a *Alarm) compile() (valueOf, error) {
	switch {
	case a.Metric != nil && a.Expression != "":
		return nil, fmt.Errorf("an alarm is about a metric or an expression, not both")
	case a.Metric != nil:
		return a.Metric.compile()
	case len(a.Terms) == 0:
		return parseInsights(a.Expression)
	}
	return parseExpression(a.Expression, a.Terms)
}

func (t Term) compile() (valueOf, error) {
	if t.Namespace == "" || t.Name == "" {
		return nil, fmt.Errorf("a metric has a namespace and a name")
	}
	if !known(t.Stat) {
		return nil, fmt.Errorf("statistic %q is not supported", t.Stat)
	}
	return func(m *Metrics, from time.Time, period time.Duration) (float64, bool) {
		return m.statistic(t.Namespace, t.Name, t.Dimensions, t.Stat, from, period)
	}, nil
}

// State is the state that the last evaluation came to.
func (a *Alarm) State() State { return a.state }

// Evaluate looks at the last periods, of which the last one is still running at at, and reports whether the state has changed. It is
// not to be called by two goroutines at once.
func (a *Alarm) Evaluate(m *Metrics, at time.Time) bool {
	before := a.state
	beyond, present := 0, 0
	last := at.Truncate(a.Period)
	for i := range a.Periods {
		value, ok := a.values(m, last.Add(-time.Duration(i)*a.Period), a.Period)
		switch {
		case ok && comparisons[a.Comparison](value, a.Threshold):
			beyond++
			present++
		case ok:
			present++
		case a.Missing == "breaching":
			beyond++
		}
	}
	switch {
	case present == 0 && a.Missing == "ignore":
	case present == 0 && a.Missing == "missing":
		a.state = InsufficientData
	case beyond >= a.Breaches:
		a.state = InAlarm
	default:
		a.state = OK
	}
	return a.state != before
}
