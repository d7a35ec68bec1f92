package trial

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"transactional-outbox/local/awsapi"
)

// call performs an operation as the desk's owner.
func call[Out any](ctx context.Context, service awsapi.Service, operation string, request any) (*Out, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", operation, err)
	}
	answer, err := service.Call(ctx, nil, operation, body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", operation, err)
	}
	out := new(Out)
	if len(answer) > 0 {
		if err := json.Unmarshal(answer, out); err != nil {
			return nil, fmt.Errorf("%s: %w", operation, err)
		}
	}
	return out, nil
}

type pageOf[Item any] struct {
	Items            []Item
	Count            int64
	LastEvaluatedKey jsontext.Value
}

// scan reads one segment of a table, page by page.
func scan[Item any](ctx context.Context, tables awsapi.Service, table string, segment int, projection string, names map[string]string, visit func([]Item) error) error {
	request := map[string]any{
		"TableName": table, "Segment": segment, "TotalSegments": segments,
		"ProjectionExpression": projection, "ExpressionAttributeNames": names,
	}
	return pages(ctx, tables, "Scan", request, func(page *pageOf[Item]) error { return visit(page.Items) })
}

// count counts the items of a table.
func count(ctx context.Context, tables awsapi.Service, table string) (total int64, err error) {
	err = pages(ctx, tables, "Scan", map[string]any{"TableName": table, "Select": "COUNT"}, func(page *pageOf[struct{}]) error {
		total += page.Count
		return nil
	})
	return total, err
}

// eventsOf reads the events of an order, in sequence.
func eventsOf(ctx context.Context, tables awsapi.Service, table, order string) (events []eventItem, err error) {
	request := map[string]any{
		"TableName": table, "ConsistentRead": true, "KeyConditionExpression": "orderId = :o",
		"ProjectionExpression":      "orderId, #q, eventId, #t",
		"ExpressionAttributeNames":  map[string]string{"#q": "sequence", "#t": "type"},
		"ExpressionAttributeValues": map[string]any{":o": map[string]string{"S": order}},
	}
	err = pages(ctx, tables, "Query", request, func(page *pageOf[eventItem]) error {
		events = append(events, page.Items...)
		return nil
	})
	return events, err
}

// pages performs an operation until it has no more to say.
func pages[Item any](ctx context.Context, tables awsapi.Service, operation string, request map[string]any, visit func(*pageOf[Item]) error) error {
	for {
		page, err := call[pageOf[Item]](ctx, tables, operation, request)
		if err != nil {
			return err
		}
		if err := visit(page); err != nil || len(page.LastEvaluatedKey) == 0 {
			return err
		}
		request["ExclusiveStartKey"] = page.LastEvaluatedKey
	}
}

// statesOf reads the consumer's states of up to 100 orders.
func statesOf(ctx context.Context, tables awsapi.Service, table string, orders []orderItem) (map[string]*stateItem, error) {
	keys := make([]map[string]any, len(orders))
	for i := range orders {
		keys[i] = map[string]any{"orderId": map[string]string{"S": orders[i].OrderID.S}}
	}
	states := make(map[string]*stateItem, len(orders))
	var request any = map[string]any{table: map[string]any{"Keys": keys, "ConsistentRead": true}}
	for {
		out, err := call[struct {
			Responses       map[string][]stateItem
			UnprocessedKeys map[string]jsontext.Value
		}](ctx, tables, "BatchGetItem", map[string]any{"RequestItems": request})
		if err != nil {
			return nil, err
		}
		for i := range out.Responses[table] {
			states[out.Responses[table][i].OrderID.S] = &out.Responses[table][i]
		}
		if len(out.UnprocessedKeys) == 0 {
			return states, nil
		}
		request = out.UnprocessedKeys
	}
}
