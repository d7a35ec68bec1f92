package projection_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/handlers/metrics"
	"transactional-outbox/handlers/projection"
	"transactional-outbox/handlers/tabletest"
)

// The API and the stream carry no trace: it comes in the event, and goes on in what the consumer logs about it.
func TestTheConsumerContinuesTheTraceAndCounts(t *testing.T) {
	const secret = "s3cr3t"
	tables := tabletest.New(t, nil)
	trace := func(n int) string { return fmt.Sprintf("%032x", n) }
	now := time.Date(2026, 11, 24, 12, 0, 10, 0, time.UTC)
	var out bytes.Buffer
	c := consumer(tables.Client, &projection.Options{
		Log:   slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Count: metrics.New(&out, "fulfilment-1a2b3c4", nil), Now: func() time.Time { return now }, Concurrency: 1,
	})
	events := story("o", 3)
	for i, e := range events {
		e.TraceParent, e.Data = "00-"+trace(i+1)+"-00f067aa0ba902b7-01", `{"description":"`+secret+`"}`
	}
	broken := event("p", 1, "close")
	broken.TraceParent = "00-" + trace(9) + "-00f067aa0ba902b7-01"
	untraced := event("q", 1, "open")
	untraced.TraceParent = secret
	putEvents(t, tables, events...)
	// The second event's record does not come, the first one's comes twice, and one order is parked.
	payload := lambdaEvent(t, record(events[0], nil), record(events[0], nil), record(events[2], nil), record(broken, nil), record(untraced, nil))
	if _, err := c.Invoke(t.Context(), payload); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), secret) {
		t.Errorf("the log has a payload:\n%s", out.String())
	}
	traces, counted := map[string]any{}, map[string]any{}
	for line := range strings.Lines(out.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		switch fields["msg"] {
		case "event applied":
			traces[fields["eventId"].(string)] = fields["traceId"]
		case "order parked":
			traces["parked"] = fields["traceId"]
		case nil:
			delete(fields, "_aws")
			counted = fields
		}
	}
	if diff := cmp.Diff(map[string]any{"o-1": trace(1), "o-2": trace(2), "o-3": trace(3), "q-1": nil, "parked": trace(9)}, traces); diff != "" {
		t.Errorf("traces (-want +got):\n%s", diff)
	}
	want := map[string]any{
		"FunctionName": "fulfilment-1a2b3c4", "EventsApplied": 4.0, "DuplicatesDropped": 1.0, "GapsFilled": 1.0, "OrdersParked": 1.0,
		"CommitToEffect": []any{9000.0, 8000.0, 7000.0, 9000.0},
	}
	if diff := cmp.Diff(want, counted); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}
