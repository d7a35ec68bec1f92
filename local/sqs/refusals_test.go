package sqs_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRefusals(t *testing.T) {
	tests := []struct{ name, operation, request, want string }{
		{"fifo by name", "CreateQueue", `{"QueueName":"a.fifo"}`, "UnsupportedOperation: FIFO queues are not supported here: the name a.fifo."},
		{"fifo by attribute", "CreateQueue", `{"QueueName":"a","Attributes":{"FifoQueue":"true"}}`, "UnsupportedOperation: FIFO queues are not supported here: the attribute FifoQueue."},
		{"message group", "SendMessage", `{Q,"MessageBody":"a","MessageGroupId":"g"}`, "ValidationException: The member /MessageGroupId of SendMessage is not supported here."},
		{"unknown operation", "StartMessageMoveTask", `{}`, "UnknownOperationException: The operation StartMessageMoveTask is not supported here."},
		{"queue name", "CreateQueue", `{"QueueName":"a b"}`, "InvalidParameterValueException: Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"},
		{"same name, other attributes", "CreateQueue", `{"QueueName":"q","Attributes":{"VisibilityTimeout":"1"}}`, "QueueNameExists: A queue already exists with the same name and a different value for attribute VisibilityTimeout"},
		{"unknown attribute", "SetQueueAttributes", `{Q,"Attributes":{"Colour":"red"}}`, "InvalidAttributeName: Unknown Attribute Colour."},
		{"attribute out of range", "SetQueueAttributes", `{Q,"Attributes":{"VisibilityTimeout":"43201"}}`, "InvalidAttributeValue: Invalid value for the parameter VisibilityTimeout."},
		{"unknown attribute asked for", "GetQueueAttributes", `{Q,"AttributeNames":["Colour"]}`, "InvalidAttributeName: Unknown Attribute Colour."},
		{"dead letters to nowhere", "SetQueueAttributes", `{Q,"Attributes":{"RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:no\",\"maxReceiveCount\":2}"}}`,
			`InvalidParameterValueException: Value {"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:no","maxReceiveCount":2} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.`},
		{"queue that is not there", "GetQueueUrl", `{"QueueName":"no"}`, "QueueDoesNotExist: The specified queue does not exist."},
		{"no queue", "SendMessage", `{"MessageBody":"a"}`, "MissingRequiredParameterException: The request must contain the parameter QueueUrl."},
		{"no body", "SendMessage", `{Q}`, "MissingRequiredParameterException: The request must contain the parameter MessageBody."},
		{"characters", "SendMessage", `{Q,"MessageBody":"\u0001"}`, "InvalidMessageContents: Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF."},
		{"too many at once", "ReceiveMessage", `{Q,"MaxNumberOfMessages":11}`, "InvalidParameterValueException: Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."},
		{"too long a wait", "ReceiveMessage", `{Q,"WaitTimeSeconds":21}`, "InvalidParameterValueException: Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."},
		{"handle", "DeleteMessage", `{Q,"ReceiptHandle":"x"}`, `ReceiptHandleIsInvalid: The input receipt handle "x" is not a valid receipt handle.`},
		{"empty batch", "DeleteMessageBatch", `{Q,"Entries":[]}`, "EmptyBatchRequest: There should be at least one DeleteMessageBatchRequestEntry in the request."},
		{"same id twice", "DeleteMessageBatch", `{Q,"Entries":[{"Id":"a"},{"Id":"a"}]}`, "BatchEntryIdsNotDistinct: Id a repeated."},
		{"attribute type", "SendMessage", `{Q,"MessageBody":"a","MessageAttributes":{"x":{"DataType":"Colour","StringValue":"red"}}}`,
			"InvalidParameterValueException: The message attribute 'x' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."},
	}
	e := newEngine(t, newClock())
	e.do("CreateQueue", `{"QueueName":"q"}`)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, engine{e.Engine, t}.refuse(tt.operation, tt.request)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPurgeIsRefusedForAMinute(t *testing.T) {
	e := newEngine(t, newClock())
	e.do("CreateQueue", `{"QueueName":"q"}`)
	e.do("SendMessage", `{Q,"MessageBody":"a"}`)
	e.do("PurgeQueue", `{Q}`)
	e.expect("0 visible, 0 in flight, 0 delayed")
	if got, want := e.refuse("PurgeQueue", `{Q}`), "PurgeQueueInProgress: Only one PurgeQueue operation on q is allowed every 60 seconds."; got != want {
		t.Errorf("error = %s, want %s", got, want)
	}
}

func TestTagsAndLists(t *testing.T) {
	e := newEngine(t, newClock())
	e.do("CreateQueue", `{"QueueName":"q","tags":{"a":"1"}}`)
	e.do("CreateQueue", `{"QueueName":"r"}`)
	e.do("TagQueue", `{Q,"Tags":{"b":"2"}}`)
	e.do("UntagQueue", `{Q,"TagKeys":["a"]}`)
	got := []string{e.do("ListQueueTags", `{Q}`), e.do("ListQueues", `{}`), e.do("ListQueues", `{"MaxResults":1}`), e.do("ListQueues", `{"NextToken":"q","MaxResults":1}`)}
	want := []string{`{"Tags":{"b":"2"}}`, `{"QueueUrls":["` + url + `q","` + url + `r"]}`, `{"QueueUrls":["` + url + `q"],"NextToken":"q"}`, `{"QueueUrls":["` + url + `r"]}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}
