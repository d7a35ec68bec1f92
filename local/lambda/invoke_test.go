package lambda_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/lambda"
)

func TestInvokeReturnsWhatTheFunctionReturns(t *testing.T) {
	s := start(t, function(t), nil)
	first := invoke(t, s, `{"do":"echo","text":"one"}`)
	if diff := cmp.Diff(`{"do":"echo","text":"one"}`, string(first.Payload)); diff != "" {
		t.Errorf("payload (-want +got):\n%s", diff)
	}
	if first.FunctionError != "" || first.Duration <= 0 || first.InitDuration <= 0 {
		t.Errorf("first result = %+v, want no error, a duration and an init duration", first)
	}
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(first.RequestID) {
		t.Errorf("request id = %q, want a UUID", first.RequestID)
	}
	second := invoke(t, s, `{"do":"echo","text":"two"}`)
	if second.InitDuration != 0 {
		t.Errorf("init duration of the second invocation = %v, want 0: the process is used again", second.InitDuration)
	}
	want := lambda.Stats{Idle: 1, Invocations: 2, Starts: 1}
	if diff := cmp.Diff(want, s.Stats("hello")); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
}

func TestATimeoutKillsTheProcess(t *testing.T) {
	f := function(t)
	f.Timeout = 50e6
	s := start(t, f, nil)
	invoke(t, s, `{"do":"hang"}`)
	until(t, "the process has ended", func() bool {
		return cmp.Equal(s.Stats("hello"), lambda.Stats{Invocations: 1, Errors: 1, Starts: 1, Killed: 1})
	})
}

func TestFailures(t *testing.T) {
	type failure struct {
		ErrorType    string `json:"errorType"`
		ErrorMessage string `json:"errorMessage"`
	}
	for _, test := range []struct {
		name    string
		payload string
		change  func(*lambda.Function)
		want    failure // ID stands for the request id
	}{
		{"error", `{"do":"error","text":"no such order"}`, nil, failure{"errorString", "no such order"}},
		{"panic", `{"do":"panic","text":"boom"}`, nil, failure{"string", "boom"}},
		{"exit", `{"do":"exit"}`, nil, failure{"Runtime.ExitError", "RequestId: ID Error: Runtime exited with error: exit status 7"}},
		{"exit with status 0", `{"do":"leave"}`, nil, failure{"Runtime.ExitError", "RequestId: ID Error: Runtime exited without providing a reason"}},
		{"timeout", `{"do":"hang"}`, func(f *lambda.Function) { f.Timeout = 50e6 },
			failure{"Sandbox.Timedout", "RequestId: ID Error: Task timed out after 0.05 seconds"}},
		{"exit before the first invocation", `{"do":"echo"}`, func(f *lambda.Function) { f.Environment = map[string]string{"INIT": "exit"} },
			failure{"Runtime.ExitError", "RequestId: ID Error: Runtime exited with error: exit status 3"}},
		{"error reported before the first invocation", `{"do":"echo"}`, func(f *lambda.Function) { f.Environment = map[string]string{"INIT": "error"} },
			failure{"Config.Missing", "no table"}},
		{"hang before the first invocation", `{"do":"echo"}`, func(f *lambda.Function) { f.Environment = map[string]string{"INIT": "hang"} },
			failure{"Sandbox.Timedout", "RequestId: ID Error: Task timed out after 0.50 seconds"}},
		{"no program", `{"do":"echo"}`, func(f *lambda.Function) { f.Executable = "/nowhere/bootstrap" },
			failure{"Runtime.InvalidEntrypoint", "RequestId: ID Error: fork/exec /nowhere/bootstrap: no such file or directory"}},
		{"response too large", `{"do":"big","bytes":6291557}`, nil,
			failure{"Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (6291556 bytes)."}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := function(t)
			if test.change != nil {
				test.change(&f)
			}
			opts := &lambda.Options{}
			if f.Environment["INIT"] == "hang" {
				opts.InitTimeout = 500e6
			}
			s := start(t, f, opts)
			r := invoke(t, s, test.payload)
			if r.FunctionError != "Unhandled" {
				t.Errorf("FunctionError = %q, want Unhandled", r.FunctionError)
			}
			var got failure
			if err := json.Unmarshal(r.Payload, &got); err != nil {
				t.Fatalf("payload %s: %v", r.Payload, err)
			}
			got.ErrorMessage = strings.ReplaceAll(got.ErrorMessage, r.RequestID, "ID")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("failure (-want +got):\n%s", diff)
			}
			if err := s.Update(function(t)); err != nil { // without what has made it fail
				t.Fatal(err)
			}
			if r := invoke(t, s, `{"do":"echo"}`); r.FunctionError != "" {
				t.Errorf("the next invocation failed: %s", r.Payload)
			}
		})
	}
}
