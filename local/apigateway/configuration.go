package apigateway

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"transactional-outbox/local/awsapi"
)

// Settings are the properties of the API itself.
type Settings struct {
	// CORS is the cross-origin configuration. Nil means none.
	CORS *CORS
}

// CORS makes the API answer preflight requests and add the headers of cross-origin resource sharing. Header and method lists may be *.
type CORS struct {
	AllowCredentials bool
	AllowHeaders     []string
	AllowMethods     []string
	AllowOrigins     []string // such as https://example.com, https://* or *
	ExposeHeaders    []string
	MaxAge           int // seconds; 0 sends no Access-Control-Max-Age
}

// Integration connects routes to a function.
type Integration struct {
	// Type must be AWS_PROXY.
	Type string
	// URI is the function's ARN or its invoke ARN (arn:aws:apigateway:…:lambda:path/2015-03-31/functions/<ARN>/invocations).
	URI string
	// PayloadFormatVersion must be 2.0.
	PayloadFormatVersion string
	// Timeout is how long the function may take, 50 ms to 30 s. 0 means 30 s.
	Timeout time.Duration
}

// Route sends the requests that match its key to an integration.
type Route struct {
	// Key is "METHOD /path/{parameter}", "ANY /path/{proxy+}" or "$default".
	Key string
	// Target is "integrations/<integration id>".
	Target string
	// AuthorizationType is NONE or "", which means the same, AWS_IAM or JWT.
	AuthorizationType string
	// AuthorizerID names the authorizer of a route with JWT.
	AuthorizerID string
	// AuthorizationScopes are scopes of which a token must have one. None means that no scope is needed.
	AuthorizationScopes []string
}

// Stage makes the API reachable: $default at the root, any other under /<name>.
type Stage struct {
	// Name is "$default" or letters, digits, - and _.
	Name string
	// AutoDeploy must be true.
	AutoDeploy bool
	// Default applies to every route that Routes does not name.
	Default RouteSettings
	// Routes overrides Default for routes, by route key.
	Routes map[string]RouteSettings
	// AccessLog, if its Format is set, writes a line for every request.
	AccessLog AccessLog
	// Variables are the stage variables.
	Variables map[string]string
}

// RouteSettings throttles a route with a token bucket: Rate tokens a second, at most Burst at once. A Rate of 0 means no throttle.
type RouteSettings struct {
	Rate  float64
	Burst int
}

// AccessLog describes the access log of a stage.
type AccessLog struct {
	// Format is the line with $context variables. A variable that HTTP APIs do not have is rendered as "-".
	Format string
	// Log receives each line, without its end. The line is valid only until Log returns.
	Log func(line []byte)
}

// integration is a checked Integration.
type integration struct {
	function string // its ARN
	timeout  time.Duration
}

// Configure replaces the API's own settings.
func (a *API) Configure(s Settings) error {
	if c := s.CORS; c != nil && c.AllowCredentials && (slices.Contains(c.AllowOrigins, "*") ||
		slices.Contains(c.AllowHeaders, "*") || slices.Contains(c.AllowMethods, "*") || slices.Contains(c.ExposeHeaders, "*")) {
		return badRequest("Settings.CORS: * cannot be used together with AllowCredentials")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cors = s.CORS
	a.rebuild()
	return nil
}

// PutIntegration adds or replaces an integration.
func (a *API) PutIntegration(id string, i Integration) error {
	switch {
	case i.Type != "AWS_PROXY":
		return badRequest("Integration.Type %q is not supported here: use AWS_PROXY", i.Type)
	case i.PayloadFormatVersion != "2.0":
		return badRequest("Integration.PayloadFormatVersion %q is not supported here: use 2.0", i.PayloadFormatVersion)
	case i.Timeout != 0 && (i.Timeout < 50*time.Millisecond || i.Timeout > 30*time.Second):
		return badRequest("Integration.Timeout %s is not between 50ms and 30s", i.Timeout)
	}
	if i.Timeout == 0 {
		i.Timeout = 30 * time.Second
	}
	function, err := functionARN(i.URI)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.integrations[id] = &integration{function: function, timeout: i.Timeout}
	a.rebuild()
	return nil
}

// functionARN takes the function out of an integration URI.
func functionARN(uri string) (string, error) {
	arn := uri
	if _, rest, ok := strings.Cut(uri, ":lambda:path/2015-03-31/functions/"); ok {
		arn, ok = strings.CutSuffix(rest, "/invocations")
		if !ok {
			return "", badRequest("Integration.URI %q does not end in /invocations", uri)
		}
	}
	if strings.Contains(arn, "${") {
		return "", badRequest("Integration.URI %q: stage variables are not supported here", uri)
	}
	if !strings.HasPrefix(arn, "arn:") || !strings.Contains(arn, ":lambda:") {
		return "", badRequest("Integration.URI %q is not the ARN of a Lambda function", uri)
	}
	return arn, nil
}

// DeleteIntegration removes an integration. Routes that use it answer 500.
func (a *API) DeleteIntegration(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.integrations, id)
	a.rebuild()
}

// PutRoute adds or replaces a route. Two routes with one key are a ConflictException.
func (a *API) PutRoute(id string, r Route) error {
	if _, err := parseRoute(r.Key); err != nil {
		return err
	}
	integrationID, ok := strings.CutPrefix(r.Target, "integrations/")
	if !ok {
		return badRequest("Route.Target %q does not begin with integrations/", r.Target)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.integrations[integrationID] == nil {
		return badRequest("Route.Target %q: there is no such integration", r.Target)
	}
	if err := a.checkAuthorization(&r); err != nil {
		return err
	}
	for other, route := range a.routes {
		if other != id && route.Key == r.Key {
			return &awsapi.Error{Code: "ConflictException", Status: http.StatusConflict,
				Message: fmt.Sprintf("Route with key %s already exists for this API", r.Key)}
		}
	}
	a.routes[id] = &r
	a.rebuild()
	return nil
}

// DeleteRoute removes a route.
func (a *API) DeleteRoute(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.routes, id)
	a.rebuild()
}

// PutStage adds or replaces a stage by its name.
func (a *API) PutStage(s Stage) error {
	if s.Name != defaultKey && !regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`).MatchString(s.Name) {
		return badRequest("Stage.Name %q is neither $default nor made of letters, digits, - and _", s.Name)
	}
	if !s.AutoDeploy {
		return badRequest("Stage.AutoDeploy false is not supported here: there are no deployments")
	}
	for _, settings := range append(slices.Collect(maps.Values(s.Routes)), s.Default) {
		if settings.Rate < 0 || settings.Burst < 0 {
			return badRequest("RouteSettings of stage %s: Rate and Burst cannot be negative", s.Name)
		}
	}
	s.Routes = maps.Clone(s.Routes)
	s.Variables = maps.Clone(s.Variables)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stages[s.Name] = &s
	a.rebuild()
	return nil
}

// DeleteStage removes a stage.
func (a *API) DeleteStage(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.stages, name)
	a.rebuild()
}

func badRequest(format string, args ...any) error {
	return &awsapi.Error{Code: "BadRequestException", Message: fmt.Sprintf(format, args...)}
}
