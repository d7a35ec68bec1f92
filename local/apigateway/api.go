// Package apigateway serves an HTTP API of Amazon API Gateway (version 2): routes to Lambda functions with payload format 2.0.
//
// Make one with [New], add integrations, routes and a stage, and serve it: an [API] is an [http.Handler]. Changes take effect with the
// next request, as with a stage that deploys automatically.
//
// Not covered: authorizers, request parameter mapping, HTTP and private integrations, payload format 1.0, custom domains, explicit
// deployments, the account-wide throttle. What is not covered is refused by name when it is configured.
package apigateway

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"transactional-outbox/local/lambda"
)

// Invoker calls functions on behalf of an AWS service; [lambda.Service] is one. The payload is not used after InvokeAs returns.
type Invoker interface {
	InvokeAs(ctx context.Context, principal, sourceARN, function string, payload []byte, opts *lambda.InvokeOptions) (*lambda.Result, error)
}

// Options configures [New]. A nil *Options and every zero field work.
type Options struct {
	// AccountID is the owner's account. "" means 000000000000.
	AccountID string
	// Region is the API's region. "" means us-east-1.
	Region string
	// DomainName is the name by which clients know the API. "" means <id>.execute-api.<region>.amazonaws.com.
	DomainName string
	// Clock is the current time. Nil means time.Now.
	Clock func() time.Time
	// Random is the source of request and trace ids. Nil means a seeded generator.
	Random rand.Source
	// Logger tells why requests were answered with 5xx. Nil discards.
	Logger *slog.Logger
}

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
	// AuthorizationType must be NONE or "", which means the same.
	AuthorizationType string
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

var _ http.Handler = (*API)(nil)
