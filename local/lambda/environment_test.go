package lambda_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/lambda"
)

// seen is what the function finds around it.
type seen struct {
	Environment                                          []string
	Directory, RequestID, ARN, Trace, TraceEnv, ClientID string
	Deadline                                             time.Time
	PID                                                  int
}

func look(t *testing.T, s *lambda.Service, opts *lambda.InvokeOptions) seen {
	t.Helper()
	r, err := s.Invoke(t.Context(), "hello", []byte(`{"do":"look"}`), opts)
	if err != nil || r.FunctionError != "" {
		t.Fatalf("Invoke: %v %+v", err, r)
	}
	var v seen
	if err := json.Unmarshal(r.Payload, &v); err != nil {
		t.Fatal(err)
	}
	if v.RequestID != r.RequestID {
		t.Errorf("the function saw request %s, the caller %s", v.RequestID, r.RequestID)
	}
	return v
}

func TestEnvironmentIsExactlyLambdas(t *testing.T) {
	t.Setenv("LEAKED", "from the desk")
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	f := function(t)
	f.Environment = map[string]string{"ORDERS_TABLE": "orders", "PATH": "/opt/own"}
	f.Credentials = lambda.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "token"}
	f.MemoryMB = 512
	f.Logging = lambda.Logging{Format: lambda.LogJSON, ApplicationLevel: lambda.LogDebug, Group: "group"}
	s := start(t, f, &lambda.Options{Region: "eu-central-1", Clock: func() time.Time { return now }})
	v := look(t, s, nil)
	if !slices.IsSorted(v.Environment[:len(v.Environment)-1]) {
		t.Errorf("environment is not sorted: %q", v.Environment)
	}
	slices.Sort(v.Environment)
	dir := filepath.Dir(f.Executable)
	want := []string{
		"AWS_ACCESS_KEY_ID=AKID", "AWS_DEFAULT_REGION=eu-central-1", "AWS_EXECUTION_ENV=AWS_Lambda_provided.al2023",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512", "AWS_LAMBDA_FUNCTION_NAME=hello", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand", "AWS_LAMBDA_LOG_FORMAT=JSON", "AWS_LAMBDA_LOG_GROUP_NAME=group", "AWS_LAMBDA_LOG_LEVEL=DEBUG",
		"AWS_LAMBDA_LOG_STREAM_NAME=2026/11/24/[$LATEST]ID", "AWS_LAMBDA_RUNTIME_API=127.0.0.1:PORT", "AWS_REGION=eu-central-1",
		"AWS_SECRET_ACCESS_KEY=secret", "AWS_SESSION_TOKEN=token", "LAMBDA_RUNTIME_DIR=/var/runtime", "LAMBDA_TASK_ROOT=" + dir, "LANG=en_US.UTF-8",
		"ORDERS_TABLE=orders", "PATH=/opt/own", "TZ=:UTC", "_HANDLER=bootstrap", "_X_AMZN_TRACE_ID=" + v.Trace, // the last set by aws-lambda-go
	}
	for i, variable := range v.Environment {
		variable = regexp.MustCompile(`(NAME=2026/11/24/\[\$LATEST\])[0-9a-f]{32}$`).ReplaceAllString(variable, "${1}ID")
		v.Environment[i] = regexp.MustCompile(`(API=127.0.0.1:)\d+$`).ReplaceAllString(variable, "${1}PORT")
	}
	if diff := cmp.Diff(want, v.Environment); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	if v.Directory != dir || v.ARN != arn {
		t.Errorf("directory %q, ARN %q, want %q, %q", v.Directory, v.ARN, dir, arn)
	}
	if want := now.Add(f.Timeout); !v.Deadline.Equal(want) {
		t.Errorf("deadline = %v, want %v", v.Deadline, want)
	}
}

