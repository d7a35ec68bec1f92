package lambda_test

import (
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/lambda"
)

// journal keeps a function's log.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) log(l lambda.LogLine) {
	j.mu.Lock()
	defer j.mu.Unlock()
	kind := "app      "
	if l.Platform {
		kind = "platform "
	}
	j.lines = append(j.lines, kind+string(l.Text))
}

// normal returns the lines without what differs from run to run.
func (j *journal) normal(requestIDs ...string) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var lines []string
	for _, line := range j.lines {
		for _, id := range requestIDs {
			line = strings.ReplaceAll(line, id, "ID")
		}
		line = regexp.MustCompile(`((Duration|Used): |(urationMs|UsedMB)":)[0-9.]+`).ReplaceAllString(line, "${1}N")
		lines = append(lines, line)
	}
	return lines
}

func TestPlatformLines(t *testing.T) {
	clock := func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 120e6, time.UTC) }
	const at = `platform {"time":"2026-11-24T12:00:00.120Z","type":"platform.`
	initStart := at + `initStart","record":{"initializationType":"on-demand","phase":"init","functionName":"hello","functionVersion":"$LATEST","instanceMaxMemory":134217728}}`
	began := at + `start","record":{"requestId":"ID","version":"$LATEST"}}`
	report := func(init, status string) string {
		return at + `report","record":{"requestId":"ID","metrics":{"durationMs":N,"billedDurationMs":N,"memorySizeMB":128,"maxMemoryUsedMB":N` + init + `},"status":` + status + `}}`
	}
	const init = `,"initDurationMs":N`
	textReport := "platform REPORT RequestId: ID\tDuration: N ms\tBilled Duration: N ms\tMemory Size: 128 MB\tMax Memory Used: N MB"
	for _, test := range []struct {
		name     string
		logging  lambda.Logging
		payloads []string
		want     []string
	}{
		{"JSON", lambda.Logging{Format: lambda.LogJSON}, []string{`{"do":"echo"}`, `{"do":"echo"}`},
			[]string{initStart, began, report(init, `"success"`), began, report("", `"success"`)}},
		{"JSON, warnings only", lambda.Logging{Format: lambda.LogJSON, SystemLevel: lambda.LogWarn}, []string{`{"do":"echo"}`, `{"do":"exit"}`},
			[]string{report("", `"failure","errorType":"Runtime.ExitError"`)}},
		{"JSON, timeout", lambda.Logging{Format: lambda.LogJSON, SystemLevel: lambda.LogWarn}, []string{`{"do":"hang"}`},
			[]string{report(init, `"timeout","errorType":"Sandbox.Timedout"`)}},
		{"text", lambda.Logging{}, []string{`{"do":"echo"}`},
			[]string{"platform START RequestId: ID Version: $LATEST", "platform END RequestId: ID", textReport + "\tInit Duration: N ms"}},
		{"text, exit", lambda.Logging{}, []string{`{"do":"exit"}`},
			[]string{"platform START RequestId: ID Version: $LATEST", "platform RequestId: ID Error: Runtime exited with error: exit status 7 Runtime.ExitError",
				"platform END RequestId: ID", textReport + "\tInit Duration: N ms\tStatus: failure\tError Type: Runtime.ExitError"}},
		{"text, timeout", lambda.Logging{}, []string{`{"do":"hang"}`},
			[]string{"platform START RequestId: ID Version: $LATEST", "platform 2026-11-24T12:00:00.120Z ID Task timed out after 0.30 seconds",
				"platform END RequestId: ID", textReport + "\tInit Duration: N ms\tStatus: timeout\tError Type: Sandbox.Timedout"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var j journal
			f := function(t)
			if strings.Contains(test.payloads[0], "hang") {
				f.Timeout = 300 * time.Millisecond
			}
			f.Logging, f.Log = test.logging, j.log
			s := start(t, f, &lambda.Options{Clock: clock})
			var ids []string
			for _, payload := range test.payloads {
				ids = append(ids, invoke(t, s, payload).RequestID)
			}
			if diff := cmp.Diff(test.want, j.normal(ids...)); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
		})
	}
}

func TestApplicationLines(t *testing.T) {
	var j journal
	f := function(t)
	f.Logging = lambda.Logging{Format: lambda.LogJSON, SystemLevel: lambda.LogWarn}
	f.Log = j.log
	s := start(t, f, nil)
	long := strings.Repeat("long", 5000)
	invoke(t, s, `{"do":"log","text":"`+long+`"}`)
	invoke(t, s, `{"do":"log","text":"short"}`)
	want := []string{"app      " + long, "app      " + long, "app      short", "app      short"}
	until(t, "the lines have come through the pipe", func() bool { return len(j.normal()) == len(want) })
	if diff := cmp.Diff(want, j.normal()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestMemoryIsReported(t *testing.T) {
	s := start(t, function(t), nil)
	if r := invoke(t, s, `{"do":"echo"}`); r.MaxMemoryMB < 1 || r.MaxMemoryMB > 1000 {
		t.Errorf("MaxMemoryMB = %d, want something plausible", r.MaxMemoryMB)
	}
}
