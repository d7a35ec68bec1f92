package workflows_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// workflows returns the lines of each workflow, by file name.
func workflows(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("../../.github/workflows/*.yml")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d workflows: %v", len(files), err)
	}
	all := map[string][]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(file)] = strings.Split(string(text), "\n")
	}
	return all
}

// A tag can be moved to other code, a commit cannot; the tag behind it is for people.
var pinned = regexp.MustCompile(`^[a-z0-9-]+/[a-z0-9-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)

func TestActionsArePinnedByCommit(t *testing.T) {
	commits := map[string]string{}
	for name, lines := range workflows(t) {
		for i, line := range lines {
			_, used, ok := strings.Cut(line, "uses: ")
			if !ok || strings.HasPrefix(used, "./.github/workflows/") {
				continue
			}
			if !pinned.MatchString(used) {
				t.Errorf("%s:%d: %s is not pinned by its full commit with the tag as comment", name, i+1, used)
			}
			action, commit, _ := strings.Cut(used, "@")
			if before := commits[action]; before != "" && before != commit {
				t.Errorf("%s:%d: %s is used at %s and at %s", name, i+1, action, before, commit)
			}
			commits[action] = commit
		}
	}
}

// A job without a limit can run for six hours; permissions that are not listed are those of the repository's settings.
func TestJobsAreLimitedInTimeAndPermissions(t *testing.T) {
	for name, lines := range workflows(t) {
		jobs, timeouts, permissions, called := 0, 0, 0, 0
		for i, line := range lines {
			switch {
			case strings.HasPrefix(line, "permissions:"):
				permissions += 100
			case regexp.MustCompile(`^  [a-z-]+:$`).MatchString(line) && inJobs(lines[:i]):
				jobs++
			case strings.HasPrefix(line, "    timeout-minutes: "):
				timeouts++
			case strings.HasPrefix(line, "    uses: ./"):
				called++
			case strings.HasPrefix(line, "    permissions:"):
				permissions++
			}
			if regexp.MustCompile(`: (write|read)\b`).MatchString(line) && !strings.Contains(line, " # to ") {
				t.Errorf("%s:%d: the permission has no reason behind it: %s", name, i+1, strings.TrimSpace(line))
			}
			if strings.Contains(line, ": write") && !strings.Contains(line, "id-token: write") {
				t.Errorf("%s:%d: nothing but the identity token may be written: %s", name, i+1, strings.TrimSpace(line))
			}
		}
		if jobs == 0 || timeouts+called != jobs || permissions != 100+jobs {
			t.Errorf("%s: %d jobs, %d with a timeout, %d of another workflow; permissions counted %d, want one for the workflow and one for each job",
				name, jobs, timeouts, called, permissions)
		}
	}
}

// inJobs tells whether the last key at the margin is jobs.
func inJobs(before []string) bool {
	for i := len(before) - 1; i >= 0; i-- {
		if before[i] != "" && before[i][0] != ' ' && before[i][0] != '#' {
			return before[i] == "jobs:"
		}
	}
	return false
}

// Credentials come from the run's identity and end with it. What people write, titles and branches, never becomes part of a command.
func TestNoLongLivedKeysAndNoTextOfStrangersInCommands(t *testing.T) {
	for name, lines := range workflows(t) {
		run := false
		for i, line := range lines {
			if strings.Contains(line, "secrets.") || strings.Contains(line, "aws-access-key-id") {
				t.Errorf("%s:%d: a secret: %s", name, i+1, strings.TrimSpace(line))
			}
			if strings.Contains(line, "pull_request_target") {
				t.Errorf("%s:%d: runs code of strangers with the repository's rights", name, i+1)
			}
			trimmed := strings.TrimSpace(line)
			if strings.HasPrefix(trimmed, "run:") || strings.HasPrefix(trimmed, "- run:") {
				run = true
			} else if trimmed != "" && !strings.HasPrefix(line, "          ") {
				run = false
			}
			if run && strings.Contains(line, "${{") {
				t.Errorf("%s:%d: an expression in a command, which belongs into env: %s", name, i+1, trimmed)
			}
		}
	}
}
