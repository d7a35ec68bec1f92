package sqs

// The wire structs. Member names, units and meaning are those of the SQS API reference, API version 2012-11-05.

// SendMessageInput is the request of SendMessage. The queue is named by its URL, or by its ARN for callers inside the desk.
type SendMessageInput struct {
	QueueUrl                string
	MessageBody             string
	DelaySeconds            *int                        `json:",omitempty"`
	MessageAttributes       map[string]MessageAttribute `json:",omitempty"`
	MessageSystemAttributes map[string]MessageAttribute `json:",omitempty"`
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

type createQueueInput struct {
	QueueName  string
	Attributes map[string]string
	Tags       map[string]string `json:"tags"`
}

type queueUrlOutput struct{ QueueUrl string }

type getQueueUrlInput struct {
	QueueName              string
	QueueOwnerAWSAccountId string
}

type getQueueAttributesInput struct {
	QueueUrl       string
	AttributeNames []string
}

type attributesOutput struct {
	Attributes map[string]string `json:",omitempty"`
}

type setQueueAttributesInput struct {
	QueueUrl   string
	Attributes map[string]string
}

type listQueuesInput struct {
	QueueNamePrefix string
	MaxResults      *int
	NextToken       string
}

type listQueuesOutput struct {
	QueueUrls []string `json:",omitempty"`
	NextToken string   `json:",omitempty"`
}

type queueInput struct{ QueueUrl string }

type tagQueueInput struct {
	QueueUrl string
	Tags     map[string]string
}

type untagQueueInput struct {
	QueueUrl string
	TagKeys  []string
}

type tagsOutput struct {
	Tags map[string]string `json:",omitempty"`
}

type receiveMessageInput struct {
	QueueUrl                    string
	AttributeNames              []string
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
	MaxNumberOfMessages         *int
	VisibilityTimeout           *int
	WaitTimeSeconds             *int
}

type receiveMessageOutput struct {
	Messages []receivedMessage `json:",omitempty"`
}

type receivedMessage struct {
	MessageId              string
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             map[string]string           `json:",omitempty"`
	MD5OfMessageAttributes string                      `json:",omitempty"`
	MessageAttributes      map[string]MessageAttribute `json:",omitempty"`
}

type deleteMessageInput struct{ QueueUrl, ReceiptHandle string }

type changeVisibilityInput struct {
	QueueUrl, ReceiptHandle string
	VisibilityTimeout       *int
}

type batchInput[E any] struct {
	QueueUrl string
	Entries  []E
}

type batchOutput[R any] struct {
	Successful []R            `json:",omitempty"`
	Failed     []batchFailure `json:",omitempty"`
}

type batchFailure struct {
	Id          string
	SenderFault bool
	Code        string
	Message     string
}

type sendEntry struct {
	Id                      string
	MessageBody             string
	DelaySeconds            *int
	MessageAttributes       map[string]MessageAttribute
	MessageSystemAttributes map[string]MessageAttribute
}

type sendResult struct {
	Id string
	SendMessageOutput
}

type deleteEntry struct{ Id, ReceiptHandle string }

type changeEntry struct {
	Id, ReceiptHandle string
	VisibilityTimeout *int
}

type idResult struct{ Id string }
