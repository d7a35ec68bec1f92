package sqs

// SendMessageInput is the request of SendMessage. The queue is named by its URL, or by its ARN for callers inside the desk.
type SendMessageInput struct {
	QueueUrl                string
	MessageBody             string
	DelaySeconds            *int                        `json:",omitempty"`
	MessageAttributes       map[string]MessageAttribute `json:",omitempty"`
	MessageSystemAttributes map[string]MessageAttribute `json:",omitempty"`
	MessageDeduplicationId  string                      `json:",omitempty"`
	MessageGroupId          string                      `json:",omitempty"`
}

// MessageAttribute is a typed value beside the body. DataType is String, Number or Binary, optionally with a label after a dot.
type MessageAttribute struct {
	DataType    string
	StringValue *string `json:",omitempty"`
	BinaryValue []byte  `json:",omitempty"`
}

// SendMessageOutput answers SendMessage.
type SendMessageOutput struct {
	MessageId                    string
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitempty"`
	MD5OfMessageSystemAttributes string `json:",omitempty"`
}
