package stack_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"transactional-outbox/stack"
)

// A second consumer is watched as the first one is, and takes no line more
// for that than it takes to declare it.
func TestASecondConsumerIsWatchedToo(t *testing.T) {
	r := &recorder{}
	err := program(r, "prod", configuration(t, "prod", nil), func(ctx *pulumi.Context) error {
		cfg, err := stack.ReadConfig(ctx)
		if err != nil {
			return err
		}
		code := pulumi.NewFileArchive("code.zip")
		outbox, err := stack.NewOutbox(ctx, "outbox", &stack.OutboxArgs{
			Table: "orders", Key: "orderId", StreamMode: pulumi.String(cfg.StreamMode), StreamRetentionHours: pulumi.Int(168),
		})
		if err != nil {
			return err
		}
		first, err := stack.NewConsumer(ctx, "fulfilment", cfg.Consumer("fulfilments", "orderId", outbox, code, "", nil))
		if err != nil {
			return err
		}
		if _, err := stack.NewConsumer(ctx, "billing", cfg.Consumer("invoices", "orderId", outbox, code, "", nil)); err != nil {
			return err
		}
		auditor, err := stack.NewAuditor(ctx, "auditor", &stack.AuditorArgs{
			Events: outbox.Events, Table: "fulfilments", Positions: first.Table, Retention: pulumi.String("720h"),
			Function: cfg.Function(code, "", nil), DeadLetterRetentionSeconds: pulumi.Int(60),
		})
		if err != nil {
			return err
		}
		api, err := stack.NewApi(ctx, "api", apiArgs(stack.ApiRoute{Name: "r", Key: "GET /", Function: first.Function}))
		if err != nil {
			return err
		}
		_, err = stack.NewObservability(ctx, "watch", &stack.ObservabilityArgs{
			Api: api, Outbox: outbox, Consumer: first, Auditor: auditor,
			Functions:            []stack.WatchedFunction{{Name: "fulfilment", Function: first.Function, TimeoutSeconds: 60}},
			StreamRetentionHours: pulumi.Int(168), DeadLetterRetentionSeconds: pulumi.Int(60), ConsumerConcurrency: -1,
			Region: pulumi.String("eu-west-1"),
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// What the first consumer's alarms are called, and what the second one's are.
	twins := map[string]string{
		"consumer-behind": "billing-behind", "consumer-failing": "billing-failing", "consumer-dropped": "billing-dropped",
		"consumer-gave-up": "billing-gave-up", "consumer-dead-letters": "billing-dead-letters",
		"consumer-dead-letters-old": "billing-dead-letters-old", "fulfilment-errors": "billing-errors",
		"fulfilment-throttled": "billing-throttled", "fulfilment-slow": "billing-slow",
		"orders-parked": "billing-parked", "fulfilments-throttled": "billing-table-throttled",
	}
	alarm := func(name string) string {
		in := r.find(t, alarmType, "watch-"+name).inputs.Mappable()
		if name == "billing-dead-letters-old" && in["threshold"] != 14*24*60*60/2.0 {
			t.Errorf("%s: threshold %v", name, in["threshold"])
		}
		for _, text := range []string{"alarmDescription", "threshold", "tags"} {
			if strings.HasSuffix(name, "-old") || text != "threshold" {
				delete(in, text)
			}
		}
		text, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		return strings.NewReplacer("fulfilment-fulfilments", "billing-invoices", "fulfilment", "billing").Replace(string(text))
	}
	for first, second := range twins {
		if diff := cmp.Diff(alarm(first), alarm(second)); diff != "" {
			t.Errorf("%s and %s (-first +second):\n%s", first, second, diff)
		}
	}
	for _, res := range r.sorted() {
		if res.kind == alarmType && strings.HasPrefix(res.name, "watch-billing") && !slices.Contains(slices.Collect(maps.Values(twins)), strings.TrimPrefix(res.name, "watch-")) {
			t.Errorf("%s is watched by an alarm that the first consumer has not: %s", "billing", res.name)
		}
	}
}
