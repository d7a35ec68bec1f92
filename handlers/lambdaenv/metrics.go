package lambdaenv

import (
	"os"

	"transactional-outbox/handlers/metrics"
)

// Metrics returns what counts for the function: in its own log, where CloudWatch finds it.
func (e *Environment) Metrics() *metrics.Log {
	return metrics.New(os.Stdout, e.Text("AWS_LAMBDA_FUNCTION_NAME"), nil)
}
