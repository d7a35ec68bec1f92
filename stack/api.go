package stack

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ApiType is the type token of Api.
const ApiType = "transactional-outbox:stack:Api"

// ApiArgs says what an API serves and how much of it.
type ApiArgs struct {
	// Description is a sentence for the console. Optional.
	Description pulumi.StringPtrInput
	// Routes are all there is; anything else is answered 404. Required.
	Routes []ApiRoute
	// RoutesAfter must exist before any route does. Optional.
	RoutesAfter []pulumi.Resource
	// Auth says who may call. Optional: callers must sign with AWS credentials
	// that may invoke the API.
	Auth ApiAuth
	// CORSOrigins are the web pages that may call from a browser. Optional.
	CORSOrigins pulumi.StringArray
	// TimeoutSeconds is the longest timeout of the functions, at most 29: the
	// API waits a second longer, so that it is the function that gives up and
	// logs why. Required.
	TimeoutSeconds pulumi.IntInput
	// RateLimit is the steady rate of requests per second. Required.
	RateLimit pulumi.Float64Input
	// BurstLimit is how many requests may come at once. Required.
	BurstLimit pulumi.IntInput
	// LogRetentionDays is one of CloudWatch's retention periods. Required.
	LogRetentionDays pulumi.IntInput
	// KMSKeyARN is a customer managed key for the access log. Optional: a key
	// of AWS otherwise.
	KMSKeyARN string
	// Tags are put on everything taggable, with `component` added. Optional.
	Tags pulumi.StringMap
}

// Api is an HTTP API before functions.
type Api struct {
	pulumi.ResourceState

	// URL is where the API is served, without a trailing slash.
	URL pulumi.StringOutput
	// ID is what metrics know the API by.
	ID pulumi.StringOutput
	// AccessLog has one line a request.
	AccessLog *cloudwatch.LogGroup
}

// NewApi declares an API.
func NewApi(ctx *pulumi.Context, name string, args *ApiArgs, opts ...pulumi.ResourceOption) (*Api, error) {
	if args == nil {
		args = &ApiArgs{}
	}
	if err := require("Api", name,
		argument{"Routes", len(args.Routes) > 0},
		argument{"TimeoutSeconds", args.TimeoutSeconds != nil},
		argument{"RateLimit", args.RateLimit != nil},
		argument{"BurstLimit", args.BurstLimit != nil},
		argument{"LogRetentionDays", args.LogRetentionDays != nil},
	); err != nil {
		return nil, err
	}
	if err := args.Auth.check(name); err != nil {
		return nil, err
	}
	keys := make(pulumi.StringArray, len(args.Routes))
	for i, r := range args.Routes {
		if err := r.check(name, i); err != nil {
			return nil, err
		}
		keys[i] = pulumi.String(r.Key)
	}

	a := &Api{}
	if err := ctx.RegisterComponentResourceV2(ApiType, name, pulumi.Map{
		"routes":           keys,
		"auth":             pulumi.String(args.Auth.mode()),
		"corsOrigins":      args.CORSOrigins,
		"timeoutSeconds":   args.TimeoutSeconds,
		"rateLimit":        args.RateLimit,
		"burstLimit":       args.BurstLimit,
		"logRetentionDays": args.LogRetentionDays,
		"kmsKeyArn":        optionalKey(args.KMSKeyARN),
	}, a, opts...); err != nil {
		return nil, err
	}
	parent := pulumi.Parent(a)
	tags := tagged(args.Tags, name)

	api, err := apigatewayv2.NewApi(ctx, name+"-http", &apigatewayv2.ApiArgs{
		Description:  args.Description,
		ProtocolType: pulumi.String("HTTP"),
		// Without it, nothing of the API can be read by a page in a browser.
		CorsConfiguration: corsFor(args.CORSOrigins),
		Tags:              tags,
	}, parent)
	if err != nil {
		return nil, err
	}
	protect, err := newAuthorization(ctx, name, args.Auth, api, parent)
	if err != nil {
		return nil, err
	}
	for _, r := range args.Routes {
		if err := newRoute(ctx, name, args, api, r, protect, parent); err != nil {
			return nil, err
		}
	}
	if a.AccessLog, err = newStage(ctx, name, args, api, tags, parent); err != nil {
		return nil, err
	}

	a.URL, a.ID = api.ApiEndpoint, api.ID().ToStringOutput()
	if err := ctx.RegisterResourceOutputs(a, pulumi.Map{"url": a.URL}); err != nil {
		return nil, err
	}
	return a, nil
}
