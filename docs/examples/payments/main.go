// Payments is a Pulumi program of its own: payments, which have nothing to do with orders, with an outbox, a consumer and an API
// made of the components of transactional-outbox.
package main

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"transactional-outbox/stack"
)

func main() { pulumi.Run(deploy) }

func deploy(ctx *pulumi.Context) error {
	cfg, err := stack.ReadConfig(ctx) // the same keys and rules, in this project's namespace
	if err != nil {
		return err
	}
	code, err := stack.BuildHandlers(ctx, ctx.RootDirectory(), cfg.Architecture, "pay", "ledger")
	if err != nil {
		return err
	}
	tags := pulumi.StringMap{"project": pulumi.String(ctx.Project()), "stage": pulumi.String(ctx.Stack())}
	protect := pulumi.Protect(cfg.Protect)

	outbox, err := stack.NewOutbox(ctx, "payments", &stack.OutboxArgs{
		Table:                "payments",
		Key:                  "paymentId",
		StreamMode:           pulumi.String(cfg.StreamMode),
		StreamRetentionHours: pulumi.Int(int(cfg.StreamRetention / time.Hour)),
		KMSKeyARN:            cfg.KMSKeyARN,
		Protect:              cfg.Protect,
		Tags:                 tags,
	}, protect)
	if err != nil {
		return err
	}
	ledger, err := stack.NewConsumer(ctx, "ledger", cfg.Consumer("entries", "paymentId", outbox, code["ledger"],
		"Enters every payment into the ledger, once", tags), protect)
	if err != nil {
		return err
	}

	function := cfg.Function(code["pay"], "Takes a payment: the payment and its event in one transaction", tags)
	function.Environment = pulumi.StringMap{"PAYMENTS_TABLE": outbox.Table.Name, "EVENTS_TABLE": outbox.Events.Name}
	function.Statements = []stack.Statement{{
		Sid:       "PutPaymentAndEvent",
		Actions:   []string{"dynamodb:PutItem"},
		Resources: pulumi.StringArray{outbox.Table.Arn, outbox.Events.Arn},
	}}
	pay, err := stack.NewFunction(ctx, "pay", function, protect)
	if err != nil {
		return err
	}
	api, err := stack.NewApi(ctx, "api", &stack.ApiArgs{
		Routes:           []stack.ApiRoute{{Name: "pay", Key: "POST /payments", Function: pay}},
		RoutesAfter:      []pulumi.Resource{outbox.Destination, ledger.Mapping},
		Auth:             stack.ApiAuth{Mode: cfg.Auth, Issuer: cfg.JWTIssuer, Audience: cfg.JWTAudience, Scopes: cfg.JWTScopes},
		TimeoutSeconds:   pulumi.Int(int(cfg.APITimeout / time.Second)),
		RateLimit:        pulumi.Float64(cfg.APIRateLimit),
		BurstLimit:       pulumi.Int(cfg.APIBurstLimit),
		LogRetentionDays: pulumi.Int(cfg.LogRetentionDays),
		KMSKeyARN:        cfg.KMSKeyARN,
		Tags:             tags,
	}, protect)
	if err != nil {
		return err
	}
	ctx.Export("apiUrl", api.URL)
	ctx.Export("eventsTable", outbox.Events.Name)
	ctx.Export("entriesTable", ledger.Table.Name)
	return nil
}
