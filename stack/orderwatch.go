package stack

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newOrderWatch declares the alarms and the dashboard of the order service
// and exports where to look; nothing if the stage is not watched.
func newOrderWatch(
	ctx *pulumi.Context, cfg *Config, api *Api, outbox *Outbox, consumer *Consumer, auditor *Auditor,
	orders *orderFunctions, tags pulumi.StringMap, opts ...pulumi.ResourceOption,
) error {
	if !cfg.Alarms {
		return nil
	}
	request, apply := int(cfg.APITimeout/time.Second), int(cfg.ConsumerTimeout/time.Second)
	watch, err := NewObservability(ctx, "watch", &ObservabilityArgs{
		Api:      api,
		Outbox:   outbox,
		Consumer: consumer,
		Auditor:  auditor,
		Functions: []WatchedFunction{
			{"placeorder", orders.place, request},
			{"cancelorder", orders.cancel, request},
			{"getorder", orders.get, request},
			{"fulfilment", consumer.Function, apply},
			{"auditor", auditor.Function, auditorTimeoutSeconds},
		},
		StreamRetentionHours:       pulumi.Int(int(cfg.StreamRetention / time.Hour)),
		DeadLetterRetentionSeconds: seconds(cfg.DeadLetterRetention),
		ConsumerConcurrency:        cfg.ConsumerReservedConcurrency,
		Topic:                      cfg.AlarmTopic,
		Region:                     pulumi.String(cfg.Region),
		Tags:                       tags,
	}, opts...)
	if err != nil {
		return err
	}
	ctx.Export("dashboardUrl", watch.DashboardURL)
	if cfg.AlarmTopic != "" {
		ctx.Export("alarmTopicArn", watch.TopicARN)
	}
	return nil
}
