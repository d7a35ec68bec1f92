package conformance

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Suite compares an engine with recorded answers and, if there is one, with the witness, script by script.
type Suite struct {
	// Scripts is a file pattern.
	Scripts string
	// Start starts the engine anew and returns its endpoint.
	Start func(t *testing.T) *Endpoint
	// Witness returns the witness as it is without data, for one script. It is called only if there is one.
	Witness func(script string) *Endpoint
	// Present says whether there is a witness.
	Present bool
	// Record writes the witness's answers into the scripts in place of comparing with them.
	Record bool
	// Differences are the rows that scripts refer to. Each must be referred to.
	Differences []*Difference
}

// Run runs every script as two subtests: its requests as they are, and through the AWS SDK.
func (s *Suite) Run(t *testing.T) {
	paths, err := filepath.Glob(s.Scripts)
	if err == nil && len(paths) == 0 {
		err = fs.ErrNotExist
	}
	if err != nil {
		t.Fatal(s.Scripts, err)
	}
	rows, proven := map[string]*Difference{}, map[string]bool{}
	typed, plain := 0, 0
	for _, row := range s.Differences {
		if rows[row.ID] != nil {
			t.Errorf("difference %s is listed twice", row.ID)
		}
		rows[row.ID] = row
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			script, err := Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if s.Present {
				s.witness(t, script, s.Witness(path), s.Record)
			}
			s.compare(t, path, s.Start(t), rows, proven)
		})
		t.Run(filepath.Base(path)+" through the SDK", func(t *testing.T) {
			script, err := Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if s.Present {
				s.witness(t, script, NewSDK(s.Witness(path)), false)
			}
			ours := NewSDK(s.Start(t))
			s.compare(t, path, ours, rows, proven)
			typed, plain = typed+ours.Typed, plain+ours.Plain
		})
	}
	t.Logf("the SDK has sent %d requests; %d are none that it sends", typed, plain)
	if typed <= plain {
		t.Errorf("the SDK has sent %d requests of %d only", typed, typed+plain)
	}
	for id := range rows {
		if !proven[id] {
			t.Errorf("difference %s is listed, but no script proves it", id)
		}
	}
}

// witness compares the recorded answers with the witness's, or records them.
func (s *Suite) witness(t *testing.T, script *Script, witness Caller, record bool) {
	answers, err := script.Play(t.Context(), witness)
	if err != nil {
		t.Fatal(err)
	}
	if record {
		s.record(t, script, answers)
		return
	}
	for i, step := range script.Steps {
		if answers[i] != step.Recorded {
			t.Errorf("%s:%d: the witness now answers %s otherwise:\nrecorded %s\n     now %s", script.Path, step.Line, step.Operation, step.Recorded, answers[i])
		}
	}
}

// record writes the witness's answers into the script, and which rows of the table they are covered by.
func (s *Suite) record(t *testing.T, script *Script, theirs []string) {
	ours, err := script.Play(t.Context(), s.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	for i := range script.Steps {
		step := &script.Steps[i]
		step.Recorded, step.Difference = theirs[i], ""
		if ours[i] == theirs[i] {
			continue
		}
		if row := find(s.Differences, step.Operation, ours[i], theirs[i]); row != nil {
			step.Difference = row.ID
		}
	}
	if err := script.Record(); err != nil {
		t.Fatal(err)
	}
}

// compare compares the engine's answers with those recorded.
func (s *Suite) compare(t *testing.T, path string, engine Caller, rows map[string]*Difference, proven map[string]bool) {
	script, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	answers, err := script.Play(t.Context(), engine)
	if err != nil {
		t.Fatal(err)
	}
	for i, step := range script.Steps {
		ours, theirs := answers[i], step.Recorded
		row := rows[step.Difference]
		switch {
		case step.Difference == "" && ours != theirs:
			t.Errorf("%s:%d: %s %.300s\n  ours %s\ntheirs %s", script.Path, step.Line, step.Operation, step.Request, ours, theirs)
		case step.Difference == "":
		case row == nil:
			t.Errorf("%s:%d: difference %s is not listed", script.Path, step.Line, step.Difference)
		case ours == theirs:
			t.Errorf("%s:%d: difference %s is none any more: both answer %s", script.Path, step.Line, row.ID, ours)
		case !row.Matches(step.Operation, ours, theirs):
			t.Errorf("%s:%d: difference %s is not as listed:\n  ours %s\ntheirs %s", script.Path, step.Line, row.ID, ours, theirs)
		default:
			proven[row.ID] = true
		}
	}
}

// Reach returns the URL of the witness that an environment variable names, and whether it is set. One that is set but does not answer is
// an error: to pass without it would be to say what was not looked at.
func Reach(ctx context.Context, variable string) (url string, present bool, err error) {
	url = os.Getenv(variable)
	if url == "" {
		return "", false, nil
	}
	e := &Endpoint{URL: url, AccessKey: "reach", Service: "DynamoDB_20120810"}
	if _, err := e.Call(ctx, "ListTables", []byte("{}")); err != nil {
		return "", false, fmt.Errorf("%s is set, but there is no witness: %w", variable, err)
	}
	return url, true, nil
}
