package cloudwatch

import (
	"bytes"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// document is a line in Embedded Metric Format.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type document struct {
	AWS *struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	} `json:"_aws"`
	Members map[string]jsontext.Value `json:",embed"`
}

// Embedded takes the metrics out of a line of a log, and reports whether it is in Embedded Metric Format. A line that says it is and
// breaks the format's rules is an error: CloudWatch would keep the line and count nothing.
func (m *Metrics) Embedded(line []byte) (bool, error) {
	if !bytes.Contains(line, []byte(`"_aws"`)) {
		return false, nil
	}
	var d document
	if err := json.Unmarshal(line, &d); err != nil || d.AWS == nil {
		return false, nil
	}
	if d.AWS.Timestamp == 0 {
		return true, fmt.Errorf("embedded metrics without a timestamp")
	}
	at := time.UnixMilli(d.AWS.Timestamp)
	for _, directive := range d.AWS.CloudWatchMetrics {
		if directive.Namespace == "" {
			return true, fmt.Errorf("embedded metrics without a namespace")
		}
		for _, names := range directive.Dimensions {
			dimensions, err := d.dimensions(names)
			if err != nil {
				return true, err
			}
			for _, metric := range directive.Metrics {
				values, err := d.values(metric.Name)
				if err != nil {
					return true, err
				}
				kind := Distribution
				if metric.Unit == "Count" {
					kind = Counter
				}
				m.Add(kind, directive.Namespace, metric.Name, dimensions, at, values...)
			}
		}
	}
	return true, nil
}

// dimensions looks up the values of dimensions, which are texts.
func (d *document) dimensions(names []string) (Dimensions, error) {
	dimensions := make(Dimensions, len(names))
	for _, name := range names {
		var value string
		if json.Unmarshal(d.Members[name], &value) != nil || value == "" {
			return nil, fmt.Errorf("dimension %s of embedded metrics is %s, not a text", name, d.Members[name])
		}
		dimensions[name] = value
	}
	return dimensions, nil
}

// values looks up the values of a metric: a number, or an array of at most 100.
func (d *document) values(name string) ([]float64, error) {
	member := d.Members[name]
	if member.Kind() == '[' {
		var list []float64
		if err := json.Unmarshal(member, &list); err != nil || len(list) > 100 {
			return nil, fmt.Errorf("embedded metric %s is not a list of at most 100 numbers", name)
		}
		return list, nil
	}
	var one float64
	if err := json.Unmarshal(member, &one); err != nil {
		return nil, fmt.Errorf("embedded metric %s is %s, not a number", name, member)
	}
	return []float64{one}, nil
}
