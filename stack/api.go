package stack

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ApiType is the type token of Api.
const ApiType = "transactional-outbox:stack:Api"

// defaultStage is the stage an HTTP API serves at the root of its address.
const defaultStage = "$default"

// ApiRoute sends what matches Key to Function.
type ApiRoute struct {
	// Name makes the route's resource names. Required, unique within the API.
	Name string
	// Key is a method and a path, `GET /orders/{orderId}`. Required.
	Key string
	// Function answers. Several routes may share one. Required.
	Function *Function
}

// ApiArgs says what an API serves and how much of it.
type ApiArgs struct {
	// Description is a sentence for the console. Optional.
	Description pulumi.StringPtrInput
	// Routes are all there is; anything else is answered 404. Required.
	Routes []ApiRoute
	// RoutesAfter must exist before any route does. Optional.
	RoutesAfter []pulumi.Resource
	// TimeoutSeconds is the longest timeout of the functions, at most 29: the
	// API waits a second longer, so that it is the function that gives up and
	// logs why. Required.
	TimeoutSeconds pulumi.IntInput
	// RateLimit is the steady rate of requests per second. Required.
	RateLimit pulumi.Float64Input
	// BurstLimit is how many requests may come at once. Required.
	BurstLimit pulumi.IntInput
	// LogRetentionDays is one of CloudWatch's retention periods. Required.
	LogRetentionDays pulumi.IntInput
	// Tags are put on everything taggable, with `component` added. Optional.
	Tags pulumi.StringMap
}

// Api is an HTTP API before functions.
type Api struct {
	pulumi.ResourceState

	// URL is where the API is served, without a trailing slash.
	URL pulumi.StringOutput
}

// NewApi declares an API.
func NewApi(ctx *pulumi.Context, name string, args *ApiArgs, opts ...pulumi.ResourceOption) (*Api, error) {
	if args == nil {
		args = &ApiArgs{}
	}
	if err := require("Api", name,
		argument{"Routes", len(args.Routes) > 0},
		argument{"TimeoutSeconds", args.TimeoutSeconds != nil},
		argument{"RateLimit", args.RateLimit != nil},
		argument{"BurstLimit", args.BurstLimit != nil},
		argument{"LogRetentionDays", args.LogRetentionDays != nil},
	); err != nil {
		return nil, err
	}
	keys := make(pulumi.StringArray, len(args.Routes))
	for i, r := range args.Routes {
		if err := r.check(name, i); err != nil {
			return nil, err
		}
		keys[i] = pulumi.String(r.Key)
	}

	a := &Api{}
	if err := ctx.RegisterComponentResourceV2(ApiType, name, pulumi.Map{
		"routes":           keys,
		"timeoutSeconds":   args.TimeoutSeconds,
		"rateLimit":        args.RateLimit,
		"burstLimit":       args.BurstLimit,
		"logRetentionDays": args.LogRetentionDays,
	}, a, opts...); err != nil {
		return nil, err
	}
	parent := pulumi.Parent(a)
	tags := tagged(args.Tags, name)

	api, err := apigatewayv2.NewApi(ctx, name+"-http", &apigatewayv2.ApiArgs{
		Description:  args.Description,
		ProtocolType: pulumi.String("HTTP"),
		Tags:         tags,
	}, parent)
	if err != nil {
		return nil, err
	}
	for _, r := range args.Routes {
		if err := newRoute(ctx, name, args, api, r, parent); err != nil {
			return nil, err
		}
	}
	if err := newStage(ctx, name, args, api, tags, parent); err != nil {
		return nil, err
	}

	a.URL = api.ApiEndpoint
	if err := ctx.RegisterResourceOutputs(a, pulumi.Map{"url": a.URL}); err != nil {
		return nil, err
	}
	return a, nil
}

