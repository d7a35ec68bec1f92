package badinput_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"testing"

	"transactional-outbox/local/desk"
)

// attribute is a string or a number of an item.
type attribute struct{ S, N string }

// scan reads the attributes of all items of a table.
func scan(t *testing.T, d *desk.Desk, table string) []map[string]attribute {
	t.Helper()
	var items []map[string]attribute
	start := ""
	for {
		answer, err := d.Cloud.Tables().Call(t.Context(), nil, "Scan", fmt.Appendf(nil, `{"TableName":%q,"ProjectionExpression":"orderId, version, #s"%s,
			"ExpressionAttributeNames":{"#s":"sequence"}}`, table, start))
		if err != nil {
			t.Fatal(err)
		}
		var page struct {
			Items            []map[string]attribute
			LastEvaluatedKey json.RawMessage
		}
		if err := json.Unmarshal(answer, &page); err != nil {
			t.Fatal(err)
		}
		items = append(items, page.Items...)
		if len(page.LastEvaluatedKey) == 0 {
			return items
		}
		start = `,"ExclusiveStartKey":` + string(page.LastEvaluatedKey)
	}
}

// compare holds what the tables have against what clients were told: each order they know of with exactly its events, and no other.
func (v *verdict) compare(t *testing.T, d *desk.Desk) {
	t.Helper()
	versions := map[string]int{}
	for _, item := range scan(t, d, d.Output("ordersTable")) {
		n, err := strconv.Atoi(item["version"].N)
		if err != nil {
			t.Fatal(err)
		}
		versions[item["orderId"].S] = n
	}
	events := map[string]map[int]bool{}
	for _, item := range scan(t, d, d.Output("eventsTable")) {
		id := item["orderId"].S
		n, err := strconv.Atoi(item["sequence"].N)
		if err != nil {
			t.Fatal(err)
		}
		if events[id] == nil {
			events[id] = map[int]bool{}
		}
		events[id][n] = true
	}
	partial := 0
	for id, version := range versions {
		if len(events[id]) != version || !events[id][1] || !events[id][version] {
			partial++
			t.Errorf("order %s has version %d and the events %v", id, version, events[id])
		}
		if !v.placed[id] && v.hangups == 0 {
			t.Errorf("order %s was written though nobody was told", id)
		}
	}
	for id := range events {
		if versions[id] == 0 {
			partial++
			t.Errorf("events %v of order %s, which there is not", events[id], id)
		}
	}
	unknown := 0
	for id := range versions {
		if !v.placed[id] {
			unknown++
		}
	}
	if unknown > v.hangups {
		t.Errorf("%d orders nobody was told of, but only %d connections without an answer", unknown, v.hangups)
	}
	for id := range v.placed {
		if versions[id] == 0 {
			t.Errorf("order %s was answered with 201 and is not there", id)
		}
	}
	t.Logf("%d orders with %d events, partial writes: %d", len(versions), len(scan(t, d, d.Output("eventsTable"))), partial)
}
