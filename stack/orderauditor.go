package stack

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// auditorMemoryMB and auditorTimeout suit a function that reads and writes
// little and that nobody waits for.
const (
	auditorMemoryMB       = 256
	auditorTimeoutSeconds = 60
)

// newOrderAuditor declares what guards the events of orders until the
// fulfilment has them.
func newOrderAuditor(
	ctx *pulumi.Context, cfg *Config, code map[string]pulumi.Archive,
	outbox *Outbox, consumer *Consumer, tags pulumi.StringMap, opts ...pulumi.ResourceOption,
) (*Auditor, error) {
	return NewAuditor(ctx, "auditor", &AuditorArgs{
		Events:    outbox.Events,
		Table:     "fulfilments",
		Positions: consumer.Table,
		Retention: pulumi.String(hours(cfg.EventRetention)),
		Function: &FunctionArgs{
			Description:      pulumi.String("Puts events back into the outbox that expired before their delivery"),
			Code:             code["auditor"],
			Architecture:     pulumi.String(cfg.Architecture),
			MemoryMB:         pulumi.Int(auditorMemoryMB),
			TimeoutSeconds:   pulumi.Int(auditorTimeoutSeconds),
			LogLevel:         pulumi.String(cfg.LogLevel),
			LogRetentionDays: pulumi.Int(cfg.LogRetentionDays),
			Tracing:          cfg.Tracing,
		},
		DeadLetterRetentionSeconds: seconds(cfg.DeadLetterRetention),
		KMSKeyARN:                  cfg.KMSKeyARN,
		Tags:                       tags,
	}, opts...)
}
