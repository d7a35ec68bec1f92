package mapping

import (
	"fmt"
	"slices"
	"strings"

	"transactional-outbox/local/awsapi"
)

// Config is the part of a mapping that can be changed, in the units of CreateEventSourceMapping.
type Config struct {
	// BatchSize is the most records of one invocation, 1 to 10,000. 0 means 100.
	BatchSize int
	// MaximumBatchingWindowInSeconds is how long a batch may wait to fill, 0 to 300.
	MaximumBatchingWindowInSeconds int
	// ParallelizationFactor is the number of batches of one shard that may be processed at once, 1 to 10. 0 means 1.
	ParallelizationFactor int
	// MaximumRetryAttempts is how often a batch whose invocation failed is sent again, -1 (until its records expire) to 10,000.
	// Nil means -1.
	MaximumRetryAttempts *int
	// MaximumRecordAgeInSeconds is the age at which a record is given up, 60 to 604,800, or -1 for no limit. 0 means -1.
	MaximumRecordAgeInSeconds int
	// BisectBatchOnFunctionError halves a batch whose invocation failed.
	BisectBatchOnFunctionError bool
	// FunctionResponseTypes is empty or ReportBatchItemFailures.
	FunctionResponseTypes []string
	// Filters are up to five patterns of FilterCriteria. A record goes to the function if one of them matches, or if there are none.
	Filters []string
	// OnFailure is the ARN of the SQS queue for dead letters. "" means none: what is given up is dropped.
	OnFailure string
	// TumblingWindowInSeconds is refused unless 0.
	TumblingWindowInSeconds int
	// Disabled stops the mapping where it is.
	Disabled bool
}

// ReportBatchItemFailures is the one function response type there is.
const ReportBatchItemFailures = "ReportBatchItemFailures"

// compiled is a Config with its defaults filled in and its patterns parsed.
type compiled struct {
	Config
	retries int
	partial bool
	filter  *filter
}

// check validates config as AWS does: first the ranges, all at once, then what needs a closer look, then the role.
func (m *Mapping) check(config Config) (*compiled, error) {
	c := &compiled{Config: config, retries: -1}
	c.BatchSize = orDefault(c.BatchSize, 100)
	c.ParallelizationFactor = orDefault(c.ParallelizationFactor, 1)
	c.MaximumRecordAgeInSeconds = orDefault(c.MaximumRecordAgeInSeconds, -1)
	if config.MaximumRetryAttempts != nil {
		c.retries = *config.MaximumRetryAttempts
	}
	if err := c.checkRanges(); err != nil {
		return nil, err
	}
	c.partial = len(c.FunctionResponseTypes) > 0
	var err error
	if c.filter, err = compileFilter(c.Filters, m.source.Stream().Format); err != nil {
		return nil, err
	}
	if err := m.checkDestination(c.OnFailure); err != nil {
		return nil, err
	}
	return c, m.checkRole(c)
}

func (c *compiled) checkRanges() error {
	var problems []string
	between := func(member string, value, low, high int) {
		switch {
		case value < low:
			problems = append(problems, violation(value, member, fmt.Sprintf("Member must have value greater than or equal to %d", low)))
		case value > high:
			problems = append(problems, violation(value, member, fmt.Sprintf("Member must have value less than or equal to %d", high)))
		}
	}
	between("batchSize", c.BatchSize, 1, 10_000)
	between("maximumBatchingWindowInSeconds", c.MaximumBatchingWindowInSeconds, 0, 300)
	between("parallelizationFactor", c.ParallelizationFactor, 1, 10)
	between("maximumRetryAttempts", c.retries, -1, 10_000)
	between("maximumRecordAgeInSeconds", c.MaximumRecordAgeInSeconds, -1, 604_800)
	if i := slices.IndexFunc(c.FunctionResponseTypes, func(t string) bool { return t != ReportBatchItemFailures }); i >= 0 {
		problems = append(problems, violation(c.FunctionResponseTypes, "functionResponseTypes",
			"Member must satisfy enum value set: ["+ReportBatchItemFailures+"]"))
	}
	switch len(problems) {
	case 0:
	case 1:
		return awsapi.Errorf("ValidationException", "1 validation error detected: %s", problems[0])
	default:
		return awsapi.Errorf("ValidationException", "%d validation errors detected: %s", len(problems), strings.Join(problems, "; "))
	}
	if age := c.MaximumRecordAgeInSeconds; age != -1 && age < 60 {
		return invalidParameter("MaximumRecordAgeInSeconds must be -1 or between 60 and 604800.")
	}
	if c.TumblingWindowInSeconds != 0 {
		return invalidParameter("TumblingWindowInSeconds is not supported here.")
	}
	return nil
}

func violation(value any, member, constraint string) string {
	return fmt.Sprintf("Value '%v' at '%s' failed to satisfy constraint: %s", value, member, constraint)
}

func invalidParameter(format string, args ...any) *awsapi.Error {
	return awsapi.Errorf("InvalidParameterValueException", format, args...)
}

func orDefault(value, fallback int) int {
	if value == 0 {
		return fallback
	}
	return value
}
