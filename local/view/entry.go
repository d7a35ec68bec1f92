package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// entry is a structured log entry of a function.
type entry struct {
	Time      string                    `json:"time"`
	Timestamp string                    `json:"timestamp"`
	Level     string                    `json:"level"`
	Msg       string                    `json:"msg"`
	Message   string                    `json:"message"`
	OrderID   string                    `json:"orderId"`
	RequestID string                    `json:"requestId"`
	TraceID   string                    `json:"traceId"`
	Rest      map[string]jsontext.Value `json:",embed"`
}

// parseEntry reads a line; it reports false for what is not a JSON log entry.
func parseEntry(line []byte) (entry, bool) {
	var e entry
	if len(line) == 0 || line[0] != '{' || json.Unmarshal(line, &e) != nil {
		return e, false
	}
	if e.Message == "" {
		e.Message = e.Msg
	}
	return e, e.Message != ""
}

// text is the message with everything the entry says about it.
func (e entry) text() string {
	details := []string{e.Message}
	if e.OrderID != "" {
		details = append(details, "orderId="+e.OrderID)
	}
	var rest []string
	for key, value := range e.Rest {
		rest = append(rest, fmt.Sprintf("%s=%s", key, value))
	}
	slices.Sort(rest)
	return strings.Join(append(details, rest...), " ")
}

// text and number are attribute values in DynamoDB's JSON.
type text struct{ S string }
type number struct{ N string }

// eventItem is what the view reads of an item of the outbox.
type eventItem struct {
	OrderID  text   `json:"orderId"`
	Sequence number `json:"sequence"`
	Type     text   `json:"type"`

	EventID     text `json:"eventId"`
	TraceParent text `json:"traceparent"`
}

func parseEvent(image []byte) (eventItem, bool) {
	var item eventItem
	return item, image != nil && json.Unmarshal(image, &item) == nil && item.OrderID.S != ""
}
