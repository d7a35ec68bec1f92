package lambda

import (
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"transactional-outbox/local/awsapi"
)

// Lambda's defaults and bounds for a function's configuration.
const (
	DefaultTimeout  = 3 * time.Second
	MaxTimeout      = 900 * time.Second
	DefaultMemoryMB = 128
	DefaultHandler  = "bootstrap"
)

// DefaultConcurrency is the number of processes a function may have when [Function.Concurrency] does not say another: four for each
// CPU, because handlers spend most of their time waiting for other services.
func DefaultConcurrency() int { return 4 * runtime.GOMAXPROCS(0) }

// Function is the configuration and the code of one function.
type Function struct {
	// Name is the function's name, unique in a Service. Required.
	Name string
	// ARN is the function's ARN, AWS-shaped. Required; it is what the function sees as its invoked ARN, and it can be used in place of
	// the name wherever a function is named.
	ARN string
	// Executable is the path of the program to run. Required. It may be replaced on disk; [Service.Update] makes new processes use it.
	Executable string
	// Handler is what the function finds in _HANDLER. "" means DefaultHandler.
	Handler string
	// Environment holds the function's own variables. Names that Lambda reserves are refused, as Lambda does.
	Environment map[string]string
	// Credentials are the credentials of the function's role. The zero value means none.
	Credentials Credentials
	// Timeout ends an invocation that runs longer. 0 means DefaultTimeout; more than MaxTimeout is refused.
	Timeout time.Duration
	// MemoryMB is the memory size that the function is told. 0 means DefaultMemoryMB. It is not enforced; the peak is reported.
	MemoryMB int
	// Concurrency limits the processes that run at once. 0 means [DefaultConcurrency]. Further invocations wait their turn.
	Concurrency int
	// ReservedConcurrency, if not nil, limits the invocations under way, waiting ones included: one more is throttled, as on Lambda.
	// 0 throttles every invocation.
	ReservedConcurrency *int
	// Logging is the logging configuration. The zero value means text format in the log group /aws/lambda/<Name>.
	Logging Logging
	// Log receives every line the function writes and Lambda's own lines about it. It is called concurrently for different processes
	// and must return quickly. Nil discards them.
	Log func(LogLine)
}

// Credentials are the temporary credentials a function finds in its environment.
type Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// Log formats and levels of [Logging].
const (
	LogText  = "Text"
	LogJSON  = "JSON"
	LogTrace = "TRACE"
	LogDebug = "DEBUG"
	LogInfo  = "INFO"
	LogWarn  = "WARN"
	LogError = "ERROR"
	LogFatal = "FATAL"
)

// Logging is a function's logging configuration (LoggingConfig of Lambda's API).
type Logging struct {
	// Format is LogText or LogJSON. "" means LogText.
	Format string
	// ApplicationLevel is handed to the function as AWS_LAMBDA_LOG_LEVEL when Format is LogJSON. "" means LogInfo. Lines are not
	// filtered by it: with OS-only runtimes that is the function's own task on Lambda, too.
	ApplicationLevel string
	// SystemLevel filters Lambda's own lines when Format is LogJSON: LogDebug, LogInfo or LogWarn. "" means LogInfo.
	SystemLevel string
	// Group is the log group's name. "" means /aws/lambda/<function name>.
	Group string
}

// LogLine is one line of a function's log.
type LogLine struct {
	// Time is when the line was read or made.
	Time time.Time
	// Stream is the name of the log stream, one for each process.
	Stream string
	// Platform tells Lambda's own lines from the application's.
	Platform bool
	// Text is the line without its end. It is valid only until Log returns.
	Text []byte
}

// prepare fills in the defaults and checks f.
func (f *Function) prepare() error {
	switch {
	case f.Name == "":
		return invalid("Function.Name is required")
	case !regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`).MatchString(f.Name):
		return invalid(fmt.Sprintf("Function.Name %q is not made of 1 to 64 letters, digits, - and _", f.Name))
	case f.ARN == "":
		return invalid("Function.ARN is required")
	case !regexp.MustCompile(`^arn:[^\s]+$`).MatchString(f.ARN):
		return invalid(fmt.Sprintf("Function.ARN %q is not an ARN", f.ARN))
	case f.Executable == "":
		return invalid("Function.Executable is required")
	case f.Timeout < 0 || f.Timeout > MaxTimeout:
		return invalid(fmt.Sprintf("Function.Timeout %s is not between 0 and %s", f.Timeout, MaxTimeout))
	case f.Concurrency < 0:
		return invalid("Function.Concurrency is negative")
	case f.ReservedConcurrency != nil && *f.ReservedConcurrency < 0:
		return invalid("Function.ReservedConcurrency is negative")
	}
	if f.Timeout == 0 {
		f.Timeout = DefaultTimeout
	}
	if f.MemoryMB == 0 {
		f.MemoryMB = DefaultMemoryMB
	}
	if f.Concurrency == 0 {
		f.Concurrency = DefaultConcurrency()
	}
	if f.ReservedConcurrency != nil {
		f.Concurrency = min(f.Concurrency, *f.ReservedConcurrency)
	}
	if f.Handler == "" {
		f.Handler = DefaultHandler
	}
	f.Environment = maps.Clone(f.Environment)
	if err := f.Logging.prepare(f.Name); err != nil {
		return err
	}
	return checkEnvironment(f.Environment)
}

// prepare fills in the defaults and checks l.
func (l *Logging) prepare(function string) error {
	for _, d := range []struct {
		value    *string
		fallback string
		name     string
		allowed  []string
	}{
		{&l.Format, LogText, "Format", []string{LogText, LogJSON}},
		{&l.ApplicationLevel, LogInfo, "ApplicationLevel", []string{LogTrace, LogDebug, LogInfo, LogWarn, LogError, LogFatal}},
		{&l.SystemLevel, LogInfo, "SystemLevel", []string{LogDebug, LogInfo, LogWarn}},
		{&l.Group, "/aws/lambda/" + function, "Group", nil},
	} {
		if *d.value == "" {
			*d.value = d.fallback
		} else if d.allowed != nil && !slices.Contains(d.allowed, *d.value) {
			return invalid(fmt.Sprintf("Logging.%s %q is not one of %s", d.name, *d.value, strings.Join(d.allowed, ", ")))
		}
	}
	return nil
}

func invalid(message string) error {
	return &awsapi.Error{Code: "InvalidParameterValueException", Message: message}
}
