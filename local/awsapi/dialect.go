package awsapi

// A dialect is how one service words its answers: the JSON version of its content type, the namespaces of its errors.
type dialect struct {
	contentType string
	// own is the namespace of the service's own errors, "" for none.
	own string
	// framework is the namespace of errors that AWS's service framework answers for the service, "" for none.
	framework string
	// validation is the full type of ValidationException, "" if the rule above holds.
	validation string
	// internal is the code of an internal failure.
	internal string
	// missingToken is the text for an unsigned request.
	missingToken string
	checksum     bool
	// query maps error codes to those of the service's former query protocol, for x-amzn-query-error; nil for none.
	query map[string]string
}

var dynamodbDialect = dialect{
	contentType: "application/x-amz-json-1.0", own: "com.amazonaws.dynamodb.v20120810#", framework: "com.amazon.coral.service#",
	validation: "com.amazon.coral.validate#ValidationException", internal: "InternalFailure",
	missingToken: "Request is missing Authentication Token", checksum: true,
}

// dialects has a dialect for every service, by its X-Amz-Target prefix.
var dialects = map[string]*dialect{
	DynamoDB:        &dynamodbDialect,
	DynamoDBStreams: &dynamodbDialect,
	Kinesis:         {contentType: "application/x-amz-json-1.1", internal: "InternalFailure", missingToken: "Missing Authentication Token"},
	SQS: {
		contentType: "application/x-amz-json-1.0", own: "com.amazonaws.sqs#", framework: "com.amazon.coral.service#",
		internal: "InternalFailure", missingToken: "Request is missing Authentication Token", query: queryCodes,
	},
}

// fallback words what cannot be attributed to a service.
var fallback = dialect{contentType: "application/x-amz-json-1.0", framework: "com.amazon.coral.service#", internal: "InternalFailure", missingToken: "Missing Authentication Token"}

// frameworkCodes are the errors that come from the framework in front of a service.
var frameworkCodes = map[string]bool{
	"AccessDeniedException": true, "IncompleteSignatureException": true, "InternalFailure": true, "InvalidSignatureException": true,
	"MissingAuthenticationTokenException": true, "RequestEntityTooLarge": true, "SerializationException": true,
	"UnknownOperationException": true, "UnrecognizedClientException": true, "ValidationException": true,
	"InvalidParameterValueException": true, "MissingRequiredParameterException": true,
}

// queryCodes are SQS's error names in its query protocol, where they differ from the shape's name. Clients that once spoke that protocol, boto3
// among them, still report these.
var queryCodes = map[string]string{
	"AccessDeniedException":             "AccessDenied",
	"BatchEntryIdsNotDistinct":          "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
	"BatchRequestTooLong":               "AWS.SimpleQueueService.BatchRequestTooLong",
	"EmptyBatchRequest":                 "AWS.SimpleQueueService.EmptyBatchRequest",
	"InvalidBatchEntryId":               "AWS.SimpleQueueService.InvalidBatchEntryId",
	"InvalidParameterValueException":    "InvalidParameterValue",
	"MessageNotInflight":                "AWS.SimpleQueueService.MessageNotInflight",
	"MissingRequiredParameterException": "MissingParameter",
	"PurgeQueueInProgress":              "AWS.SimpleQueueService.PurgeQueueInProgress",
	"QueueDeletedRecently":              "AWS.SimpleQueueService.QueueDeletedRecently",
	"QueueDoesNotExist":                 "AWS.SimpleQueueService.NonExistentQueue",
	"QueueNameExists":                   "QueueAlreadyExists",
	"TooManyEntriesInBatchRequest":      "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
	"UnsupportedOperation":              "AWS.SimpleQueueService.UnsupportedOperation",
}

// errorType is the __type of an error of this code.
func (d *dialect) errorType(code string) string {
	switch {
	case code == "ValidationException" && d.validation != "":
		return d.validation
	case frameworkCodes[code]:
		return d.framework + code
	}
	return d.own + code
}

// queryError is the value of x-amzn-query-error, "" for none.
func (d *dialect) queryError(code string, status int) string {
	if d.query == nil {
		return ""
	}
	if query, ok := d.query[code]; ok {
		code = query
	}
	if status >= 500 {
		return code + ";Receiver"
	}
	return code + ";Sender"
}

// messageKey is the name of the member with the text, which AWS's framework writes with a capital.
func messageKey(code string) string {
	switch code {
	case "AccessDeniedException", "TransactionCanceledException", "SerializationException":
		return "Message"
	}
	return "message"
}
