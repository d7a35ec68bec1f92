package apigateway

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"transactional-outbox/local/awsapi"
)

// The authorization types of routes.
const (
	authNone = "NONE"
	authIAM  = "AWS_IAM"
	authJWT  = "JWT"
)

// Identity is the holder of an access key.
type Identity struct {
	// SecretAccessKey is what requests are signed with; SessionToken must come with them if it is not empty.
	SecretAccessKey, SessionToken string
	// AccountID, UserID and UserARN are what functions learn of the caller.
	AccountID, UserID, UserARN string
	// Authorizer decides on execute-api:Invoke. Nil allows everything.
	Authorizer awsapi.Authorizer
}

// Authorizer checks the JSON web tokens of requests.
type Authorizer struct {
	// Type must be JWT.
	Type string
	// IdentitySources must be the one $request.header.Authorization.
	IdentitySources []string
	// Issuer is the URL of the identity provider: https, or http on this machine's loopback interface.
	Issuer string
	// Audience holds the values of aud, or client_id, that are accepted: one of them must be there.
	Audience []string
}

// PutAuthorizer adds or replaces an authorizer. The issuer's keys are read when the first token arrives, not here as on AWS, so that a
// desk without a network starts.
func (a *API) PutAuthorizer(id string, z Authorizer) error {
	switch {
	case z.Type != authJWT:
		return badRequest("Authorizer.Type %q is not supported here: use JWT", z.Type)
	case !slices.Equal(z.IdentitySources, []string{"$request.header.Authorization"}):
		return badRequest("Authorizer.IdentitySources %q is not supported here: use $request.header.Authorization", z.IdentitySources)
	case len(z.Audience) == 0:
		return badRequest("Authorizer.Audience is empty: every token would be refused")
	}
	if err := checkIssuer(z.Issuer); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.authorizers[id] = &authorizer{
		issuer: z.Issuer, audience: slices.Clone(z.Audience),
		keys: keySet{issuer: z.Issuer, clock: a.opts.Clock, client: &http.Client{Timeout: keysTimeout}},
	}
	a.rebuild()
	return nil
}

// keysTimeout is how long the endpoints of an issuer may take.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const keysTimeout = 1500 * time.Millisecond

// DeleteAuthorizer removes an authorizer. Routes that use it refuse every request.
func (a *API) DeleteAuthorizer(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.authorizers, id)
	a.rebuild()
}

// checkAuthorization refuses a route whose authorization cannot work. The caller holds the mutex.
func (a *API) checkAuthorization(r *Route) error {
	switch r.AuthorizationType {
	case "", authNone, authIAM:
		if r.AuthorizerID != "" || len(r.AuthorizationScopes) > 0 {
			return badRequest("Route.AuthorizerID and AuthorizationScopes go with AuthorizationType JWT only")
		}
	case authJWT:
		if a.authorizers[r.AuthorizerID] == nil {
			return badRequest("Route.AuthorizerID %q: there is no such authorizer", r.AuthorizerID)
		}
	default:
		return badRequest("Route.AuthorizationType %s is not supported here: use NONE, AWS_IAM or JWT", r.AuthorizationType)
	}
	return nil
}

// caller is who API Gateway has found the client to be.
type caller struct {
	context  []byte // requestContext.authorizer, nil without an authorizer
	identity *Identity
	claims   map[string]string
	refusal  string // why there is none, for the access log
}

// authorize finds out who the client is and whether it may use the route; if not, it answers.
func (x *exchange) authorize() bool {
	switch x.route.authorization {
	case authIAM:
		key, identity, err := x.verifySignature()
		if err == nil {
			err = identity.Authorizer.Check("execute-api:Invoke", x.invocationARN())
		}
		if err != nil {
			x.caller.refusal = err.Error()
			x.refuse(http.StatusForbidden, "Forbidden", "ACCESS_DENIED")
			return false
		}
		x.caller.identity = &identity
		x.caller.context = appendIAM(nil, key, &identity)
	case authJWT:
		return x.authorizeToken()
	}
	return true
}

// invocationARN is what policies about execute-api:Invoke name: the path as it was asked for, not the route's.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
func (x *exchange) invocationARN() string {
	_, inStage := x.table.find(x.r.URL.EscapedPath())
	return x.stage.arn + x.r.Method + inStage
}

// appendIAM writes the authorizer's part of the event as it is with IAM: everything is there, and null where there is nothing.
func appendIAM(b []byte, key string, i *Identity) []byte {
	b = append(b, `{"iam":{"accessKey":`...)
	b = quote(b, key)
	b = append(b, `,"accountId":`...)
	b = quote(b, i.AccountID)
	b = append(b, `,"callerId":`...)
	b = quote(b, i.UserID)
	b = append(b, `,"cognitoIdentity":null,"principalOrgId":null,"userArn":`...)
	b = quote(b, i.UserARN)
	b = append(b, `,"userId":`...)
	b = quote(b, i.UserID)
	return append(b, "}}"...)
}

// authorizeToken checks the token of a request. The status and the text of a refusal are API Gateway's; the header is documented for
// an invalid token only, and follows RFC 6750 elsewhere.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-jwt.html
func (x *exchange) authorizeToken() bool {
	header := x.r.Header.Get("Authorization")
	z := x.route.authorizer
	if header == "" || z == nil {
		x.caller.refusal = "there is no token"
		x.w.Header().Set("Www-Authenticate", "Bearer")
		x.refuse(http.StatusUnauthorized, "Unauthorized", "UNAUTHORIZED")
		return false
	}
	token := header
	if scheme, rest, ok := strings.Cut(header, " "); ok && strings.EqualFold(scheme, "Bearer") {
		token = strings.TrimSpace(rest)
	}
	claims, err := z.verify(x.r.Context(), token, x.begin)
	if err != nil {
		x.caller.refusal = err.Error()
		x.w.Header().Set("Www-Authenticate", `Bearer scope="`+strings.Join(x.route.scopes, " ")+`" error="invalid_token" error_description="`+err.Error()+`"`)
		x.refuse(http.StatusUnauthorized, "Unauthorized", "UNAUTHORIZED")
		return false
	}
	var granted []string
	for _, scope := range claims.scopes() {
		if slices.Contains(x.route.scopes, scope) {
			granted = append(granted, scope)
		}
	}
	if len(x.route.scopes) > 0 && len(granted) == 0 {
		x.caller.refusal = "the token has none of the route's scopes"
		x.w.Header().Set("Www-Authenticate", `Bearer scope="`+strings.Join(x.route.scopes, " ")+`" error="insufficient_scope"`)
		x.refuse(http.StatusForbidden, "Forbidden", "ACCESS_DENIED")
		return false
	}
	x.caller.claims = claims.text()
	x.caller.context = appendJWT(nil, x.caller.claims, granted)
	return true
}
