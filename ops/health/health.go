// Package health finds out whether a stage is well: whether everything between the outbox and its consumer is set up as it must be,
// and whether anything is stuck.
package health

import (
	"context"
	"errors"
	"time"

	"github.com/aws/smithy-go"

	"transactional-outbox/ops/letter"
	"transactional-outbox/ops/position"
	"transactional-outbox/ops/stage"
)

// A State says how a check came out.
type State string

const (
	Healthy State = "ok"
	Unwell  State = "finding" // something is wrong; Fix says what to do
	Unknown State = "unknown" // it could not be checked
	Skipped State = "skipped" // there is nothing to check here
)

// A Finding is the outcome of a check.
type Finding struct {
	Check string `json:"check"`
	State State  `json:"state"`
	Text  string `json:"text"`
	Fix   string `json:"fix,omitzero"` // a command, or what to change
}

// Options of an examination; every field may be left out.
type Options struct {
	Quick   bool                // leave out what reads a whole table
	Grace   time.Duration       // an event may take this long; 1 minute by default
	Samples int                 // shards looked into; 8 by default
	Now     func() time.Time    // time.Now by default
	Random  func(n int64) int64 // at least 0, less than n; the first shards are taken by default
	// CountParked counts the parked orders; without it they are not checked.
	CountParked func(ctx context.Context) (int64, error)
}

// An examination is under way.
type examination struct {
	*stage.Stage
	o        Options
	findings []Finding

	streamRetention time.Duration // 0 if not known
	letterRetention time.Duration // 0 if not known
	eventsStreamARN string
}

// Examine makes every check of a stage and returns what came of them, in a fixed order. It does not fail: what cannot be checked is a
// finding as well.
func Examine(ctx context.Context, s *stage.Stage, o Options) []Finding {
	if o.Grace == 0 {
		o.Grace = time.Minute
	}
	if o.Samples == 0 {
		o.Samples = 8
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = func(int64) int64 { return 0 }
	}
	e := &examination{Stage: s, o: o}
	e.outbox(ctx)
	e.destination(ctx)
	e.stream(ctx)
	e.mapping(ctx, "consumer mapping", s.ConsumerMappingID, e.consumerMapping)
	e.mapping(ctx, "auditor mapping", s.AuditorMappingID, e.auditorMapping)
	e.deadLetters(ctx, "dead letters", s.DeadLetterQueueURL)
	if s.AuditorDeadLetterQueueURL != "" {
		e.deadLetters(ctx, "auditor's dead letters", s.AuditorDeadLetterQueueURL)
	}
	e.retention(ctx)
	e.lag(ctx)
	e.parked(ctx)
	return e.findings
}

func (e *examination) add(check string, state State, text, fix string) {
	e.findings = append(e.findings, Finding{check, state, text, fix})
}

// failed adds a check that could not be made. The desk does not serve every API: what it lacks is no reason to worry there.
func (e *examination) failed(check string, err error) {
	if e.AWSEndpoint != "" && notServed(err) {
		e.add(check, Skipped, "not available on the desk", "")
		return
	}
	e.add(check, Unknown, err.Error(), "check the credentials and their permissions")
}

func notServed(err error) bool {
	const code = "UnknownOperationException"
	if answer, ok := errors.AsType[smithy.APIError](err); ok {
		return answer.ErrorCode() == code
	}
	answer, ok := errors.AsType[*stage.StatusError](err)
	return ok && answer.Unserved()
}

func (e *examination) positions() *position.Positions {
	return &position.Positions{Client: e.DynamoDB, Table: e.FulfilmentsTable, Now: e.o.Now}
}

func (e *examination) queue(url string) *letter.Queue {
	return &letter.Queue{Client: e.SQS, URL: url}
}
