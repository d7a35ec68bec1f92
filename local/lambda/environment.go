package lambda

import (
	"slices"
	"strings"
)

// reserved returns the variables that a function's configuration may not set.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func reserved() []string {
	return []string{
		"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
		"AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY",
		"AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
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
	slices.Sort(refused)
	return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided " +
		"contains reserved keys that are currently not supported for modification. Reserved keys used in this request: " +
		strings.Join(refused, ", "))
}
