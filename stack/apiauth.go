package stack

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ApiAuth says who may call an API. The zero value is AuthIAM.
type ApiAuth struct {
	// Mode is one of AuthIAM, AuthJWT and AuthNone. Empty is AuthIAM.
	Mode AuthMode
	// Issuer is the identity provider's URL, exactly as the tokens' iss claim
	// names it. Required with AuthJWT, and only then allowed.
	Issuer string
	// Audience are the accepted values of a token's aud, or of client_id where
	// there is no aud. Required with AuthJWT, and only then allowed.
	Audience []string
	// Scopes are those of which a token must have one. Optional, with AuthJWT
	// only.
	Scopes []string
}

func (a ApiAuth) mode() AuthMode {
	if a.Mode == "" {
		return AuthIAM
	}
	return a.Mode
}

// check refuses what would leave an API more open than it looks.
func (a ApiAuth) check(api string) error {
	switch a.mode() {
	case AuthJWT:
		return require("Api", api,
			argument{"Auth.Issuer", a.Issuer != ""},
			argument{"Auth.Audience", len(a.Audience) > 0},
		)
	case AuthIAM, AuthNone:
		if a.Issuer != "" || len(a.Audience) > 0 || len(a.Scopes) > 0 {
			return fmt.Errorf("Api %q: [Auth.Issuer], [Auth.Audience] and [Auth.Scopes] go with [Auth.Mode] jwt, not %s",
				api, a.mode())
		}
		return nil
	}
	return fmt.Errorf("Api %q: [Auth.Mode] is %q, not iam, jwt or none", api, a.Mode)
}

// newAuthorization declares what checks callers, and returns what makes a
// route ask for it.
func newAuthorization(
	ctx *pulumi.Context, name string, auth ApiAuth, api *apigatewayv2.Api, parent pulumi.ResourceOption,
) (func(*apigatewayv2.RouteArgs), error) {
	switch auth.mode() {
	case AuthNone:
		return func(r *apigatewayv2.RouteArgs) { r.AuthorizationType = pulumi.String("NONE") }, nil
	case AuthIAM:
		return func(r *apigatewayv2.RouteArgs) { r.AuthorizationType = pulumi.String("AWS_IAM") }, nil
	}
	authorizer, err := apigatewayv2.NewAuthorizer(ctx, name+"-authorizer", &apigatewayv2.AuthorizerArgs{
		ApiId:           api.ID(),
		AuthorizerType:  pulumi.String("JWT"),
		IdentitySources: pulumi.StringArray{pulumi.String("$request.header.Authorization")},
		JwtConfiguration: apigatewayv2.AuthorizerJwtConfigurationArgs{
			Issuer:    pulumi.String(auth.Issuer),
			Audiences: pulumi.ToStringArray(auth.Audience),
		},
	}, parent)
	if err != nil {
		return nil, err
	}
	return func(r *apigatewayv2.RouteArgs) {
		r.AuthorizationType = pulumi.String("JWT")
		r.AuthorizerId = authorizer.ID()
		if len(auth.Scopes) > 0 {
			r.AuthorizationScopes = pulumi.ToStringArray(auth.Scopes)
		}
	}, nil
}

// corsFor lets pages of origins use what the API has: its methods, the
// headers that requests may carry and those that answers explain themselves
// with. Nil, which turns CORS off, without origins.
func corsFor(origins pulumi.StringArray) apigatewayv2.ApiCorsConfigurationPtrInput {
	if len(origins) == 0 {
		return nil
	}
	names := func(list string) pulumi.StringArray { return pulumi.ToStringArray(strings.Fields(list)) }
	return apigatewayv2.ApiCorsConfigurationArgs{
		AllowOrigins: origins,
		AllowMethods: names("GET POST"),
		AllowHeaders: names("authorization content-type idempotency-key traceparent x-correlation-id " +
			"x-amz-date x-amz-security-token x-amz-content-sha256"),
		ExposeHeaders: names("location idempotent-replayed retry-after www-authenticate x-request-id"),
		MaxAge:        pulumi.Int(600),
	}
}
