package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const document = "# Title\n\n<!-- ci: run -->\n```sh\necho one\necho two\n```\n\n" +
	"```json\n{}\n```\n\n- a list\n\n  <!-- ci: serve: ready now -->\n  ```sh\n  sleep 1\n  ```\n\n" +
	"<!-- ci: stop -->\n\n<!-- ci: test -->\n```sh\ngo test ./...\n```\n<!-- ci: skip: needs an account -->\n```sh\npulumi up\n```\n"

func TestParse(t *testing.T) {
	got, err := parse(document)
	if err != nil {
		t.Fatal(err)
	}
	want := []block{
		{3, run, "", "echo one\necho two\n"},
		{15, serve, "ready now", "sleep 1\n"},
		{20, stop, "", ""},
		{22, test, "", "go test ./...\n"},
		{26, skip, "needs an account", "pulumi up\n"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(block{})); diff != "" {
		t.Errorf("blocks (-want +got):\n%s", diff)
	}
}

func TestParseNamesMistakes(t *testing.T) {
	for name, tc := range map[string]struct{ document, want string }{
		"unmarked block":        {"```sh\nls\n```\n", "line 1: a ```sh block needs a line"},
		"marker without block":  {"<!-- ci: run -->\ntext\n", "line 1: no ```sh block follows"},
		"marker at the end":     {"<!-- ci: run -->\n", "line 1: no ```sh block follows"},
		"marker of other block": {"<!-- ci: run -->\n```json\n{}\n```\n", "line 1: no ```sh block follows"},
		"two markers":           {"<!-- ci: run -->\n<!-- ci: run -->\n```sh\nls\n```\n", "line 1: no ```sh block follows"},
		"unknown verb":          {"<!-- ci: walk -->\n```sh\nls\n```\n", "walk is none of"},
		"skip without reason":   {"<!-- ci: skip -->\n```sh\nls\n```\n", "skip needs the reason"},
		"serve without text":    {"<!-- ci: serve -->\n```sh\nls\n```\n", "serve needs what to wait for"},
		"run with detail":       {"<!-- ci: run: fast -->\n```sh\nls\n```\n", "run takes no detail"},
		"misspelt":              {"<!-- ci: run->\n```sh\nls\n```\n", "is not <!-- ci: VERB -->"},
		"other shell":           {"```bash\nls\n```\n", "this one is ```bash"},
		"no language":           {"```\nls\n```\n", "any other names its language"},
		"no end":                {"<!-- ci: run -->\n```sh\nls\n", "line 2: the block has no end"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parse(tc.document); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("parse = %v, want %q", err, tc.want)
			}
		})
	}
}

func TestPerform(t *testing.T) {
	const server = "trap 'exit 0' INT; echo here I am; while true; do sleep 0.02; done\n"
	for name, tc := range map[string]struct {
		blocks    []block
		fault     string // part of the error; empty for none
		said, not string
	}{
		"in order":              {[]block{{do: run, script: "echo one > f\n"}, {do: run, script: "cat f\n"}}, "", "one", ""},
		"failure stops":         {[]block{{do: run, script: "false\necho more\n"}, {do: run, script: "echo never\n"}}, "exit status 1", "", "\nmore"},
		"failure in a pipe":     {[]block{{do: run, script: "false | cat\n"}}, "exit status 1", "", ""},
		"unset variable":        {[]block{{do: run, script: "echo $nothing_here\n"}}, "exit status", "", ""},
		"skipped":               {[]block{{do: skip, detail: "no cloud", script: "echo skipped\n"}}, "", "no cloud", "$ echo"},
		"served and stopped":    {[]block{{do: serve, detail: "I am", script: server}, {do: run, script: "echo meanwhile\n"}, {do: stop}}, "", "meanwhile", ""},
		"served to the end":     {[]block{{do: serve, detail: "I am", script: server}}, "", "here", ""},
		"two served":            {[]block{{do: serve, detail: "I am", script: server}, {do: serve, detail: "x", script: server}}, "still being served", "", ""},
		"nothing to stop":       {[]block{{do: stop}}, "nothing is being served", "", ""},
		"server without a word": {[]block{{do: serve, detail: "ready", script: "echo bye\n"}}, `ended before it said "ready"`, "", ""},
		"server's status":       {[]block{{do: serve, detail: "I am", script: strings.Replace(server, "exit 0", "exit 1", 1)}, {do: stop}}, "", "here", ""},
		"server leaves a child": {[]block{{do: serve, detail: "I am", script: "trap 'exit 0' INT; (trap '' INT; echo here I am; exec sleep 60) & while true; do sleep 0.02; done\n"}, {do: stop}}, "left a process behind", "", ""},
		"left behind":           {[]block{{do: run, script: "sleep 60 > /dev/null 2>&1 &\n"}}, "left a process behind", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := perform(t.Context(), &reader{dir: t.TempDir(), out: &out}, tc.blocks)
			if tc.fault == "" && err != nil || tc.fault != "" && (err == nil || !strings.Contains(err.Error(), tc.fault)) {
				t.Errorf("perform = %v, want %q", err, tc.fault)
			}
			if !strings.Contains(out.String(), tc.said) || tc.not != "" && strings.Contains(out.String(), tc.not) {
				t.Errorf("said %q, want %q, not %q", out.String(), tc.said, tc.not)
			}
		})
	}
}

func TestReadmeWantsOneTestCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(file, []byte("# Title\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := readme(t.Context(), ".", "", []string{file})
	if err == nil || !strings.Contains(err.Error(), "0 blocks are marked <!-- ci: test -->") {
		t.Errorf("readme = %v, want the missing test command", err)
	}
}
