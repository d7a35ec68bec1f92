package stack_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"transactional-outbox/stack"
)

func TestComponentsNameTheFieldsTheyMiss(t *testing.T) {
	for name, c := range map[string]struct {
		declare func(*pulumi.Context) error
		want    string
	}{
		"function without arguments": {
			func(ctx *pulumi.Context) error { _, err := stack.NewFunction(ctx, "f", nil); return err },
			`Function "f": required and not given: [Code], [Architecture], [MemoryMB], [TimeoutSeconds], [LogLevel], ` +
				`[LogRetentionDays]`,
		},
		"function without code": {
			func(ctx *pulumi.Context) error {
				_, err := stack.NewFunction(ctx, "f", &stack.FunctionArgs{
					Architecture: pulumi.String("arm64"), MemoryMB: pulumi.Int(512), TimeoutSeconds: pulumi.Int(1),
					LogLevel: pulumi.String("INFO"), LogRetentionDays: pulumi.Int(1),
				})
				return err
			},
			`Function "f": required and not given: [Code]`,
		},
		"outbox": {
			func(ctx *pulumi.Context) error { _, err := stack.NewOutbox(ctx, "o", nil); return err },
			`Outbox "o": required and not given: [Table], [Key], [StreamMode], [StreamRetentionHours]`,
		},
		"consumer": {
			func(ctx *pulumi.Context) error { _, err := stack.NewConsumer(ctx, "c", nil); return err },
			`Consumer "c": required and not given: [Table], [Key], [Function], [Stream], [Events], [BatchSize], ` +
				`[BatchWindowSeconds], [Parallelization], [MaxRetries], [MaxRecordAgeSeconds], [DeadLetterRetentionSeconds]`,
		},
		"auditor": {
			func(ctx *pulumi.Context) error { _, err := stack.NewAuditor(ctx, "a", nil); return err },
			`Auditor "a": required and not given: [Events], [Table], [Positions], [Retention], [Function], ` +
				`[DeadLetterRetentionSeconds]`,
		},
		"api": {
			func(ctx *pulumi.Context) error { _, err := stack.NewApi(ctx, "a", nil); return err },
			`Api "a": required and not given: [Routes], [TimeoutSeconds], [RateLimit], [BurstLimit], [LogRetentionDays]`,
		},
		"route": {
			func(ctx *pulumi.Context) error {
				_, err := stack.NewApi(ctx, "a", apiArgs(stack.ApiRoute{Name: "r"}))
				return err
			},
			`Api "a": required and not given: [Routes[0].Key], [Routes[0].Function]`,
		},
		"route without a method": {
			func(ctx *pulumi.Context) error {
				_, err := stack.NewApi(ctx, "a",
					apiArgs(stack.ApiRoute{Name: "r", Key: "/orders", Function: &stack.Function{}}))
				return err
			},
			`Api "a": [Routes[0].Key] is "/orders", not a method and a path`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{}
			var got error
			if err := program(r, "test", nil, func(ctx *pulumi.Context) error {
				got = c.declare(ctx)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if got == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(c.want, got.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if len(r.resources) > 0 {
				t.Errorf("%d resources were declared first", len(r.resources))
			}
		})
	}
}

func apiArgs(routes ...stack.ApiRoute) *stack.ApiArgs {
	return &stack.ApiArgs{
		Routes: routes, TimeoutSeconds: pulumi.Int(1), RateLimit: pulumi.Float64(1), BurstLimit: pulumi.Int(1),
		LogRetentionDays: pulumi.Int(1),
	}
}

// A second outbox with a consumer of its own, for another kind of thing, in
// the same program: what the components leave to their user is enough.
func TestComponentsServeASecondDomain(t *testing.T) {
	r := &recorder{}
	err := program(r, "test", nil, func(ctx *pulumi.Context) error {
		for _, domain := range []struct{ outbox, table, consumer, own string }{
			{"orders", "orders", "fulfilment", "fulfilments"},
			{"payments", "payments", "ledger", "entries"},
		} {
			outbox, err := stack.NewOutbox(ctx, domain.outbox, &stack.OutboxArgs{
				Table: domain.table, Key: "id",
				StreamMode: pulumi.String("ON_DEMAND"), StreamRetentionHours: pulumi.Int(24),
			})
			if err != nil {
				return err
			}
			if _, err := stack.NewConsumer(ctx, domain.consumer, &stack.ConsumerArgs{
				Table: domain.own, Key: "id", Stream: outbox.Stream, Events: outbox.Events,
				Function: &stack.FunctionArgs{
					Code: pulumi.NewFileArchive("code.zip"), Architecture: pulumi.String("arm64"),
					MemoryMB: pulumi.Int(2048), TimeoutSeconds: pulumi.Int(1),
					LogLevel: pulumi.String("INFO"), LogRetentionDays: pulumi.Int(1),
					Environment: pulumi.StringMap{"LIMIT": pulumi.String("3")},
				},
				BatchSize: pulumi.Int(1), BatchWindowSeconds: pulumi.Int(0), Parallelization: pulumi.Int(1),
				MaxRetries: pulumi.Int(1), MaxRecordAgeSeconds: pulumi.Int(-1), DeadLetterRetentionSeconds: pulumi.Int(60),
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, res := range r.sorted() {
		if seen[res.chain()] {
			t.Errorf("two resources are %s", res.chain())
		}
		seen[res.chain()] = true
	}
	got := r.find(t, "aws:lambda/function:Function", "ledger-handler-function").
		inputs["environment"].ObjectValue()["variables"].ObjectValue().Mappable()
	want := map[string]any{
		"LIMIT": "3", "EVENTS_TABLE": "${payments-events.name}", "ENTRIES_TABLE": "${ledger-entries.name}",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("environment of the second consumer (-want +got):\n%s", diff)
	}
}
