package cloud

import (
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"transactional-outbox/local/cloudwatch"
)

// alarmInput are the supported inputs of aws:cloudwatch/metricAlarm:MetricAlarm.
type alarmInput struct {
	Name                    string            `json:"name"`
	AlarmDescription        string            `json:"alarmDescription"`
	ActionsEnabled          *bool             `json:"actionsEnabled"`
	AlarmActions            []string          `json:"alarmActions"`
	OKActions               []string          `json:"okActions"`
	InsufficientDataActions []string          `json:"insufficientDataActions"`
	ComparisonOperator      string            `json:"comparisonOperator"`
	EvaluationPeriods       float64           `json:"evaluationPeriods"`
	DatapointsToAlarm       float64           `json:"datapointsToAlarm"`
	Threshold               float64           `json:"threshold"`
	TreatMissingData        string            `json:"treatMissingData"`
	Namespace               string            `json:"namespace"`
	MetricName              string            `json:"metricName"`
	Dimensions              map[string]string `json:"dimensions"`
	Period                  float64           `json:"period"`
	Statistic               string            `json:"statistic"`
	ExtendedStatistic       string            `json:"extendedStatistic"`
	MetricQueries           []metricQuery     `json:"metricQueries"`
	Tags                    map[string]string `json:"tags"`
}

type metricQuery struct {
	ID         string  `json:"id"`
	Expression string  `json:"expression"`
	Label      string  `json:"label"`
	Period     float64 `json:"period"`
	ReturnData bool    `json:"returnData"`
	Metric     *struct {
		Namespace  string            `json:"namespace"`
		MetricName string            `json:"metricName"`
		Dimensions map[string]string `json:"dimensions"`
		Period     float64           `json:"period"`
		Stat       string            `json:"stat"`
		Unit       string            `json:"unit"`
	} `json:"metric"`
}

// alarm is the alarm that the inputs describe.
func (in alarmInput) alarm() (*cloudwatch.Alarm, error) {
	a := &cloudwatch.Alarm{
		Name: in.Name, Description: in.AlarmDescription, Period: seconds(in.Period),
		Periods: int(in.EvaluationPeriods), Breaches: int(in.DatapointsToAlarm),
		Threshold: in.Threshold, Comparison: in.ComparisonOperator, Missing: in.TreatMissingData,
	}
	if len(in.MetricQueries) == 0 {
		a.Metric = &cloudwatch.Term{Namespace: in.Namespace, Name: in.MetricName, Dimensions: in.Dimensions, Stat: orDefault(in.Statistic, in.ExtendedStatistic)}
	} else if in.MetricName != "" {
		return nil, fmt.Errorf("ValidationError: Either Metrics or MetricName can be provided, but not both")
	}
	for _, q := range in.MetricQueries {
		if q.Metric == nil {
			if a.Expression != "" || !q.ReturnData {
				return nil, fmt.Errorf("metricQueries with more than one expression are not supported on the desk")
			}
			a.Expression = q.Expression
			a.Period = max(a.Period, seconds(q.Period))
			continue
		}
		if q.ReturnData {
			return nil, fmt.Errorf("metricQueries that return a metric are not supported on the desk: use metricName")
		}
		if a.Terms == nil {
			a.Terms = map[string]cloudwatch.Term{}
		}
		a.Terms[q.ID] = cloudwatch.Term{Namespace: q.Metric.Namespace, Name: q.Metric.MetricName, Dimensions: q.Metric.Dimensions, Stat: q.Metric.Stat}
		a.Period = max(a.Period, seconds(q.Metric.Period))
	}
	return a, a.Check()
}

func seconds(n float64) time.Duration { return time.Duration(n) * time.Second }

// alarms implements aws:cloudwatch/metricAlarm:MetricAlarm. What an alarm notifies is recorded and not called: the desk's log says
// when it changes its state.
func (c *Cloud) alarms() resourceType {
	put := func(in alarmInput) (properties, error) {
		a, err := in.alarm()
		if err != nil {
			return nil, err
		}
		c.alarmByName.set(in.Name, a)
		return properties{"arn": c.arn("cloudwatch", "alarm:"+in.Name)}, nil
	}
	return typed[alarmInput]{
		facts: traits{autoname: "name", replace: []string{"name"}},
		createFunc: func(_ context.Context, in alarmInput) (string, properties, error) {
			outputs, err := put(in)
			return in.Name, outputs, err
		},
		updateFunc: func(_ context.Context, _ string, _, in alarmInput) (properties, error) { return put(in) },
		deleteFunc: func(_ context.Context, name string, _ alarmInput) error {
			c.alarmByName.remove(name)
			return nil
		},
		existsFunc: func(_ context.Context, name string, _ alarmInput) (bool, error) {
			_, ok := c.alarmByName.get(name)
			return ok, nil
		},
	}
}

