// Package stack declares what a stage consists of: the outbox, the functions
// that write to it, the HTTP API before them, the consumer behind it and the
// auditor of what expires.
package stack

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Deploy declares one stage. It is the body of the Pulumi program, whoever
// runs it: the Pulumi CLI against AWS or the desk against its local cloud.
//
// The configuration is read and the handlers are compiled before the first
// resource is declared, so that neither mistake leaves half a stage behind.
func Deploy(ctx *pulumi.Context) error {
	return deploy(ctx, ctx.RootDirectory())
}

// DeployFrom is Deploy for an inline program of the Automation API, whose
// context does not know the project's root.
func DeployFrom(root string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error { return deploy(ctx, root) }
}

// deploy declares a stage of the project in root.
func deploy(ctx *pulumi.Context, root string) error {
	cfg, err := ReadConfig(ctx)
	if err != nil {
		return err
	}
	code, err := BuildHandlers(ctx, root, cfg.Architecture, "placeorder", "cancelorder", "getorder", "fulfilment", "auditor")
	if err != nil {
		return err
	}
	tags := pulumi.StringMap{
		"project": pulumi.String(ctx.Project()),
		"stage":   pulumi.String(ctx.Stack()),
	}

	// The components' own protection keeps what would lose data. A protected
	// stage protects everything else too, because `pulumi destroy` works from
	// the front to the back: it would take down the API and the consumer before
	// it came to a table that it must not delete.
	protect := pulumi.Protect(cfg.Protect)

	outbox, err := NewOutbox(ctx, "outbox", &OutboxArgs{
		Table:                "orders",
		Key:                  "orderId",
		StreamMode:           pulumi.String(cfg.StreamMode),
		ShardCount:           shardCount(cfg),
		StreamRetentionHours: pulumi.Int(int(cfg.StreamRetention / time.Hour)),
		KMSKeyARN:            cfg.KMSKeyARN,
		Protect:              cfg.Protect,
		Tags:                 tags,
	}, protect)
	if err != nil {
		return err
	}

	consumer, err := NewConsumer(ctx, "fulfilment", cfg.Consumer("fulfilments", "orderId", outbox, code["fulfilment"],
		"Applies the events of orders to their fulfilment, each once and in order", tags), protect)
	if err != nil {
		return err
	}

	auditor, err := newOrderAuditor(ctx, cfg, code, outbox, consumer, tags, protect)
	if err != nil {
		return err
	}

	orders, err := newOrderFunctions(ctx, cfg, code, outbox, consumer, tags, protect)
	if err != nil {
		return err
	}

	api, err := NewApi(ctx, "api", &ApiArgs{
		Description: pulumi.String("Orders: place, cancel, read"),
		Routes: []ApiRoute{
			{Name: "placeorder", Key: "POST /orders", Function: orders.place},
			{Name: "cancelorder", Key: "POST /orders/{orderId}/cancel", Function: orders.cancel},
			{Name: "getorder", Key: "GET /orders/{orderId}", Function: orders.get},
			{Name: "getfulfilment", Key: "GET /orders/{orderId}/fulfilment", Function: orders.get},
		},
		// An order accepted before its event can be captured would never be
		// delivered: the streaming destination copies nothing that is older.
		RoutesAfter:      []pulumi.Resource{outbox.Destination, consumer.Mapping},
		Auth:             apiAuth(cfg),
		CORSOrigins:      pulumi.ToStringArray(cfg.CORSOrigins),
		TimeoutSeconds:   seconds(cfg.APITimeout),
		RateLimit:        pulumi.Float64(cfg.APIRateLimit),
		BurstLimit:       pulumi.Int(cfg.APIBurstLimit),
		LogRetentionDays: pulumi.Int(cfg.LogRetentionDays),
		KMSKeyARN:        cfg.KMSKeyARN,
		Tags:             tags,
	}, protect)
	if err != nil {
		return err
	}

	if err := newOrderWatch(ctx, cfg, api, outbox, consumer, auditor, orders, tags, protect); err != nil {
		return err
	}

	ctx.Export("apiUrl", api.URL)
	ctx.Export("auth", pulumi.String(cfg.Auth))
	ctx.Export("streamName", outbox.Stream.Name)
	ctx.Export("streamArn", outbox.Stream.Arn)
	ctx.Export("region", pulumi.String(cfg.Region))
	ctx.Export("stage", pulumi.String(ctx.Stack()))
	ctx.Export("ordersTable", outbox.Table.Name)
	ctx.Export("eventsTable", outbox.Events.Name)
	ctx.Export("fulfilmentsTable", consumer.Table.Name)
	ctx.Export("deadLetterQueueUrl", consumer.DeadLetters.Url)
	ctx.Export("consumerMappingId", consumer.Mapping.Uuid)
	ctx.Export("auditorDeadLetterQueueUrl", auditor.DeadLetters.Url)
	ctx.Export("auditorMappingId", auditor.Mapping.Uuid)
	ctx.Export("functions", pulumi.StringMap{
		"placeorder":  orders.place.Lambda.Name,
		"cancelorder": orders.cancel.Lambda.Name,
		"getorder":    orders.get.Lambda.Name,
		"fulfilment":  consumer.Function.Lambda.Name,
		"auditor":     auditor.Function.Lambda.Name,
	})
	return nil
}

// apiAuth is the mode and what tokens must say.
func apiAuth(cfg *Config) ApiAuth {
	return ApiAuth{
		Mode:     cfg.Auth,
		Issuer:   cfg.JWTIssuer,
		Audience: cfg.JWTAudience,
		Scopes:   cfg.JWTScopes,
	}
}

// shardCount is nil for an on-demand stream: AWS refuses a count there.
func shardCount(cfg *Config) pulumi.IntPtrInput {
	if cfg.StreamMode != Provisioned {
		return nil
	}
	return pulumi.Int(cfg.ShardCount)
}

// hours spells a duration as whole hours, `720h`, where Duration.String would
// append empty minutes and seconds.
func hours(d time.Duration) string {
	return fmt.Sprintf("%dh", d/time.Hour)
}
