package health

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"transactional-outbox/ops/stage"
)

// mapping checks an event source mapping. Everything that is wrong with it becomes one finding.
func (e *examination) mapping(ctx context.Context, check, id string, problems func(*stage.Mapping) []string) {
	if id == "" {
		e.add(check, Skipped, "the stage has no such output", "")
		return
	}
	m, err := e.Mapping(ctx, id, e.o.Now())
	if err != nil {
		e.failed(check, err)
		return
	}
	wrong := append(common(m), problems(m)...)
	if len(wrong) > 0 {
		e.add(check, Unwell, strings.Join(wrong, "; "), redeploy)
		return
	}
	e.add(check, Healthy, fmt.Sprintf("is %s: %s", m.State, m.LastProcessingResult), "")
}

// common is what both mappings must have.
func common(m *stage.Mapping) (wrong []string) {
	complain := func(bad bool, format string, args ...any) {
		if bad {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	complain(m.State != "Enabled", "it is %s", m.State)
	complain(m.StartingPosition != "TRIM_HORIZON", "it started at %s, and may have passed over records", m.StartingPosition)
	complain(!slices.Contains(m.FunctionResponseTypes, "ReportBatchItemFailures"), "it does not heed partial failures (ReportBatchItemFailures)")
	complain(!m.BisectBatchOnFunctionError, "it does not bisect batches, so one bad record takes its whole batch along")
	complain(m.MaximumRetryAttempts == nil || *m.MaximumRetryAttempts < 0, "it retries without end, so one bad record stops its shard")
	complain(m.DestinationConfig.OnFailure.Destination == "", "what exhausts its retries goes nowhere")
	return wrong
}

// consumerMapping is what the consumer's must have: every write of an event, and nothing else.
func (e *examination) consumerMapping(m *stage.Mapping) (wrong []string) {
	if e.StreamARN != "" && m.EventSourceArn != e.StreamARN {
		wrong = append(wrong, "it reads "+m.EventSourceArn)
	}
	for _, name := range []string{"INSERT", "MODIFY"} {
		if !passes(m, func(p *pattern) bool {
			return p.Data != nil && (p.Data.EventName == nil || slices.Contains(p.Data.EventName, name))
		}) {
			wrong = append(wrong, "its filter drops "+name)
		}
	}
	if len(m.FilterCriteria.Filters) == 0 {
		wrong = append(wrong, "it has no filter, so the consumer is invoked for every event that expires")
	}
	return wrong
}

// auditorMapping is what the auditor's must have: every expiry.
func (e *examination) auditorMapping(m *stage.Mapping) (wrong []string) {
	if e.eventsStreamARN != "" && m.EventSourceArn != e.eventsStreamARN {
		wrong = append(wrong, "it reads "+m.EventSourceArn)
	}
	if !passes(m, func(p *pattern) bool {
		return p.EventName == nil || slices.Contains(p.EventName, "REMOVE")
	}) {
		wrong = append(wrong, "its filter drops removals")
	}
	return wrong
}

// A pattern is what of an event filter is looked at.
type pattern struct {
	EventName []string `json:"eventName"`
	Data      *struct {
		EventName []string `json:"eventName"`
	} `json:"data"`
}

// passes says whether one of the mapping's filters lets something pass; without filters everything does. A filter that uses more than
// lists of values is taken to let it pass: only Lambda knows.
func passes(m *stage.Mapping, lets func(*pattern) bool) bool {
	filters := m.FilterCriteria.Filters
	return len(filters) == 0 || slices.ContainsFunc(filters, func(f struct{ Pattern string }) bool {
		p := new(pattern)
		return json.Unmarshal([]byte(f.Pattern), p) != nil || lets(p)
	})
}
