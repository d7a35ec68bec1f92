package cloud

import (
	"context"

	"transactional-outbox/local/apigateway"
)

// authorizerInput are the supported inputs of aws:apigatewayv2/authorizer:Authorizer: those of a JWT authorizer.
type authorizerInput struct {
	APIID            string           `json:"apiId"`
	Name             string           `json:"name"`
	AuthorizerType   string           `json:"authorizerType"`
	IdentitySources  []string         `json:"identitySources"`
	JWTConfiguration jwtConfiguration `json:"jwtConfiguration"`
}

type jwtConfiguration struct {
	Issuer    string   `json:"issuer"`
	Audiences []string `json:"audiences"`
}

// authorizers implements aws:apigatewayv2/authorizer:Authorizer.
func (c *Cloud) authorizers() resourceType {
	put := func(id string, in authorizerInput) error {
		api, err := c.api(in.APIID)
		if err != nil {
			return err
		}
		return api.PutAuthorizer(id, apigateway.Authorizer{
			Type: in.AuthorizerType, IdentitySources: in.IdentitySources,
			Issuer: in.JWTConfiguration.Issuer, Audience: in.JWTConfiguration.Audiences,
		})
	}
	return typed[authorizerInput]{
		facts: traits{autoname: "name", replace: []string{"apiId"}},
		createFunc: func(_ context.Context, in authorizerInput) (string, properties, error) {
			id := c.randomID(6)
			return id, nil, put(id, in)
		},
		updateFunc: func(_ context.Context, id string, _, in authorizerInput) (properties, error) {
			return nil, put(id, in)
		},
		deleteFunc: func(_ context.Context, id string, in authorizerInput) error {
			if api, err := c.api(in.APIID); err == nil {
				api.DeleteAuthorizer(id)
			}
			return nil
		},
		existsFunc: func(_ context.Context, _ string, in authorizerInput) (bool, error) {
			_, ok := c.apiByID.get(in.APIID)
			return ok, nil
		},
	}
}
