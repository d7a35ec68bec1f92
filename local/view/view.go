// Package view shows people what happens on the desk: one line for each step an order takes on its way through
// the outbox, and every warning and error on the way.
package view

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/cloud"
	"transactional-outbox/local/dynamodb"
)

// Options configures [New].
type Options struct {
	// Color switches on ANSI colours.
	Color bool
	// Verbose shows every line of every log as it is.
	Verbose bool
	// Trace shows only what belongs to the trace with this id, whatever its level. Empty means everything.
	Trace string
}

// View writes lines for people. It is safe for concurrent use.
type View struct {
	options Options
	trace   *trace
	mu      sync.Mutex
	out     io.Writer
}

// New returns a view that writes to out.
func New(out io.Writer, options Options) *View {
	return &View{out: out, options: options, trace: newTrace(options.Trace)}
}

// step is a stage of an order's way, with its colour.
type step struct {
	name  string
	color int // ANSI
}

// The steps, in the order in which an order takes them.
var (
	request   = step{"request", 36}
	committed = step{"event committed", 33}
	streamed  = step{"stream record", 35}
	consumed  = step{"consumer", 32}
	warning   = step{"warning", 93}
	failure   = step{"error", 91}
	raw       = step{"log", 90}
)

// Log shows a line of a function's log: what happened to an order, and what went wrong.
func (v *View) Log(line cloud.LogLine) {
	if v.options.Verbose {
		v.print(raw, line.Time, strings.TrimSpace(line.Function+" "+string(line.Text)))
	}
	if line.Function == "" || line.Platform {
		return
	}
	entry, ok := parseEntry(line.Text)
	switch {
	case bytes.HasPrefix(line.Text, []byte(`{"_aws":`)):
		// Metrics, for which there is a page of their own.
	case ok && !v.trace.logged(entry.TraceID):
	case !ok:
		// Not a log entry: a panic, most likely.
		v.print(failure, line.Time, line.Function+": "+string(line.Text))
	case entry.Level == "ERROR":
		v.print(failure, line.Time, line.Function+": "+entry.text())
	case entry.Level == "WARN":
		v.print(warning, line.Time, line.Function+": "+entry.text())
	case entry.OrderID != "" && (entry.Level == "INFO" || v.trace != nil):
		s := request
		if entry.Message == "event applied" {
			s = consumed
		}
		v.print(s, line.Time, entry.OrderID+"  "+entry.Message)
	}
}

// Committed shows an event that a transaction has put into the outbox.
func (v *View) Committed(change dynamodb.Change) {
	event, ok := parseEvent(change.NewImage)
	switch {
	case !ok || !v.trace.saw(event):
	case change.EventName == "INSERT":
		v.print(committed, change.Time, fmt.Sprintf("%s  %s, sequence %s", event.OrderID.S, event.Type.S, event.Sequence.N))
	case change.EventName == "MODIFY":
		v.print(committed, change.Time, fmt.Sprintf("%s  %s, sequence %s, emitted again", event.OrderID.S, event.Type.S, event.Sequence.N))
	}
}

// Streamed shows a record that DynamoDB has written to the stream.
func (v *View) Streamed(record cloud.StreamRecord) {
	var envelope struct {
		EventName string `json:"eventName"`
		DynamoDB  struct {
			NewImage eventItem
		} `json:"dynamodb"`
	}
	if json.Unmarshal(record.Data, &envelope) != nil || envelope.DynamoDB.NewImage.OrderID.S == "" {
		return
	}
	item := envelope.DynamoDB.NewImage
	if !v.trace.saw(item) {
		return
	}
	v.print(streamed, time.Now(), fmt.Sprintf("%s  %s of sequence %s on %s", item.OrderID.S, envelope.EventName, item.Sequence.N, record.ShardID))
}

// Consumed shows a change of the consumer's own state.
func (v *View) Consumed(change dynamodb.Change) {
	var state struct {
		OrderID      text   `json:"orderId"`
		Status       text   `json:"status"`
		LastSequence number `json:"lastSequence"`
		LastEventID  text   `json:"lastEventId"`
		Parked       *struct{}
	}
	if change.NewImage == nil || json.Unmarshal(change.NewImage, &state) != nil || !v.trace.has(state.LastEventID.S) {
		return
	}
	v.print(consumed, change.Time, fmt.Sprintf("%s  fulfilment %s after sequence %s", state.OrderID.S, state.Status.S, state.LastSequence.N))
}

func (v *View) print(s step, at time.Time, text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	name := fmt.Sprintf("%-15s", s.name)
	if v.options.Color {
		name = fmt.Sprintf("\x1b[%dm%s\x1b[0m", s.color, name)
	}
	fmt.Fprintf(v.out, "%s  %s  %s\n", at.Local().Format("15:04:05.000"), name, text)
}
