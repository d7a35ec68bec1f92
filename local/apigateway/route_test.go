package apigateway_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/apigateway"
	"transactional-outbox/local/awsapi"
)

func TestMostSpecificRouteWins(t *testing.T) {
	rec := &recorder{}
	api := newAPI(t, rec, nil, "$default", "ANY /{proxy+}", "GET /pets/{proxy+}", "GET /pets/dog/{id}", "GET /pets/dog/1",
		"ANY /pets/cat", "GET /pets/{name}", "POST /pets/cat", "GET /a/{b}/c", "GET /a/b/{c}", "GET /{x}/{y}")
	for _, test := range []struct {
		method, target, want string
		params               map[string]any
	}{
		{"GET", "/pets/dog/1", "GET /pets/dog/1", nil},
		{"GET", "/pets/dog/2", "GET /pets/dog/{id}", map[string]any{"id": "2"}},
		{"GET", "/pets/cow/7/legs", "GET /pets/{proxy+}", map[string]any{"proxy": "cow/7/legs"}},
		{"POST", "/pets/dog/1", "ANY /{proxy+}", map[string]any{"proxy": "pets/dog/1"}},
		{"POST", "/test/5", "ANY /{proxy+}", map[string]any{"proxy": "test/5"}},
		{"GET", "/pets/cat", "ANY /pets/cat", nil},
		{"POST", "/pets/cat", "POST /pets/cat", nil},
		{"GET", "/pets/emu", "GET /pets/{name}", map[string]any{"name": "emu"}},
		{"GET", "/a/b/c", "GET /a/b/{c}", map[string]any{"c": "c"}},
		{"GET", "/pets/a%2Fb", "GET /pets/{name}", map[string]any{"name": "a/b"}},
		{"GET", "/pets/a%20b", "GET /pets/{name}", map[string]any{"name": "a b"}},
		{"GET", "/p%65ts/cat", "ANY /pets/cat", nil},
		{"GET", "/x/y", "GET /{x}/{y}", map[string]any{"x": "x", "y": "y"}},
		{"GET", "/pets/", "ANY /{proxy+}", map[string]any{"proxy": "pets/"}},
		{"GET", "/", "$default", nil},
	} {
		ask(api, test.method, test.target)
		params, _ := rec.event["pathParameters"].(map[string]any)
		if rec.event["routeKey"] != test.want || !cmp.Equal(test.params, params) {
			t.Errorf("%s %s: route %v with %v, want %s with %v", test.method, test.target, rec.event["routeKey"], params, test.want, test.params)
		}
	}
	api.DeleteRoute("$default")
	if diff := cmp.Diff(answer{404, "application/json", `{"message":"Not Found"}`}, ask(api, "GET", "/")); diff != "" {
		t.Errorf("answer without a route (-want +got):\n%s", diff)
	}
}

func TestRefusedConfiguration(t *testing.T) {
	api := newAPI(t, returning(`{}`), nil, "GET /taken")
	integration := apigateway.Integration{Type: "AWS_PROXY", URI: functionARN, PayloadFormatVersion: "2.0"}
	with := func(change func(*apigateway.Integration)) error {
		i := integration
		change(&i)
		return api.PutIntegration("other", i)
	}
	route := func(key string) error {
		return api.PutRoute("other", apigateway.Route{Key: key, Target: "integrations/hello"})
	}
	for _, test := range []struct {
		name, want string
		err        error
	}{
		{"integration type", `Integration.Type "HTTP_PROXY" is not supported here: use AWS_PROXY`,
			with(func(i *apigateway.Integration) { i.Type = "HTTP_PROXY" })},
		{"payload format", `Integration.PayloadFormatVersion "1.0" is not supported here: use 2.0`,
			with(func(i *apigateway.Integration) { i.PayloadFormatVersion = "1.0" })},
		{"timeout", `Integration.Timeout 31s is not between 50ms and 30s`,
			with(func(i *apigateway.Integration) { i.Timeout = 31 * time.Second })},
		{"not a function", `Integration.URI "https://example.com" is not the ARN of a Lambda function`,
			with(func(i *apigateway.Integration) { i.URI = "https://example.com" })},
		{"authorizer", `Route.AuthorizationType CUSTOM is not supported here: use NONE, AWS_IAM or JWT`,
			api.PutRoute("other", apigateway.Route{Key: "GET /x", Target: "integrations/hello", AuthorizationType: "CUSTOM"})},
		{"unknown integration", `Route.Target "integrations/none": there is no such integration`,
			api.PutRoute("other", apigateway.Route{Key: "GET /x", Target: "integrations/none"})},
		{"key taken", `Route with key GET /taken already exists for this API`, route("GET /taken")},
		{"key without method", `Route.Key "/x" is neither $default nor METHOD /path`, route("/x")},
		{"unknown method", `Route.Key "FETCH /x": there is no method FETCH`, route("FETCH /x")},
		{"greedy variable in the middle", `Route.Key "GET /{a+}/b": {a+} is not at the end`, route("GET /{a+}/b")},
		{"open variable", `Route.Key "GET /{a": {a is not closed`, route("GET /{a")},
		{"stage without automatic deployment", `Stage.AutoDeploy false is not supported here: there are no deployments`,
			api.PutStage(apigateway.Stage{Name: "dev"})},
		{"credentials for anybody", `Settings.CORS: * cannot be used together with AllowCredentials`,
			api.Configure(apigateway.Settings{CORS: &apigateway.CORS{AllowOrigins: []string{"*"}, AllowCredentials: true}})},
	} {
		var refused *awsapi.Error
		if !errors.As(test.err, &refused) {
			t.Errorf("%s: error %v, want an *awsapi.Error", test.name, test.err)
		} else if refused.Message != test.want {
			t.Errorf("%s: message %q, want %q", test.name, refused.Message, test.want)
		}
	}
	check(t, with(func(i *apigateway.Integration) {
		i.URI = fmt.Sprintf("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/%s/invocations", functionARN)
	}))
}
