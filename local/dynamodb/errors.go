package dynamodb

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb/attribute"
)

// The codes of the errors that the engine returns.
const (
	codeValidation       = "ValidationException"
	codeSerialization    = "SerializationException"
	codeNotFound         = "ResourceNotFoundException"
	codeInUse            = "ResourceInUseException"
	codeConditionFailed  = "ConditionalCheckFailedException"
	codeCanceled         = "TransactionCanceledException"
	codeTokenMismatch    = "IdempotentParameterMismatchException"
	codeInProgress       = "TransactionInProgressException"
	codeExpiredIterator  = "ExpiredIteratorException"
	codeTrimmedData      = "TrimmedDataAccessException"
	textConditionFailed  = "The conditional request failed"
	textNotFound         = "Requested resource not found"
	textKeyMismatch      = "The provided key element does not match the schema"
	textParameterInvalid = "One or more parameter values were invalid: "
)

func validation(format string, args ...any) *awsapi.Error {
	return awsapi.Errorf(codeValidation, format, args...)
}

// tableNotFound is how operations on items answer a table that does not exist; those on tables also name it.
func tableNotFound() *awsapi.Error { return awsapi.Errorf(codeNotFound, textNotFound) }

// faultOf turns the errors of attribute and expression into an [*awsapi.Error].
func faultOf(err error) error {
	var invalid *attribute.Invalid
	if errors.As(err, &invalid) {
		return validation("%s", invalid.Text)
	}
	return err
}

// decode reads a request. Members it does not know are refused by name: to ignore them would be to answer another question.
func decode(request []byte, into any) error {
	err := json.Unmarshal(request, into, decodeOptions)
	if err == nil {
		return nil
	}
	var invalid *attribute.Invalid
	var malformed *attribute.Malformed
	var semantic *json.SemanticError
	switch {
	case errors.As(err, &invalid):
		return validation("%s", invalid.Text)
	case errors.As(err, &malformed):
		return awsapi.Errorf(codeSerialization, "%s", malformed.Text)
	case errors.Is(err, json.ErrUnknownName) && errors.As(err, &semantic):
		path := strings.Join(collect(semantic.JSONPointer.Tokens()), ".")
		return validation("The parameter %s is not supported by the desk's DynamoDB", path)
	case errors.As(err, &semantic):
		path := strings.Join(collect(semantic.JSONPointer.Tokens()), ".")
		return awsapi.Errorf(codeSerialization, "Unexpected value at %s", path)
	}
	return awsapi.Errorf(codeSerialization, "%s", fmt.Sprint(err))
}

func collect(tokens func(func(string) bool)) []string {
	var out []string
	for token := range tokens {
		out = append(out, token)
	}
	return out
}
