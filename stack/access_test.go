package stack_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"transactional-outbox/stack"
)

const (
	apiType        = "aws:apigatewayv2/api:Api"
	authorizerType = "aws:apigatewayv2/authorizer:Authorizer"
	routeType      = "aws:apigatewayv2/route:Route"
)

// authorization is what of a route says who may call.
func authorization(inputs resource.PropertyMap) map[string]any {
	got := map[string]any{}
	for _, name := range []resource.PropertyKey{"authorizationType", "authorizerId", "authorizationScopes"} {
		if value, ok := inputs[name]; ok && !value.IsNull() {
			got[string(name)] = value.Mappable()
		}
	}
	return got
}

func TestEveryRouteChecksItsCallersAsConfigured(t *testing.T) {
	token := map[string]string{"auth": "jwt", "jwtIssuer": "https://id.example.com", "jwtAudience": "a,b"}
	scoped := map[string]string{"auth": "jwt", "jwtIssuer": "https://id.example.com", "jwtAudience": "a", "jwtScopes": "orders/write,orders/read"}
	for name, c := range map[string]struct {
		changes map[string]string
		want    map[string]any
	}{
		"IAM":     {map[string]string{"auth": "iam"}, map[string]any{"authorizationType": "AWS_IAM"}},
		"nobody":  {map[string]string{"auth": "none"}, map[string]any{"authorizationType": "NONE"}},
		"a token": {token, map[string]any{"authorizationType": "JWT", "authorizerId": "${api-authorizer.id}"}},
		"a token with a scope": {scoped, map[string]any{
			"authorizationType": "JWT", "authorizerId": "${api-authorizer.id}", "authorizationScopes": []any{"orders/write", "orders/read"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r, outputs := deploy(t, "outbox", c.changes)
			if outputs["auth"] != c.changes["auth"] {
				t.Errorf("output auth is %v", outputs["auth"])
			}
			routes, authorizers := 0, 0
			for _, res := range r.sorted() {
				switch res.kind {
				case routeType:
					routes++
					if diff := cmp.Diff(c.want, authorization(res.inputs)); diff != "" {
						t.Errorf("%s (-want +got):\n%s", res.name, diff)
					}
				case authorizerType:
					authorizers++
					want := map[string]any{"issuer": "https://id.example.com", "audiences": []any{"a"}}
					if strings.Contains(c.changes["jwtAudience"], ",") {
						want["audiences"] = []any{"a", "b"}
					}
					if diff := cmp.Diff(want, res.inputs["jwtConfiguration"].Mappable()); diff != "" {
						t.Errorf("%s (-want +got):\n%s", res.name, diff)
					}
				}
			}
			if want := len(c.changes) / 3; routes != 4 || authorizers != min(want, 1) {
				t.Errorf("%d routes and %d authorizers", routes, authorizers)
			}
		})
	}
}

// A component that is asked for nothing in particular lets nobody in who is
// not known.
func TestApiChecksItsCallersByDefault(t *testing.T) {
	r := &recorder{}
	err := program(r, "test", nil, func(ctx *pulumi.Context) error {
		f, err := stack.NewFunction(ctx, "f", &stack.FunctionArgs{
			Code: pulumi.NewFileArchive("code.zip"), Architecture: pulumi.String("arm64"), MemoryMB: pulumi.Int(512),
			TimeoutSeconds: pulumi.Int(1), LogLevel: pulumi.String("INFO"), LogRetentionDays: pulumi.Int(1),
		})
		if err != nil {
			return err
		}
		_, err = stack.NewApi(ctx, "a", apiArgs(stack.ApiRoute{Name: "r", Key: "GET /", Function: f}))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	got := authorization(r.find(t, routeType, "a-r-route").inputs)
	if diff := cmp.Diff(map[string]any{"authorizationType": "AWS_IAM"}, got); diff != "" {
		t.Errorf("route (-want +got):\n%s", diff)
	}
	if cors := r.find(t, apiType, "a-http").inputs["corsConfiguration"]; cors.HasValue() {
		t.Errorf("CORS is on: %v", cors)
	}
}

func TestApiRefusesAuthThatIsNotWhatItLooksLike(t *testing.T) {
	for name, c := range map[string]struct {
		auth stack.ApiAuth
		want string
	}{
		"a mode there is not": {stack.ApiAuth{Mode: "basic"}, `Api "a": [Auth.Mode] is "basic", not iam, jwt or none`},
		"tokens of nobody": {
			stack.ApiAuth{Mode: stack.AuthJWT, Scopes: []string{"s"}},
			`Api "a": required and not given: [Auth.Issuer], [Auth.Audience]`,
		},
		"an issuer without tokens": {
			stack.ApiAuth{Issuer: "https://id.example.com"},
			`Api "a": [Auth.Issuer], [Auth.Audience] and [Auth.Scopes] go with [Auth.Mode] jwt, not iam`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got error
			if err := program(&recorder{}, "test", nil, func(ctx *pulumi.Context) error {
				args := apiArgs(stack.ApiRoute{Name: "r", Key: "GET /", Function: &stack.Function{}})
				args.Auth = c.auth
				_, got = stack.NewApi(ctx, "a", args)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if got == nil || got.Error() != c.want {
				t.Errorf("error %v, want %s", got, c.want)
			}
		})
	}
}

func TestCORSIsOffUnlessOriginsAreConfigured(t *testing.T) {
	r, _ := deploy(t, "outbox", nil)
	if cors := r.find(t, apiType, "api-http").inputs["corsConfiguration"]; cors.HasValue() {
		t.Errorf("CORS is on: %v", cors)
	}
	r, _ = deploy(t, "outbox", map[string]string{"corsOrigins": "https://shop.example.com"})
	cors := r.find(t, apiType, "api-http").inputs["corsConfiguration"].ObjectValue().Mappable()
	if diff := cmp.Diff([]any{"https://shop.example.com"}, cors["allowOrigins"]); diff != "" {
		t.Errorf("origins (-want +got):\n%s", diff)
	}
	if cors["allowCredentials"] != nil {
		t.Error("CORS lets cookies through, which the API has no use for")
	}
}

// Only two stages are open to everybody: the one on the desk, which nobody
// else reaches, and the one to try AWS with, which is throttled so tightly
// that a stranger costs little.
func TestStagesThatAreOpenAreNamedHere(t *testing.T) {
	tight := map[string]float64{"local": 10000, "outbox": 20}
	for _, name := range stages(t) {
		values := configuration(t, name, nil)
		if values["transactional-outbox:auth"] != "none" {
			continue
		}
		limit, known := tight[name]
		if !known {
			t.Errorf("stage %s is open to everybody", name)
			continue
		}
		if rate, err := strconv.ParseFloat(values["transactional-outbox:apiRateLimit"], 64); err != nil || rate > limit {
			t.Errorf("stage %s is open to everybody at %v requests a second", name, rate)
		}
	}
}
