package stack

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ApiRoute sends what matches Key to Function.
type ApiRoute struct {
	// Name makes the route's resource names. Required, unique within the API.
	Name string
	// Key is a method and a path, `GET /orders/{orderId}`. Required.
	Key string
	// Function answers. Several routes may share one. Required.
	Function *Function
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
	ctx *pulumi.Context, name string, args *ApiArgs, api *apigatewayv2.Api, r ApiRoute,
	protect func(*apigatewayv2.RouteArgs), parent pulumi.ResourceOption,
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
	route := &apigatewayv2.RouteArgs{
		ApiId:    api.ID(),
		RouteKey: pulumi.String(r.Key),
		Target:   pulumi.Sprintf("integrations/%s", integration.ID()),
	}
	protect(route)
	_, err = apigatewayv2.NewRoute(ctx, prefix+"-route", route, parent, pulumi.DependsOn(append([]pulumi.Resource{permission}, args.RoutesAfter...)))
	return err
}

// routeARN is how API Gateway names a route of the default stage when it
// invokes a function: <execution ARN>/$default/METHOD/path, path parameters
// in braces as in the key.
func routeARN(executionARN pulumi.StringOutput, key string) pulumi.StringOutput {
	method, path, _ := strings.Cut(key, " ")
	return pulumi.Sprintf("%s/%s/%s%s", executionARN, defaultStage, method, path)
}