// dashboardInput are the inputs of aws:cloudwatch/dashboard:Dashboard.
type dashboardInput struct {
	DashboardName string `json:"dashboardName"`
	DashboardBody string `json:"dashboardBody"`
}

// dashboards implements aws:cloudwatch/dashboard:Dashboard. The desk keeps the body and shows nothing of it: see /metrics.
func (c *Cloud) dashboards() resourceType {
	put := func(in dashboardInput) (properties, error) {
		if !jsontext.Value(in.DashboardBody).IsValid() {
			return nil, fmt.Errorf("InvalidParameterInput: The dashboard body is invalid, there are validation errors: it is not JSON")
		}
		c.dashboardByName.set(in.DashboardName, in.DashboardBody)
		return properties{"dashboardArn": "arn:aws:cloudwatch::" + c.options.Account + ":dashboard/" + in.DashboardName}, nil
	}
	return typed[dashboardInput]{
		facts: traits{replace: []string{"dashboardName"}},
		createFunc: func(_ context.Context, in dashboardInput) (string, properties, error) {
			outputs, err := put(in)
			return in.DashboardName, outputs, err
		},
		updateFunc: func(_ context.Context, _ string, _, in dashboardInput) (properties, error) { return put(in) },
		deleteFunc: func(_ context.Context, name string, _ dashboardInput) error {
			c.dashboardByName.remove(name)
			return nil
		},
		existsFunc: func(_ context.Context, name string, _ dashboardInput) (bool, error) {
			_, ok := c.dashboardByName.get(name)
			return ok, nil
		},
	}
}

// topicInput are the supported inputs of aws:sns/topic:Topic.
type topicInput struct {
	Name           string            `json:"name"`
	DisplayName    string            `json:"displayName"`
	KMSMasterKeyID string            `json:"kmsMasterKeyId"`
	Tags           map[string]string `json:"tags"`
}

// topics implements aws:sns/topic:Topic, to which nobody can subscribe.
func (c *Cloud) topics() resourceType {
	return typed[topicInput]{
		facts: traits{autoname: "name", replace: []string{"name"}},
		createFunc: func(_ context.Context, in topicInput) (string, properties, error) {
			arn := c.arn("sns", in.Name)
			c.topicByARN.set(arn, "")
			return arn, properties{"arn": arn}, nil
		},
		updateFunc: func(_ context.Context, arn string, _, _ topicInput) (properties, error) {
			return properties{"arn": arn}, nil
		},
		deleteFunc: func(_ context.Context, arn string, _ topicInput) error {
			c.topicByARN.remove(arn)
			return nil
		},
		existsFunc: func(_ context.Context, arn string, _ topicInput) (bool, error) {
			_, ok := c.topicByARN.get(arn)
			return ok, nil
		},
	}
}

// topicPolicyInput are the inputs of aws:sns/topicPolicy:TopicPolicy.
type topicPolicyInput struct {
	ARN    string `json:"arn"`
	Policy string `json:"policy"`
}

// topicPolicies implements aws:sns/topicPolicy:TopicPolicy, an attribute of the topic.
func (c *Cloud) topicPolicies() resourceType {
	put := func(in topicPolicyInput) error {
		if _, ok := c.topicByARN.get(in.ARN); !ok {
			return fmt.Errorf("NotFound: Topic does not exist")
		}
		if json.Unmarshal([]byte(in.Policy), &struct{}{}) != nil {
			return fmt.Errorf("InvalidParameter: Invalid parameter: Policy Error: it is not JSON")
		}
		c.topicByARN.set(in.ARN, in.Policy)
		return nil
	}
	return typed[topicPolicyInput]{
		facts:      traits{replace: []string{"arn"}},
		createFunc: func(_ context.Context, in topicPolicyInput) (string, properties, error) { return in.ARN, nil, put(in) },
		updateFunc: func(_ context.Context, _ string, _, in topicPolicyInput) (properties, error) { return nil, put(in) },
		deleteFunc: func(_ context.Context, arn string, _ topicPolicyInput) error {
			if _, ok := c.topicByARN.get(arn); ok {
				c.topicByARN.set(arn, "")
			}
			return nil
		},
		existsFunc: func(_ context.Context, arn string, _ topicPolicyInput) (bool, error) {
			policy, ok := c.topicByARN.get(arn)
			return ok && policy != "", nil
		},
	}
}
