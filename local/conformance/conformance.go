// Package conformance holds the desk's engines against software that others wrote: the same requests go to both, and the answers are
// compared: status, error type, text and body.
//
// Scripts (see [Script]) are files of requests with the witness's recorded answers, so that plain go test compares without a witness;
// with one, recorded answers are compared with its own as well. Requests are sent as they are, and once more by the AWS SDK (see [SDK]).
// Where an engine differs on purpose, docs/conformance.md has a row (see [Difference]) that both the scripts and the random comparison
// (see [Fuzz]) go by; a row that no script proves is an error.
//
// The witnesses are found through the environment: OUTBOX_DYNAMODB_WITNESS, OUTBOX_KINESIS_WITNESS and OUTBOX_SQS_WITNESS are the URLs of
// DynamoDB Local, kinesis-mock and ElasticMQ, as `go run ./tools/witnesses` sets them.
package conformance

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"transactional-outbox/local/awsapi"
)

// The environment variables with the URLs of the witnesses.
const (
	DynamoDBWitness = "OUTBOX_DYNAMODB_WITNESS"
	KinesisWitness  = "OUTBOX_KINESIS_WITNESS"
	SQSWitness      = "OUTBOX_SQS_WITNESS"
)

// Endpoint is one implementation of AWS services, spoken to over HTTP.
type Endpoint struct {
	// URL is where it listens.
	URL string
	// AccessKey is who is calling. DynamoDB Local keeps the data of each access key apart.
	AccessKey string
	// Service is the X-Amz-Target prefix of operations that do not name another, such as awsapi.DynamoDB.
	Service string
	// Client performs requests. Nil means http.DefaultClient.
	Client *http.Client
}

// region is the one that requests are signed for.
const region = "us-east-1"

// Answer is what an endpoint answered.
type Answer struct {
	Status int
	Body   []byte
}

// Caller performs requests. An operation "Streams.GetRecords" is one of DynamoDB Streams.
type Caller interface {
	Call(ctx context.Context, operation string, body []byte) (Answer, error)
}

// target returns the X-Amz-Target prefix of an operation and its name.
func (e *Endpoint) target(operation string) (service, name string) {
	if name, ok := strings.CutPrefix(operation, "Streams."); ok {
		return awsapi.DynamoDBStreams, name
	}
	return e.Service, operation
}

// Call implements [Caller].
func (e *Endpoint) Call(ctx context.Context, operation string, body []byte) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	service, operation := e.target(operation)
	signed, version := "dynamodb", "1.0"
	switch service {
	case awsapi.Kinesis:
		signed, version = "kinesis", "1.1"
	case awsapi.SQS:
		signed = "sqs"
	}
	request.Header.Set("X-Amz-Target", service+"."+operation)
	request.Header.Set("X-Amz-Date", "20260101T000000Z")
	request.Header.Set("Content-Type", "application/x-amz-json-"+version)
	request.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/20260101/%s/%s/aws4_request, SignedHeaders=host;x-amz-date, Signature=0",
		e.AccessKey, region, signed))
	client := e.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return Answer{response.StatusCode, text}, err
}
