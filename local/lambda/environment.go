package lambda

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// reserved returns the variables that a function's configuration may not set.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func reserved() []string {
	return []string{
		"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
		"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
		"AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION",
		"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "TZ", "_HANDLER", "_X_AMZN_TRACE_ID",
	}
}

func checkEnvironment(environment map[string]string) error {
	var refused []string
	for _, name := range reserved() {
		if _, ok := environment[name]; ok {
			refused = append(refused, name)
		}
	}
	if refused == nil {
		return nil
	}
	return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided " +
		"contains reserved keys that are currently not supported for modification. Reserved keys used in this request: " +
		strings.Join(refused, ", "))
}

// environment returns what the program finds in its environment, sorted: Lambda's variables, the function's own, and nothing else.
// LAMBDA_TASK_ROOT is where the program is, because nothing is installed in /var/task here.
func (proc *process) environment(executable, runtimeAPI string) []string {
	f := proc.config
	region := proc.pool.service.opts.Region
	variables := map[string]string{
		"AWS_DEFAULT_REGION":              region,
		"AWS_EXECUTION_ENV":               "AWS_Lambda_provided.al2023",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.MemoryMB),
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_FORMAT":           f.Logging.Format,
		"AWS_LAMBDA_LOG_GROUP_NAME":       f.Logging.Group,
		"AWS_LAMBDA_LOG_STREAM_NAME":      proc.stream,
		"AWS_LAMBDA_RUNTIME_API":          runtimeAPI,
		"AWS_REGION":                      region,
		"LAMBDA_RUNTIME_DIR":              "/var/runtime",
		"LAMBDA_TASK_ROOT":                filepath.Dir(executable),
		"LANG":                            "en_US.UTF-8",
		"PATH":                            "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"TZ":                              ":UTC",
		"_HANDLER":                        f.Handler,
	}
	if f.Logging.Format == LogJSON {
		variables["AWS_LAMBDA_LOG_LEVEL"] = f.Logging.ApplicationLevel
	}
	if f.Credentials != (Credentials{}) {
		variables["AWS_ACCESS_KEY_ID"] = f.Credentials.AccessKeyID
		variables["AWS_SECRET_ACCESS_KEY"] = f.Credentials.SecretAccessKey
		variables["AWS_SESSION_TOKEN"] = f.Credentials.SessionToken
	}
	if prefix := proc.pool.service.opts.Profile; prefix != "" {
		variables["PROFILE_FILE"] = fmt.Sprintf("%s.%s.%d", prefix, f.Name, proc.number)
	}
	for name, value := range f.Environment {
		variables[name] = value // LANG and PATH may be replaced, as on Lambda
	}
	list := make([]string, 0, len(variables))
	for name, value := range variables {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list
}
