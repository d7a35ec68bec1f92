package stack

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// defaultStage is the stage an HTTP API serves at the root of its address.
const defaultStage = "$default"

// newStage declares the stage that deploys every change, throttles and logs,
// and returns where to.
func newStage(
	ctx *pulumi.Context, name string, args *ApiArgs,
	api *apigatewayv2.Api, tags pulumi.StringMap, parent pulumi.ResourceOption,
) (*cloudwatch.LogGroup, error) {
	logs, err := cloudwatch.NewLogGroup(ctx, name+"-logs", &cloudwatch.LogGroupArgs{
		RetentionInDays: args.LogRetentionDays,
		KmsKeyId:        optionalKey(args.KMSKeyARN),
		Tags:            tags,
	}, parent)
	if err != nil {
		return nil, err
	}
	format, err := accessLogFormat()
	if err != nil {
		return nil, err
	}
	_, err = apigatewayv2.NewStage(ctx, name+"-stage", &apigatewayv2.StageArgs{
		ApiId:      api.ID(),
		Name:       pulumi.String(defaultStage),
		AutoDeploy: pulumi.Bool(true),
		AccessLogSettings: apigatewayv2.StageAccessLogSettingsArgs{
			DestinationArn: logs.Arn,
			Format:         pulumi.String(format),
		},
		DefaultRouteSettings: apigatewayv2.StageDefaultRouteSettingsArgs{
			ThrottlingRateLimit:  args.RateLimit.ToFloat64Output().ToFloat64PtrOutput(),
			ThrottlingBurstLimit: args.BurstLimit.ToIntOutput().ToIntPtrOutput(),
		},
		Tags: tags,
	}, parent)
	return logs, err
}

// accessLogFormat is one JSON object a request. It names the route, never the
// path: what clients put into a path is theirs.
func accessLogFormat() (string, error) {
	text, err := json.Marshal(struct {
		ApiID              string `json:"apiId"`
		RequestID          string `json:"requestId"`
		Time               string `json:"time"`
		SourceIP           string `json:"sourceIp"`
		RouteKey           string `json:"routeKey"`
		Status             string `json:"status"`
		Protocol           string `json:"protocol"`
		ResponseLength     string `json:"responseLength"`
		ResponseLatency    string `json:"responseLatency"`
		IntegrationLatency string `json:"integrationLatency"`
		IntegrationStatus  string `json:"integrationStatus"`
		IntegrationError   string `json:"integrationError"`
		UserAgent          string `json:"userAgent"`
		UserARN            string `json:"userArn"`
		TokenIssuer        string `json:"tokenIssuer"`
		TokenSubject       string `json:"tokenSubject"`
		TokenClient        string `json:"tokenClient"`
		AuthorizerError    string `json:"authorizerError"`
	}{
		// A dimension of the metric that is counted in this log.
		ApiID:              "$context.apiId",
		RequestID:          "$context.requestId",
		Time:               "$context.requestTime",
		SourceIP:           "$context.identity.sourceIp",
		RouteKey:           "$context.routeKey",
		Status:             "$context.status",
		Protocol:           "$context.protocol",
		ResponseLength:     "$context.responseLength",
		ResponseLatency:    "$context.responseLatency",
		IntegrationLatency: "$context.integrationLatency",
		IntegrationStatus:  "$context.integration.status",
		IntegrationError:   "$context.integrationErrorMessage",
		UserAgent:          "$context.identity.userAgent",
		// Who has called, by IAM or by token: what is there depends on the mode.
		UserARN:         "$context.identity.userArn",
		TokenIssuer:     "$context.authorizer.claims.iss",
		TokenSubject:    "$context.authorizer.claims.sub",
		TokenClient:     "$context.authorizer.claims.client_id",
		AuthorizerError: "$context.authorizer.error",
	})
	if err != nil {
		return "", fmt.Errorf("marshal access log format: %w", err)
	}
	return string(text), nil
}
