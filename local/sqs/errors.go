package sqs

import "transactional-outbox/local/awsapi"

// The errors of more than one operation, in AWS's words.

func noQueue() error {
	return awsapi.Errorf("QueueDoesNotExist", "The specified queue does not exist.")
}

func missing(parameter string) error {
	return awsapi.Errorf("MissingRequiredParameterException", "The request must contain the parameter %s.", parameter)
}

func invalidParameter(format string, args ...any) error {
	return awsapi.Errorf("InvalidParameterValueException", format, args...)
}

func invalidValue(attribute string) error {
	return awsapi.Errorf("InvalidAttributeValue", "Invalid value for the parameter %s.", attribute)
}

func unknownAttribute(name string) error {
	return awsapi.Errorf("InvalidAttributeName", "Unknown Attribute %s.", name)
}

func noFIFO(what string) error {
	return awsapi.Errorf("UnsupportedOperation", "FIFO queues are not supported here: %s.", what)
}
