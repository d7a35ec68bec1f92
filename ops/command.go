package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"transactional-outbox/handlers/outbox"
	"transactional-outbox/ops/letter"
	"transactional-outbox/ops/pace"
	"transactional-outbox/ops/position"
	"transactional-outbox/ops/progress"
	"transactional-outbox/ops/stage"
)

// A command is one thing an operator can do.
type command struct {
	name    string
	summary string
	about   string // what -h says between the usage line and the flags
	writes  bool   // it changes something, so it has -dry-run and -rate
	// flags declares the command's own flags and returns what runs it once they are read.
	flags func(set *flag.FlagSet) func(ctx context.Context, s *session) error
}

// access is how to reach a stage, for the help of every command.
const access = `A deployed stage is found by -stage, which asks the Pulumi CLI, the desk by -outputs. Credentials come from AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; with a profile or single sign-on run
  eval "$(aws configure export-credentials --format env)"
first. The desk needs none. Exit code: 0 nothing is left to do, 1 something is left and was named, 2 it could not be done.`

// errLeft says that the command did what it could and something is left, which it has named.
var errLeft = errors.New("something is left to do")

// usageError is a mistake on the command line.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error {
	return &usageError{"ops: " + fmt.Sprintf(format, args...)}
}

// defaultRate is how many events a second are sent again: slow enough not to stand in the way of new ones.
const defaultRate = 200

// A session is a command at work on a stage.
type session struct {
	*stage.Stage
	*printer
	errs      io.Writer
	now       func() time.Time
	dryRun    bool
	emit      *emitter
	positions *position.Positions
	events    *outbox.Table
}

// run reads a command's flags, connects, and runs it.
func (p *program) run(ctx context.Context, c *command, args []string) error {
	set := flag.NewFlagSet(c.name, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	name := set.String("stage", "", "`name` of a deployed stage, as the Pulumi CLI knows it")
	file := set.String("outputs", "", "`file` with the stage's outputs, as go run ./local -outputs writes it")
	asJSON := set.Bool("json", false, "print JSON for machines: "+jsonNote(c))
	quiet := set.Bool("quiet", false, "show no progress")
	rate, dryRun := new(float64), new(bool)
	if c.writes {
		rate = set.Float64("rate", defaultRate, "send at most this `number` of events again each second; 0 means no limit")
		dryRun = set.Bool("dry-run", false, "say what would be done, and change nothing")
	}
	work := c.flags(set)
	err := set.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(p.out, c.help(set))
		return err
	case err != nil:
		return usagef("%s: %v; go run ./ops %s -h shows every flag", c.name, err, c.name)
	case set.NArg() > 0:
		return usagef("%s: unexpected argument %q; go run ./ops %s -h shows every flag", c.name, set.Arg(0), c.name)
	case (*name == "") == (*file == ""):
		return usagef("%s: exactly one of -stage and -outputs says which stage is meant", c.name)
	case *rate < 0 || math.IsNaN(*rate):
		return usagef("%s: -rate must not be negative", c.name)
	}
	outputs, err := p.outputs(ctx, *name, *file)
	if err != nil {
		return err
	}
	connected, err := stage.Connect(outputs, p.getenv)
	if err != nil {
		return err
	}
	defer connected.Close()
	s := &session{
		Stage: connected, printer: &printer{out: p.out, json: *asJSON}, errs: p.errs, now: p.now, dryRun: *dryRun,
		positions: &position.Positions{Client: connected.DynamoDB, Table: outputs.FulfilmentsTable, Now: p.now},
		events:    &outbox.Table{DynamoDB: connected.DynamoDB, Name: outputs.EventsTable},
	}
	s.emit = &emitter{events: s.events, pace: pace.New(*rate), now: p.now, dryRun: *dryRun}
	if *quiet {
		s.errs = nil
	}
	err = work(ctx, s)
	return errors.Join(err, s.printer.err())
}

func (p *program) outputs(ctx context.Context, name, file string) (*stage.Outputs, error) {
	if file != "" {
		return stage.Read(file)
	}
	return stage.FromPulumi(ctx, name)
}

func (c *command) help(set *flag.FlagSet) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage: go run ./ops %s (-stage NAME | -outputs FILE) [flags]\n\n%s\n\n%s\n\nFlags:\n\n", c.name, c.about, access)
	set.SetOutput(&b)
	set.PrintDefaults()
	return b.String()
}

func jsonNote(c *command) string {
	if c.name == "trace" || c.name == "doctor" {
		return "one document"
	}
	return "one object a line, the last of kind summary"
}

// watch shows a line of progress until the returned function is called.
func (s *session) watch(text func() string) (end func()) {
	return progress.Start(s.errs, text).End
}

// deadLetters is the consumer's queue, auditLetters the auditor's, nil if the stage has none.
func (s *session) deadLetters() *letter.Queue {
	return &letter.Queue{Client: s.SQS, URL: s.DeadLetterQueueURL}
}

func (s *session) auditLetters() *letter.Queue {
	if s.AuditorDeadLetterQueueURL == "" {
		return nil
	}
	return &letter.Queue{Client: s.SQS, URL: s.AuditorDeadLetterQueueURL}
}
