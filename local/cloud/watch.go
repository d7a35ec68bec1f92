package cloud

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"transactional-outbox/local/cloudwatch"
)

// watchEvery is how often the desk looks at its gauges and evaluates its alarms.
const watchEvery = 5 * time.Second

// watch is what the desk keeps of CloudWatch.
type watch struct {
	metrics *cloudwatch.Metrics

	mu   sync.Mutex       // one evaluation at a time
	seen map[string]int64 // counters as of the last look, by a name of their own
	stop chan struct{}
	once sync.Once
	done sync.WaitGroup
}

// AlarmState is the state of an alarm.
type AlarmState struct {
	Name, Description string
	State             cloudwatch.State
}

// Metrics are the metrics of the desk: those that AWS's services would send, and those in the functions' logs.
func (c *Cloud) Metrics() *cloudwatch.Metrics { return c.watch.metrics }

// Alarms returns the alarms and their states, as of the last evaluation, by name.
func (c *Cloud) Alarms() []AlarmState {
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	var states []AlarmState
	for name, a := range c.alarmByName.all() {
		states = append(states, AlarmState{Name: name, Description: a.Description, State: a.State()})
	}
	slices.SortFunc(states, func(a, b AlarmState) int { return strings.Compare(a.Name, b.Name) })
	return states
}

// EvaluateAlarms brings all metrics up to date and evaluates the alarms as of now; the desk does so by itself every few seconds.
func (c *Cloud) EvaluateAlarms() {
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	now := c.options.Clock()
	c.collect(now)
	for _, a := range c.alarmByName.all() {
		before := a.State()
		if !a.Evaluate(c.watch.metrics, now) {
			continue
		}
		switch {
		case a.State() == cloudwatch.InAlarm:
			c.options.Logger.Warn("alarm: "+a.Name, "description", a.Description)
		case before == cloudwatch.InAlarm:
			c.options.Logger.Warn("alarm is over: " + a.Name)
		}
	}
}

// startWatch evaluates the alarms until stopWatch is called.
func (c *Cloud) startWatch() {
	c.watch.metrics, c.watch.seen, c.watch.stop = cloudwatch.NewMetrics(0), map[string]int64{}, make(chan struct{})
	c.watch.done.Go(func() {
		ticker := time.NewTicker(watchEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				c.EvaluateAlarms()
			case <-c.watch.stop:
				return
			}
		}
	})
}

func (c *Cloud) stopWatch() {
	c.watch.once.Do(func() { close(c.watch.stop) })
	c.watch.done.Wait()
}

// log hands a line to everybody who reads it.
func (c *Cloud) log(line LogLine) {
	for _, f := range c.metricFilterByName.all() {
		if f.LogGroupName == line.Group {
			f.see(line, c.watch.metrics)
		}
	}
	switch {
	case line.Function == "":
	case line.Platform:
		c.seePlatform(line)
	default:
		if _, err := c.watch.metrics.Embedded(line.Text); err != nil {
			c.options.Logger.Warn("metrics not counted", "function", line.Function, "error", err)
		}
	}
	c.options.Log(line)
}

// seePlatform takes the duration out of Lambda's report on an invocation.
func (c *Cloud) seePlatform(line LogLine) {
	const member = `"durationMs":`
	if !bytes.Contains(line.Text, []byte(`"type":"platform.report"`)) {
		return
	}
	at := bytes.Index(line.Text, []byte(member))
	if at < 0 {
		return
	}
	number := line.Text[at+len(member):]
	if end := bytes.IndexAny(number, ",}"); end >= 0 {
		number = number[:end]
	}
	if ms, err := strconv.ParseFloat(string(number), 64); err == nil {
		c.watch.metrics.Add(cloudwatch.Distribution, "AWS/Lambda", "Duration", cloudwatch.Dimensions{"FunctionName": line.Function}, line.Time, ms)
	}
}

// metricsPage serves the metrics and the alarms to Prometheus.
func (c *Cloud) metricsPage(w http.ResponseWriter, _ *http.Request) {
	c.EvaluateAlarms()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	if err := c.watch.metrics.WritePrometheus(w, c.options.Clock()); err != nil {
		return // whoever asked has gone
	}
	fmt.Fprintf(w, "# HELP alarm_firing whether an alarm of the stage is in the state ALARM\n# TYPE alarm_firing gauge\n")
	for _, a := range c.Alarms() {
		firing := 0
		if a.State == cloudwatch.InAlarm {
			firing = 1
		}
		fmt.Fprintf(w, "alarm_firing{alarm=%q} %d\n", a.Name, firing)
	}
}