// check refuses a route that lacks a field or whose key is not of HTTP APIs.
func (r ApiRoute) check(api string, i int) error {
	if err := require("Api", api,
		argument{fmt.Sprintf("Routes[%d].Name", i), r.Name != ""},
		argument{fmt.Sprintf("Routes[%d].Key", i), r.Key != ""},
		argument{fmt.Sprintf("Routes[%d].Function", i), r.Function != nil},
	); err != nil {
		return err
	}
	if method, path, ok := strings.Cut(r.Key, " "); !ok || method == "" || !strings.HasPrefix(path, "/") {
		return fmt.Errorf("Api %q: [Routes[%d].Key] is %q, not a method and a path", api, i, r.Key)
	}
	return nil
}

// newRoute declares a route with an integration of its own and the permission
// that lets exactly this route invoke the function.
func newRoute(
	ctx *pulumi.Context, name string, args *ApiArgs, api *apigatewayv2.Api, r ApiRoute, parent pulumi.ResourceOption,
) error {
	prefix := name + "-" + r.Name
	function := r.Function.Lambda
	integration, err := apigatewayv2.NewIntegration(ctx, prefix+"-integration", &apigatewayv2.IntegrationArgs{
		ApiId:                api.ID(),
		IntegrationType:      pulumi.String("AWS_PROXY"),
		IntegrationMethod:    pulumi.String("POST"),
		IntegrationUri:       function.InvokeArn,
		PayloadFormatVersion: pulumi.String("2.0"),
		TimeoutMilliseconds: args.TimeoutSeconds.ToIntOutput().ApplyT(func(s int) int {
			return (s + 1) * 1000
		}).(pulumi.IntOutput).ToIntPtrOutput(),
	}, parent)
	if err != nil {
		return err
	}
	permission, err := lambda.NewPermission(ctx, prefix+"-permission", &lambda.PermissionArgs{
		Action:    pulumi.String("lambda:InvokeFunction"),
		Function:  function.Name,
		Principal: pulumi.String("apigateway.amazonaws.com"),
		SourceArn: routeARN(api.ExecutionArn, r.Key),
	}, parent)
	if err != nil {
		return err
	}
	_, err = apigatewayv2.NewRoute(ctx, prefix+"-route", &apigatewayv2.RouteArgs{
		ApiId:             api.ID(),
		RouteKey:          pulumi.String(r.Key),
		AuthorizationType: pulumi.String("NONE"),
		Target:            pulumi.Sprintf("integrations/%s", integration.ID()),
	}, parent, pulumi.DependsOn(append([]pulumi.Resource{permission}, args.RoutesAfter...)))
	return err
}

// routeARN is how API Gateway names a route of the default stage when it
// invokes a function: <execution ARN>/$default/METHOD/path, path parameters
// in braces as in the key.
func routeARN(executionARN pulumi.StringOutput, key string) pulumi.StringOutput {
	method, path, _ := strings.Cut(key, " ")
	return pulumi.Sprintf("%s/%s/%s%s", executionARN, defaultStage, method, path)
}

// newStage declares the stage that deploys every change, throttles and logs.
func newStage(
	ctx *pulumi.Context, name string, args *ApiArgs, api *apigatewayv2.Api, tags pulumi.StringMap, parent pulumi.ResourceOption,
) error {
	logs, err := cloudwatch.NewLogGroup(ctx, name+"-logs", &cloudwatch.LogGroupArgs{
		RetentionInDays: args.LogRetentionDays,
		Tags:            tags,
	}, parent)
	if err != nil {
		return err
	}
	format, err := accessLogFormat()
	if err != nil {
		return err
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
	return err
}

// accessLogFormat is one JSON object a request. It names the route, never the
// path: what clients put into a path is theirs.
func accessLogFormat() (string, error) {
	text, err := json.Marshal(struct {
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
	}{
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
	})
	if err != nil {
		return "", fmt.Errorf("marshal access log format: %w", err)
	}
	return string(text), nil
}
