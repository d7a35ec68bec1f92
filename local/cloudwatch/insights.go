package cloudwatch

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// insights is the form of Metrics Insights queries that is understood: one aggregation of one metric with given dimensions, of which
// some have a given value.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-querylanguage.html
var insights = regexp.MustCompile(`^SELECT (SUM|AVG|MIN|MAX|COUNT)\(("?)([^")]+)"?\) FROM SCHEMA\("([^"]+)", ([A-Za-z, ]+)\)(?: WHERE (.+))?$`)

var equality = regexp.MustCompile(`^([A-Za-z]+) = '([^']*)'$`)

// parseInsights reads a Metrics Insights query.
func parseInsights(text string) (valueOf, error) {
	parts := insights.FindStringSubmatch(text)
	if parts == nil {
		return nil, fmt.Errorf("query %q is not supported", text)
	}
	stat := map[string]string{"SUM": "Sum", "AVG": "Average", "MIN": "Minimum", "MAX": "Maximum", "COUNT": "SampleCount"}[parts[1]]
	metric, namespace := parts[3], parts[4]
	names := strings.Split(strings.ReplaceAll(parts[5], " ", ""), ",")
	given := Dimensions{}
	if parts[6] != "" {
		for _, condition := range strings.Split(parts[6], " AND ") {
			pair := equality.FindStringSubmatch(condition)
			if pair == nil {
				return nil, fmt.Errorf("query %q: condition %q is not supported", text, condition)
			}
			given[pair[1]] = pair[2]
		}
	}
	return func(m *Metrics, from time.Time, period time.Duration) (float64, bool) {
		m.mu.Lock()
		defer m.mu.Unlock()
		var all bucket
		for _, s := range m.series {
			if s.namespace == namespace && s.name == metric && s.matches(names, given) {
				all.merge(s.within(from, period))
			}
		}
		return all.statistic(stat)
	}, nil
}

// matches reports whether a series has exactly the dimensions of a schema, and the given values of them.
func (s *series) matches(names []string, given Dimensions) bool {
	if len(s.dimensions) != len(names) {
		return false
	}
	for _, name := range names {
		if _, ok := s.dimensions[name]; !ok {
			return false
		}
	}
	for name, value := range given {
		if s.dimensions[name] != value {
			return false
		}
	}
	return true
}
