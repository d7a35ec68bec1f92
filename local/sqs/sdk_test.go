package sqs_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/sqs"
)

func TestRoundTripThroughTheSDK(t *testing.T) {
	ctx := t.Context()
	e := sqs.New(nil)
	server := httptest.NewServer(awsapi.NewHandler(&awsapi.Options{Services: map[string]awsapi.Service{awsapi.SQS: e}}))
	t.Cleanup(server.Close)
	e.SetEndpoint(server.URL)
	client := sdk.New(sdk.Options{
		BaseEndpoint: &server.URL, Region: "us-east-1", RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "made-up"}, nil
		}),
	})
	created, err := client.CreateQueue(ctx, &sdk.CreateQueueInput{QueueName: aws.String("q"), Tags: map[string]string{"a": "b"}})
	if err != nil {
		t.Fatal(err)
	}
	if want := server.URL + "/000000000000/q"; *created.QueueUrl != want {
		t.Errorf("queue URL = %s, want %s", *created.QueueUrl, want)
	}
	// The client verifies the digests of what it sends and receives.
	attributes := map[string]types.MessageAttributeValue{
		"text":  {DataType: aws.String("String"), StringValue: aws.String("x")},
		"bytes": {DataType: aws.String("Binary.png"), BinaryValue: []byte{1, 2}},
	}
	if _, err := client.SendMessage(ctx, &sdk.SendMessageInput{QueueUrl: created.QueueUrl, MessageBody: aws.String("hello"), MessageAttributes: attributes}); err != nil {
		t.Fatal(err)
	}
	got, err := client.ReceiveMessage(ctx, &sdk.ReceiveMessageInput{QueueUrl: created.QueueUrl, WaitTimeSeconds: 1,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll}, MessageAttributeNames: []string{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Messages) != 1 || *got.Messages[0].Body != "hello" || got.Messages[0].Attributes["ApproximateReceiveCount"] != "1" || len(got.Messages[0].MessageAttributes) != 2 {
		t.Fatalf("messages = %+v", got.Messages)
	}
	deleted, err := client.DeleteMessageBatch(ctx, &sdk.DeleteMessageBatchInput{QueueUrl: created.QueueUrl,
		Entries: []types.DeleteMessageBatchRequestEntry{{Id: aws.String("1"), ReceiptHandle: got.Messages[0].ReceiptHandle}}})
	if err != nil || len(deleted.Successful) != 1 || len(deleted.Failed) != 0 {
		t.Errorf("DeleteMessageBatch = %+v, %v", deleted, err)
	}
	_, err = client.GetQueueUrl(ctx, &sdk.GetQueueUrlInput{QueueName: aws.String("x")})
	var absent *types.QueueDoesNotExist
	if !errors.As(err, &absent) {
		t.Errorf("GetQueueUrl of what is not there: %v", err)
	}
	if got := e.Stats()["SendMessage"]; got != 1 {
		t.Errorf("SendMessage was counted %d times, want 1", got)
	}
}
