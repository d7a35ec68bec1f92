package stack

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// orderFunctions are the functions behind the API.
type orderFunctions struct {
	place, cancel, get *Function
}

// newOrderFunctions declares the functions that write and read orders, each
// with the permissions its handler uses and no other.
func newOrderFunctions(
	ctx *pulumi.Context, cfg *Config, code map[string]pulumi.Archive,
	outbox *Outbox, consumer *Consumer, tags pulumi.StringMap, opts ...pulumi.ResourceOption,
) (*orderFunctions, error) {
	args := func(handler, description string, environment pulumi.StringMap, statements ...Statement) *FunctionArgs {
		function := cfg.Function(code[handler], description, tags)
		function.Environment, function.Statements = environment, statements
		return function
	}
	writer := pulumi.StringMap{
		"ORDERS_TABLE":    outbox.Table.Name,
		"EVENTS_TABLE":    outbox.Events.Name,
		"EVENT_SOURCE":    pulumi.String(fmt.Sprintf("/%s/%s/orders", ctx.Project(), ctx.Stack())),
		"EVENT_RETENTION": pulumi.String(hours(cfg.EventRetention)),
	}

	// A transaction is authorised by the actions of its items: there is no
	// permission for TransactWriteItems itself, and a condition on an item
	// that is written needs none of its own.
	place, err := NewFunction(ctx, "placeorder", args("placeorder",
		"Places an order: the order and its event in one transaction",
		writer,
		Statement{
			Sid:       "PutOrderAndEvent",
			Actions:   []string{"dynamodb:PutItem"},
			Resources: pulumi.StringArray{outbox.Table.Arn, outbox.Events.Arn},
		}), opts...)
	if err != nil {
		return nil, err
	}

	// What moving an order from one version to the next takes.
	move := []Statement{
		{
			Sid:       "ReadAndUpdateOrder",
			Actions:   []string{"dynamodb:GetItem", "dynamodb:UpdateItem"},
			Resources: pulumi.StringArray{outbox.Table.Arn},
		},
		{
			Sid:       "PutEvent",
			Actions:   []string{"dynamodb:PutItem"},
			Resources: pulumi.StringArray{outbox.Events.Arn},
		},
	}
	cancel, err := NewFunction(ctx, "cancelorder", args("cancelorder",
		"Cancels an order: its new state and the event in one transaction", writer, move...), opts...)
	if err != nil {
		return nil, err
	}

	get, err := NewFunction(ctx, "getorder", args("getorder",
		"Reads an order and its fulfilment",
		pulumi.StringMap{
			"ORDERS_TABLE":      outbox.Table.Name,
			"FULFILMENTS_TABLE": consumer.Table.Name,
		},
		Statement{
			Sid:       "ReadOrderAndFulfilment",
			Actions:   []string{"dynamodb:GetItem"},
			Resources: pulumi.StringArray{outbox.Table.Arn, consumer.Table.Arn},
		}), opts...)
	if err != nil {
		return nil, err
	}
	return &orderFunctions{place: place, cancel: cancel, get: get}, nil
}
