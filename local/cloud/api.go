package cloud

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"transactional-outbox/local/apigateway"
	"transactional-outbox/local/awsapi"
)

// apiInput are the supported inputs of aws:apigatewayv2/api:Api.
type apiInput struct {
	Name                      string            `json:"name"`
	Description               string            `json:"description"`
	ProtocolType              string            `json:"protocolType"`
	CORSConfiguration         *corsInput        `json:"corsConfiguration"`
	DisableExecuteAPIEndpoint bool              `json:"disableExecuteApiEndpoint"`
	Tags                      map[string]string `json:"tags"`
}

type corsInput struct {
	AllowCredentials bool     `json:"allowCredentials"`
	AllowHeaders     []string `json:"allowHeaders"`
	AllowMethods     []string `json:"allowMethods"`
	AllowOrigins     []string `json:"allowOrigins"`
	ExposeHeaders    []string `json:"exposeHeaders"`
	MaxAge           float64  `json:"maxAge"`
}

// apis implements aws:apigatewayv2/api:Api. Each API gets a listener of its own; the first one gets the address
// that the desk was told to listen on.
func (c *Cloud) apis() resourceType {
	return typed[apiInput]{
		facts: traits{autoname: "name", replace: []string{"protocolType"}},
		createFunc: func(_ context.Context, in apiInput) (string, properties, error) {
			if in.ProtocolType != "HTTP" {
				return "", nil, fmt.Errorf("protocolType %q is not supported on the desk; supported is HTTP", in.ProtocolType)
			}
			id := c.randomID(10)
			listener, err := c.listenAPI()
			if err != nil {
				return "", nil, err
			}
			api := apigateway.New(id, c.lambda, &apigateway.Options{
				AccountID: c.options.Account, Region: c.options.Region, Logger: c.options.Logger, Clock: c.options.Clock,
				Identify: func(accessKeyID string) (apigateway.Identity, bool) {
					return c.accessKeys.identify(c.options.Account, accessKeyID)
				},
			})
			if err := api.Configure(in.settings()); err != nil {
				listener.Close()
				return "", nil, err
			}
			served := &servedAPI{API: api, server: &http.Server{Handler: c.countedAPI(id, api), ReadHeaderTimeout: 10 * time.Second}, url: "http://" + listener.Addr().String()}
			c.apiByID.add(id, served)
			c.serve(served.server, listener)
			return id, c.apiOutputs(id, served), nil
		},
		updateFunc: func(_ context.Context, id string, _, in apiInput) (properties, error) {
			served, err := c.api(id)
			if err != nil {
				return nil, err
			}
			return c.apiOutputs(id, served), served.Configure(in.settings())
		},
		deleteFunc: func(ctx context.Context, id string, _ apiInput) error {
			served, ok := c.apiByID.get(id)
			if !ok {
				return nil
			}
			c.apiByID.remove(id)
			return served.server.Shutdown(ctx)
		},
		existsFunc: func(_ context.Context, id string, _ apiInput) (bool, error) {
			_, ok := c.apiByID.get(id)
			return ok, nil
		},
	}
}

// servedAPI is an API with the server in front of it.
type servedAPI struct {
	*apigateway.API
	server *http.Server
	url    string
}

func (in apiInput) settings() apigateway.Settings {
	if in.CORSConfiguration == nil {
		return apigateway.Settings{}
	}
	cors := in.CORSConfiguration
	return apigateway.Settings{CORS: &apigateway.CORS{
		AllowCredentials: cors.AllowCredentials, AllowHeaders: cors.AllowHeaders, AllowMethods: cors.AllowMethods,
		AllowOrigins: cors.AllowOrigins, ExposeHeaders: cors.ExposeHeaders, MaxAge: int(cors.MaxAge),
	}}
}

func (c *Cloud) apiOutputs(id string, served *servedAPI) properties {
	return properties{
		"apiEndpoint":  served.url,
		"arn":          fmt.Sprintf("arn:aws:apigateway:%s::/apis/%s", c.options.Region, id),
		"executionArn": c.arn("execute-api", id),
	}
}

