package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// run executes a command line without a stage.
func run(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr strings.Builder
	code = exec(t.Context(), args, strings.NewReader(""), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestHelp(t *testing.T) {
	names := []string{""}
	for _, c := range commands() {
		names = append(names, c.name)
	}
	for _, name := range names {
		args, file := []string{name, "-h"}, filepath.Join("testdata", "help", name+".txt")
		if name == "" {
			args, file = []string{"-h"}, filepath.Join("testdata", "help", "ops.txt")
		}
		code, got, errs := run(t, args...)
		if code != exitDone || errs != "" {
			t.Errorf("%v: exit code %d, stderr %q", args, code, errs)
		}
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%v (-want +got; -update accepts it):\n%s", args, diff)
		}
	}
}

func TestUsageMistakes(t *testing.T) {
	tests := map[string]struct {
		args []string
		want string
	}{
		"no command":               {nil, "Usage: go run ./ops <command>"},
		"unknown command":          {[]string{"redirve"}, `there is no command "redirve"`},
		"no stage":                 {[]string{"doctor"}, "exactly one of -stage and -outputs"},
		"two stages":               {[]string{"doctor", "-stage", "a", "-outputs", "b"}, "exactly one of -stage and -outputs"},
		"unknown flag":             {[]string{"doctor", "-nope"}, "flag provided but not defined: -nope"},
		"argument without flag":    {[]string{"doctor", "-outputs", "f", "now"}, `unexpected argument "now"`},
		"negative rate":            {[]string{"redrive", "-outputs", "f", "-rate", "-1"}, "-rate must not be negative"},
		"outputs that are missing": {[]string{"parked", "-outputs", "testdata/none.json"}, "no such file"},
		"outputs that are none":    {[]string{"parked", "-outputs", "help_test.go"}, "not the outputs of a stage"},
		"outputs of another stack": {[]string{"parked", "-outputs", "testdata/other.json"}, "outputs are missing: ordersTable, eventsTable, fulfilmentsTable, streamName, deadLetterQueueUrl"},
		"no credentials":           {[]string{"parked", "-outputs", "testdata/deployed.json"}, "aws configure export-credentials"},
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if code, _, errs := run(t, test.args...); code != exitFailure || !strings.Contains(errs, test.want) {
				t.Errorf("exit code %d, stderr %q, want %q", code, errs, test.want)
			}
		})
	}
}
