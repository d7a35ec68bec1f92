package lambda_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"transactional-outbox/local/lambda"
)

func TestFaults(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault lambda.Fault
		seen  bool // the function's own line reaches the log
	}{
		{"before", lambda.Fault{Kill: lambda.Before}, false},
		{"during", lambda.Fault{Kill: lambda.During}, false},
		{"after", lambda.Fault{Kill: lambda.After}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var faults, lines atomic.Int32
			f := function(t)
			f.Log = func(l lambda.LogLine) {
				if string(l.Text) == "work" {
					lines.Add(1)
				}
			}
			s := start(t, f, &lambda.Options{Fault: func(function, requestID string) lambda.Fault {
				if function != "hello" || requestID == "" {
					t.Errorf("Fault(%q, %q)", function, requestID)
				}
				if faults.Add(1) == 1 {
					return test.fault
				}
				return lambda.Fault{}
			}})
			payload := `{"do":"log","text":"work"}`
			if test.fault.Kill == lambda.During {
				payload = `{"do":"hang"}`
			}
			r := invoke(t, s, payload)
			want := `"errorMessage":"RequestId: ` + r.RequestID + ` Error: Runtime exited with error: signal: killed"`
			if r.FunctionError != "Unhandled" || !strings.Contains(string(r.Payload), want) {
				t.Errorf("result = %q %s, want an exit by signal", r.FunctionError, r.Payload)
			}
			if got := lines.Load() > 0; got != test.seen {
				t.Errorf("the function has done its work: %v, want %v", got, test.seen)
			}
			if r := invoke(t, s, `{"do":"echo"}`); r.FunctionError != "" {
				t.Errorf("the next invocation failed: %s", r.Payload)
			}
		})
	}
}

func TestFaultsComeTooLateForAFastInvocation(t *testing.T) {
	s := start(t, function(t), &lambda.Options{Fault: func(string, string) lambda.Fault {
		return lambda.Fault{Kill: lambda.During, Delay: 1e12}
	}})
	if r := invoke(t, s, `{"do":"echo"}`); r.FunctionError != "" {
		t.Errorf("the invocation failed: %s", r.Payload)
	}
}