func (c *Cloud) api(id string) (*servedAPI, error) {
	served, ok := c.apiByID.get(id)
	if !ok {
		return nil, awsapi.Errorf("NotFoundException", "Invalid API identifier specified %s:%s", c.options.Account, id)
	}
	return served, nil
}

// integrationInput are the supported inputs of aws:apigatewayv2/integration:Integration.
type integrationInput struct {
	APIID                string  `json:"apiId"`
	IntegrationType      string  `json:"integrationType"`
	IntegrationURI       string  `json:"integrationUri"`
	IntegrationMethod    string  `json:"integrationMethod"`
	PayloadFormatVersion string  `json:"payloadFormatVersion"`
	TimeoutMilliseconds  float64 `json:"timeoutMilliseconds"`
	ConnectionType       string  `json:"connectionType"`
	Description          string  `json:"description"`
}

// integrations implements aws:apigatewayv2/integration:Integration.
func (c *Cloud) integrations() resourceType {
	put := func(id string, in integrationInput) error {
		api, err := c.api(in.APIID)
		if err != nil {
			return err
		}
		if in.ConnectionType != "" && in.ConnectionType != "INTERNET" {
			return fmt.Errorf("connectionType %q is not supported on the desk; supported is INTERNET", in.ConnectionType)
		}
		return api.PutIntegration(id, apigateway.Integration{
			Type: in.IntegrationType, URI: in.IntegrationURI, PayloadFormatVersion: in.PayloadFormatVersion,
			Timeout: time.Duration(in.TimeoutMilliseconds) * time.Millisecond,
		})
	}
	return typed[integrationInput]{
		facts: traits{replace: []string{"apiId", "integrationType"}},
		createFunc: func(_ context.Context, in integrationInput) (string, properties, error) {
			id := c.randomID(7)
			return id, nil, put(id, in)
		},
		updateFunc: func(_ context.Context, id string, _, in integrationInput) (properties, error) {
			return nil, put(id, in)
		},
		deleteFunc: func(_ context.Context, id string, in integrationInput) error {
			if api, err := c.api(in.APIID); err == nil {
				api.DeleteIntegration(id)
			}
			return nil
		},
		existsFunc: func(_ context.Context, _ string, in integrationInput) (bool, error) {
			_, ok := c.apiByID.get(in.APIID)
			return ok, nil
		},
	}
}

// routeInput are the supported inputs of aws:apigatewayv2/route:Route.
type routeInput struct {
	APIID               string   `json:"apiId"`
	RouteKey            string   `json:"routeKey"`
	Target              string   `json:"target"`
	AuthorizationType   string   `json:"authorizationType"`
	AuthorizerID        string   `json:"authorizerId"`
	AuthorizationScopes []string `json:"authorizationScopes"`
	OperationName       string   `json:"operationName"`
}

// routes implements aws:apigatewayv2/route:Route.
func (c *Cloud) routes() resourceType {
	put := func(id string, in routeInput) error {
		api, err := c.api(in.APIID)
		if err != nil {
			return err
		}
		return api.PutRoute(id, apigateway.Route{
			Key: in.RouteKey, Target: in.Target, AuthorizationType: in.AuthorizationType, AuthorizerID: in.AuthorizerID, AuthorizationScopes: in.AuthorizationScopes,
		})
	}
	return typed[routeInput]{
		facts: traits{replace: []string{"apiId"}},
		createFunc: func(_ context.Context, in routeInput) (string, properties, error) {
			id := c.randomID(7)
			return id, nil, put(id, in)
		},
		updateFunc: func(_ context.Context, id string, _, in routeInput) (properties, error) {
			return nil, put(id, in)
		},
		deleteFunc: func(_ context.Context, id string, in routeInput) error {
			if api, err := c.api(in.APIID); err == nil {
				api.DeleteRoute(id)
			}
			return nil
		},
		existsFunc: func(_ context.Context, _ string, in routeInput) (bool, error) {
			_, ok := c.apiByID.get(in.APIID)
			return ok, nil
		},
	}
}
