package cloud

import (
	"context"
	"fmt"
	"strings"

	"transactional-outbox/local/apigateway"
)

// stageInput are the supported inputs of aws:apigatewayv2/stage:Stage.
type stageInput struct {
	APIID                string               `json:"apiId"`
	Name                 string               `json:"name"`
	Description          string               `json:"description"`
	AutoDeploy           bool                 `json:"autoDeploy"`
	DefaultRouteSettings *routeSettings       `json:"defaultRouteSettings"`
	RouteSettings        []namedRouteSettings `json:"routeSettings"`
	AccessLogSettings    *accessLogSettings   `json:"accessLogSettings"`
	StageVariables       map[string]string    `json:"stageVariables"`
	Tags                 map[string]string    `json:"tags"`
}

type routeSettings struct {
	// DetailedMetricsEnabled makes CloudWatch keep metrics by route; the desk keeps none.
	DetailedMetricsEnabled bool    `json:"detailedMetricsEnabled"`
	ThrottlingRateLimit    float64 `json:"throttlingRateLimit"`
	ThrottlingBurstLimit   float64 `json:"throttlingBurstLimit"`
}

type namedRouteSettings struct {
	RouteKey string `json:"routeKey"`
	routeSettings
}

type accessLogSettings struct {
	DestinationARN string `json:"destinationArn"`
	Format         string `json:"format"`
}

// apiStages implements aws:apigatewayv2/stage:Stage.
func (c *Cloud) apiStages() resourceType {
	put := func(in stageInput) (properties, error) {
		api, err := c.api(in.APIID)
		if err != nil {
			return nil, err
		}
		stage := apigateway.Stage{Name: in.Name, AutoDeploy: in.AutoDeploy, Variables: in.StageVariables, Routes: map[string]apigateway.RouteSettings{}}
		if in.DefaultRouteSettings != nil {
			stage.Default = in.DefaultRouteSettings.settings()
		}
		for _, route := range in.RouteSettings {
			stage.Routes[route.RouteKey] = route.settings()
		}
		if log := in.AccessLogSettings; log != nil {
			if stage.AccessLog, err = c.accessLog(in, *log); err != nil {
				return nil, err
			}
		}
		url := api.url
		if in.Name != "$default" {
			url += "/" + in.Name
		}
		return properties{
			"invokeUrl":    url,
			"executionArn": c.arn("execute-api", in.APIID+"/"+in.Name),
			"arn":          fmt.Sprintf("arn:aws:apigateway:%s::/apis/%s/stages/%s", c.options.Region, in.APIID, in.Name),
		}, api.PutStage(stage)
	}
	return typed[stageInput]{
		facts: traits{autoname: "name", replace: []string{"apiId", "name"}},
		createFunc: func(_ context.Context, in stageInput) (string, properties, error) {
			outputs, err := put(in)
			return in.Name, outputs, err
		},
		updateFunc: func(_ context.Context, _ string, _, in stageInput) (properties, error) {
			return put(in)
		},
		deleteFunc: func(_ context.Context, name string, in stageInput) error {
			if api, err := c.api(in.APIID); err == nil {
				api.DeleteStage(name)
			}
			return nil
		},
		existsFunc: func(_ context.Context, _ string, in stageInput) (bool, error) {
			_, ok := c.apiByID.get(in.APIID)
			return ok, nil
		},
	}
}

func (s routeSettings) settings() apigateway.RouteSettings {
	return apigateway.RouteSettings{Rate: s.ThrottlingRateLimit, Burst: int(s.ThrottlingBurstLimit)}
}

// accessLog sends the access log of a stage to the log group it names. API Gateway writes it with a permission of
// its own, so no role is asked.
func (c *Cloud) accessLog(in stageInput, settings accessLogSettings) (apigateway.AccessLog, error) {
	group := strings.TrimSuffix(strings.TrimPrefix(settings.DestinationARN, c.logGroupARN("")), ":*")
	if _, ok := c.logGroupNames.get(group); !ok {
		return apigateway.AccessLog{}, fmt.Errorf("accessLogSettings.destinationArn %q is not a log group that exists", settings.DestinationARN)
	}
	return apigateway.AccessLog{Format: settings.Format, Log: func(line []byte) {
		c.log(LogLine{Time: c.options.Clock(), Group: group, Stream: in.APIID + "/" + in.Name, Text: line})
	}}, nil
}
