package sqs

import (
	"errors"
	"strings"

	"transactional-outbox/local/awsapi"
)

const maxBatch = 10

// batch does each entry of a batch by itself; a failed entry does not keep the others from succeeding. The request as a whole fails if its
// entries cannot be told apart.
func batch[E, R any](entries []E, kind string, id func(*E) string, do func(*E) (R, error)) (*batchOutput[R], error) {
	if len(entries) == 0 {
		return nil, awsapi.Errorf("EmptyBatchRequest", "There should be at least one %s in the request.", kind)
	}
	if len(entries) > maxBatch {
		return nil, awsapi.Errorf("TooManyEntriesInBatchRequest", "Maximum number of entries per request are %d. You have sent %d.", maxBatch, len(entries))
	}
	seen := map[string]bool{}
	for i := range entries {
		name := id(&entries[i])
		if name == "" || len(name) > 80 || strings.ContainsFunc(name, func(r rune) bool { return !isIDRune(r) }) {
			return nil, awsapi.Errorf("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "+
				"It can be at most 80 letters long.")
		}
		if seen[name] {
			return nil, awsapi.Errorf("BatchEntryIdsNotDistinct", "Id %s repeated.", name)
		}
		seen[name] = true
	}
	out := &batchOutput[R]{Successful: []R{}, Failed: []batchFailure{}}
	for i := range entries {
		result, err := do(&entries[i])
		var refused *awsapi.Error
		switch {
		case err == nil:
			out.Successful = append(out.Successful, result)
		case errors.As(err, &refused):
			out.Failed = append(out.Failed, batchFailure{id(&entries[i]), true, queryCode(refused.Code), refused.Message})
		default:
			return nil, err
		}
	}
	return out, nil
}

// queryCode is how batch failures name the two errors whose names differ between the protocols.
func queryCode(code string) string {
	switch code {
	case "InvalidParameterValueException":
		return "InvalidParameterValue"
	case "MissingRequiredParameterException":
		return "MissingParameter"
	}
	return code
}
