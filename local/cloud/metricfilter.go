package cloud

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/cloudwatch"
)

// metricFilterInput are the supported inputs of aws:cloudwatch/logMetricFilter:LogMetricFilter.
type metricFilterInput struct {
	Name                 string `json:"name"`
	LogGroupName         string `json:"logGroupName"`
	Pattern              string `json:"pattern"`
	MetricTransformation struct {
		Namespace    string            `json:"namespace"`
		Name         string            `json:"name"`
		Value        string            `json:"value"`
		Unit         string            `json:"unit"`
		Dimensions   map[string]string `json:"dimensions"`
		DefaultValue string            `json:"defaultValue"`
	} `json:"metricTransformation"`
}

// metricFilter counts lines of a log group.
type metricFilter struct {
	metricFilterInput
	member, want string
	value        float64
}

// equals is the form of filter patterns that the desk understands: one member of a JSON line has a value.
var equals = regexp.MustCompile(`^\{ ?\$\.(\w+) = "?([^"*]+?)"? ?\}$`)

func (in metricFilterInput) compile() (*metricFilter, error) {
	parts := equals.FindStringSubmatch(in.Pattern)
	if parts == nil {
		return nil, fmt.Errorf("pattern %q is not supported on the desk; supported are patterns like { $.member = \"value\" }", in.Pattern)
	}
	value, err := strconv.ParseFloat(in.MetricTransformation.Value, 64)
	if err != nil {
		return nil, fmt.Errorf("metricTransformation.value %q is not supported on the desk; supported are numbers", in.MetricTransformation.Value)
	}
	if in.MetricTransformation.DefaultValue != "" && len(in.MetricTransformation.Dimensions) > 0 {
		return nil, awsapi.Errorf("InvalidParameterException", "Invalid metric transformation: dimensions and default value are mutually exclusive properties.")
	}
	return &metricFilter{in, parts[1], parts[2], value}, nil
}

// see takes a line of the log group.
func (f *metricFilter) see(line LogLine, metrics *cloudwatch.Metrics) {
	if !strings.Contains(string(line.Text), f.want) {
		return
	}
	var members map[string]any
	if json.Unmarshal(line.Text, &members) != nil || fmt.Sprint(members[f.member]) != f.want {
		return
	}
	dimensions := cloudwatch.Dimensions{}
	for name, from := range f.MetricTransformation.Dimensions {
		value, ok := members[strings.TrimPrefix(from, "$.")]
		if !ok {
			return // CloudWatch counts no line that lacks a dimension
		}
		dimensions[name] = fmt.Sprint(value)
	}
	metrics.Add(cloudwatch.Counter, f.MetricTransformation.Namespace, f.MetricTransformation.Name, dimensions, line.Time, f.value)
}

// metricFilters implements aws:cloudwatch/logMetricFilter:LogMetricFilter.
func (c *Cloud) metricFilters() resourceType {
	put := func(in metricFilterInput) error {
		if _, ok := c.logGroupNames.get(in.LogGroupName); !ok {
			return awsapi.Errorf("ResourceNotFoundException", "The specified log group does not exist.")
		}
		f, err := in.compile()
		if err == nil {
			c.metricFilterByName.set(in.Name, f)
		}
		return err
	}
	return typed[metricFilterInput]{
		facts: traits{autoname: "name", replace: []string{"name", "logGroupName"}},
		createFunc: func(_ context.Context, in metricFilterInput) (string, properties, error) {
			return in.Name, nil, put(in)
		},
		updateFunc: func(_ context.Context, _ string, _, in metricFilterInput) (properties, error) { return nil, put(in) },
		deleteFunc: func(_ context.Context, name string, _ metricFilterInput) error {
			c.metricFilterByName.remove(name)
			return nil
		},
		existsFunc: func(_ context.Context, name string, _ metricFilterInput) (bool, error) {
			_, ok := c.metricFilterByName.get(name)
			return ok, nil
		},
	}
}
