// Package apigateway serves an HTTP API of Amazon API Gateway (version 2): routes to Lambda functions with payload format 2.0.
//
// Make one with [New], add integrations, routes and a stage, and serve it: an [API] is an [http.Handler]. Changes take effect with the
// next request, as with a stage that deploys automatically.
//
// Routes are open, or check who calls: AWS_IAM (a SigV4 signature in the Authorization header) or a JWT authorizer.
//
// Not covered: Lambda authorizers, presigned URLs, request parameter mapping, HTTP and private integrations, payload format 1.0, custom domains, explicit
// deployments, the account-wide throttle. What is not covered is refused by name when it is configured.
package apigateway

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
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
	// Identify tells who holds an access key, for routes with AWS_IAM. Nil knows none.
	Identify func(accessKeyID string) (Identity, bool)
	// Random is the source of request and trace ids. Nil means the generator of math/rand/v2.
	Random rand.Source
	// Logger tells why requests were answered with 5xx. Nil discards.
	Logger *slog.Logger
}

// API is one HTTP API. It is safe for concurrent use.
type API struct {
	id      string
	invoker Invoker
	opts    Options
	random  random

	mu           sync.Mutex // guards the configuration below
	cors         *CORS
	integrations map[string]*integration
	authorizers  map[string]*authorizer
	routes       map[string]*Route // by id
	stages       map[string]*Stage
	table        atomic.Pointer[table] // what requests use, made from it
}

// New returns an API without routes whose functions are called through invoker.
func New(id string, invoker Invoker, opts *Options) *API {
	a := &API{
		id: id, invoker: invoker,
		integrations: map[string]*integration{}, authorizers: map[string]*authorizer{}, routes: map[string]*Route{}, stages: map[string]*Stage{},
	}
	if opts != nil {
		a.opts = *opts
	}
	if a.opts.AccountID == "" {
		a.opts.AccountID = "000000000000"
	}
	if a.opts.Region == "" {
		a.opts.Region = "us-east-1"
	}
	if a.opts.DomainName == "" {
		a.opts.DomainName = id + ".execute-api." + a.opts.Region + ".amazonaws.com"
	}
	if a.opts.Clock == nil {
		a.opts.Clock = time.Now
	}
	if a.opts.Logger == nil {
		a.opts.Logger = slog.New(slog.DiscardHandler)
	}
	a.random.source = a.opts.Random
	a.table.Store(&table{})
	return a
}

// ExecutionARN is what source ARNs of the API begin with: arn:aws:execute-api:<region>:<account>:<id>.
func (a *API) ExecutionARN() string {
	return "arn:aws:execute-api:" + a.opts.Region + ":" + a.opts.AccountID + ":" + a.id
}

var _ http.Handler = (*API)(nil)