func TestEnvironmentDefaults(t *testing.T) {
	s := start(t, function(t), nil)
	v := look(t, s, nil)
	for _, want := range []string{"AWS_LAMBDA_LOG_FORMAT=Text", "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/hello", "AWS_REGION=us-east-1",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128", "PATH=/usr/local/bin:/usr/bin/:/bin:/opt/bin"} {
		if !slices.Contains(v.Environment, want) {
			t.Errorf("environment lacks %s: %q", want, v.Environment)
		}
	}
	for _, variable := range v.Environment {
		for _, unwanted := range []string{"AWS_LAMBDA_LOG_LEVEL=", "AWS_ACCESS_KEY_ID=", "GOMEMLIMIT=", "HOME="} {
			if strings.HasPrefix(variable, unwanted) {
				t.Errorf("environment has %s", variable)
			}
		}
	}
}

func TestTraceAndClientContext(t *testing.T) {
	s := start(t, function(t), nil)
	given := "Root=1-5e6a889e-3bd33ecce1aa62f85a62d91d;Parent=53995c3f42cd8ad8;Sampled=0"
	v := look(t, s, &lambda.InvokeOptions{TraceID: given, ClientContext: `{"client":{"installation_id":"desk"}}`})
	if v.Trace != given || v.TraceEnv != given || v.ClientID != "desk" {
		t.Errorf("trace %q, in the environment %q, client %q, want %q twice and desk", v.Trace, v.TraceEnv, v.ClientID, given)
	}
	made := regexp.MustCompile(`^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=1$`)
	_, err := s.Invoke(t.Context(), "hello", nil, &lambda.InvokeOptions{TraceID: "Root=1\r\nX: y"})
	wantCode(t, err, "InvalidParameterValueException")
	first, second := look(t, s, nil), look(t, s, nil)
	if !made.MatchString(first.Trace) || first.Trace == second.Trace {
		t.Errorf("traces made = %q, %q, want two different ones like %s", first.Trace, second.Trace, made)
	}
}

func TestRefusedConfiguration(t *testing.T) {
	negative := -1
	for _, test := range []struct {
		name, want string
		change     func(*lambda.Function)
	}{
		{"no name", "Function.Name is required", func(f *lambda.Function) { f.Name = "" }},
		{"no ARN", "Function.ARN is required", func(f *lambda.Function) { f.ARN = "" }},
		{"name", `Function.Name "a b" is not made of 1 to 64 letters, digits, - and _`, func(f *lambda.Function) { f.Name = "a b" }},
		{"ARN", `Function.ARN "hello" is not an ARN`, func(f *lambda.Function) { f.ARN = "hello" }},
		{"no program", "Function.Executable is required", func(f *lambda.Function) { f.Executable = "" }},
		{"timeout", "Function.Timeout 15m1s is not between 0 and 15m0s", func(f *lambda.Function) { f.Timeout = 901 * time.Second }},
		{"concurrency", "Function.Concurrency is negative", func(f *lambda.Function) { f.Concurrency = -1 }},
		{"reserved concurrency", "Function.ReservedConcurrency is negative", func(f *lambda.Function) { f.ReservedConcurrency = &negative }},
		{"log format", `Logging.Format "XML" is not one of Text, JSON`, func(f *lambda.Function) { f.Logging.Format = "XML" }},
		{"system level", `Logging.SystemLevel "ERROR" is not one of DEBUG, INFO, WARN`, func(f *lambda.Function) { f.Logging.SystemLevel = "ERROR" }},
		{"reserved variables", "Lambda was unable to configure your environment variables because the environment variables you have provided contains " +
			"reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION, TZ",
			func(f *lambda.Function) {
				f.Environment = map[string]string{"TZ": "CET", "AWS_REGION": "x", "FINE": "1"}
			}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := lambda.New(nil)
			defer s.Close()
			f := lambda.Function{Name: "hello", ARN: arn, Executable: "/nowhere/bootstrap"}
			test.change(&f)
			var got *awsapi.Error
			if err := s.Create(f); !errors.As(err, &got) {
				t.Fatalf("Create: %v, want an *awsapi.Error", err)
			}
			if diff := cmp.Diff(&awsapi.Error{Code: "InvalidParameterValueException", Message: test.want}, got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}
