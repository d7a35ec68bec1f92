package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/cloud"
	"transactional-outbox/local/desk"
	"transactional-outbox/local/faults"
	"transactional-outbox/local/trial"
)

// tally keeps what the functions say in their logs that matters for a trial.
type tally struct {
	duplicates atomic.Int64           // that the consumer has dropped
	failure    atomic.Pointer[string] // the first error that a function has logged
}

func (t *tally) count(line cloud.LogLine) {
	switch {
	case line.Platform:
	case bytes.Contains(line.Text, []byte("batch done")):
		var entry struct {
			Duplicates int64 `json:"duplicates"`
		}
		if json.Unmarshal(line.Text, &entry) == nil {
			t.duplicates.Add(entry.Duplicates)
		}
	case t.failure.Load() == nil && bytes.Contains(line.Text, []byte(`"ERROR"`)):
		text := line.Function + ": " + string(line.Text)
		t.failure.CompareAndSwap(nil, &text)
	}
}

// cause is the first error that a function has logged, or "".
func (t *tally) cause() string {
	if text := t.failure.Load(); text != nil {
		return "\n" + *text
	}
	return ""
}

// tryOut holds the trial that -orders asks for, and fails if it proves anything wrong.
func tryOut(ctx context.Context, d *desk.Desk, f flags, tally *tally, stdout io.Writer) error {
	fmt.Fprintf(stdout, "Placing %d orders with %d clients, seed %d.\n", f.orders, f.clients, f.seed)
	options := trial.Options{
		Orders: f.orders, Clients: f.clients, Seed: f.seed,
		APIURL: strings.TrimSuffix(d.Output("apiUrl"), "/"),
		Tables: d.Cloud.Tables(), Queues: d.Cloud.Queues(), DeadLetters: deadLetterQueues(d),
		OrdersTable: d.Output("ordersTable"), EventsTable: d.Output("eventsTable"), FulfilmentsTable: d.Output("fulfilmentsTable"),
		Feed: d.Cloud.Feed, Busy: d.Cloud.Busy, Duplicates: tally.duplicates.Load,
		Progress: stdout, Terminal: isTerminal(stdout),
	}
	if f.mix != nil && *f.mix != (faults.Mix{}) {
		options.Hostile = true
		options.Excuses = func() int64 {
			counts := d.Cloud.Faults()
			return counts.Lost + counts.Expired
		}
	}
	report, err := trial.Run(ctx, options)
	if err != nil {
		return err
	}
	printReport(stdout, report)
	if options.Hostile {
		printFaults(stdout, report, d.Cloud.Faults())
	}
	if !report.Proven() {
		for _, breach := range report.Breaches {
			fmt.Fprintln(stdout, breach)
		}
		if report.Failure != "" {
			return errors.New("the trial failed; one of the failed requests: " + report.Failure + tally.cause())
		}
		return errors.New("the trial failed: see the table" + tally.cause())
	}
	return nil
}

// deadLetterQueues are the URLs of all dead-letter queues among the outputs.
func deadLetterQueues(d *desk.Desk) []string {
	var urls []string
	for _, name := range slices.Sorted(maps.Keys(d.Outputs)) {
		if strings.HasSuffix(strings.ToLower(name), "deadletterqueueurl") {
			urls = append(urls, d.Output(name))
		}
	}
	return urls
}

func printReport(out io.Writer, r *trial.Report) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name string, value any) { fmt.Fprintf(table, "%s\t%v\n", name, value) }
	row("requests", r.Requests)
	row("orders placed", r.Placed)
	row("orders cancelled", r.Cancelled)
	row("requests replayed", r.Replayed)
	row("requests failed", r.Failed)
	row("events committed", r.Committed)
	row("delivered", r.Delivered)
	row("duplicates dropped", r.DuplicatesDropped)
	row("lost", r.Lost)
	row("doubled", r.Doubled)
	row("out of order", r.OutOfOrder)
	row("rules broken", len(r.Breaches))
	row("commit to effect, p50", r.P50.Round(100*time.Microsecond))
	row("commit to effect, p99", r.P99.Round(100*time.Microsecond))
	row("orders/s", fmt.Sprintf("%.0f", float64(r.Placed)/r.Total.Seconds()))
	row("events/s, first and second half", fmt.Sprintf("%.0f, %.0f", r.FirstHalf, r.SecondHalf))
	row("all tables checked in", r.Proving.Round(100*time.Microsecond))
	row("memory of the desk", peakMemory())
	table.Flush()
}

// printFaults says what has gone wrong, and what became of it.
func printFaults(out io.Writer, r *trial.Report, c faults.Counts) {
	fmt.Fprintln(out)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name string, value any) { fmt.Fprintf(table, "%s\t%v\n", name, value) }
	row("orders/s while clients were at work", fmt.Sprintf("%.0f", float64(r.Placed)/r.Placing.Seconds()))
	row("records duplicated, reordered, lost", fmt.Sprintf("%d, %d, %d", c.Duplicated, c.Reordered, c.Lost))
	row("processes killed before, during, after", fmt.Sprintf("%d, %d, %d", c.CrashedBefore, c.CrashedDuring, c.CrashedAfter))
	row("calls throttled, in conflict, failed, unanswered", fmt.Sprintf("%d, %d, %d, %d", c.Throttled, c.Conflicts, c.Failed, c.Unanswered))
	row("events expired early, put back", fmt.Sprintf("%d, %d", r.Expired, r.Restored))
	row("shards split", c.Splits)
	row("requests sent again", r.Retried)
	row("clients that never came back", r.Gone)
	row("orders no client was told of", r.Untold)
	row("orders parked, released", fmt.Sprintf("%d, %d", r.Parked, r.Released))
	row("repairs, orders sent again", fmt.Sprintf("%d, %d", r.Rounds, r.Repaired))
	row("dead letters redriven", r.Letters)
	table.Flush()
}
