package dynamodb_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"transactional-outbox/local/awsapi"
)

// TestSDK speaks to the engine with AWS's own client over HTTP.
func TestSDK(t *testing.T) {
	e, _ := newEngine(t)
	server := httptest.NewServer(awsapi.NewHandler(&awsapi.Options{Services: map[string]awsapi.Service{
		awsapi.DynamoDB: e, awsapi.DynamoDBStreams: e.Streams(),
	}}))
	defer server.Close()
	ctx := t.Context()
	credentials := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
	})
	db := dynamodb.New(dynamodb.Options{Region: "eu-central-1", BaseEndpoint: &server.URL, Credentials: credentials})
	streams := dynamodbstreams.New(dynamodbstreams.Options{Region: "eu-central-1", BaseEndpoint: &server.URL, Credentials: credentials})

	updated, err := db.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: aws.String("hash"),
		StreamSpecification: &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewImage}})
	if err != nil {
		t.Fatal(err)
	}
	put := &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Put: &types.Put{TableName: aws.String("hash"), Item: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: "a"}, "b": &types.AttributeValueMemberB{Value: []byte{0, 1}},
		}, ConditionExpression: aws.String("attribute_not_exists(pk)"), ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}},
		{Put: &types.Put{TableName: aws.String("sort"), Item: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: "a"}, "sk": &types.AttributeValueMemberN{Value: "1"},
		}}},
	}}
	if _, err := db.TransactWriteItems(ctx, put); err != nil {
		t.Fatal(err)
	}
	put.ClientRequestToken = nil // which the client has filled in: with it, this would be a repetition, and succeed
	_, err = db.TransactWriteItems(ctx, put)
	var canceled *types.TransactionCanceledException
	if !errors.As(err, &canceled) || len(canceled.CancellationReasons) != 2 || *canceled.CancellationReasons[0].Code != "ConditionalCheckFailed" ||
		canceled.CancellationReasons[0].Item["pk"] == nil || *canceled.CancellationReasons[1].Code != "None" {
		t.Errorf("got %v", err)
	}
	_, err = db.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: aws.String("hash"), Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "a"}},
		UpdateExpression: aws.String("SET n = :n"), ConditionExpression: aws.String("attribute_exists(n)"), ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		ExpressionAttributeValues: map[string]types.AttributeValue{":n": &types.AttributeValueMemberN{Value: "1"}}})
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) || failed.Item["b"] == nil {
		t.Errorf("got %v", err)
	}
	found, err := db.Query(ctx, &dynamodb.QueryInput{TableName: aws.String("sort"), KeyConditionExpression: aws.String("pk = :p"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":p": &types.AttributeValueMemberS{Value: "a"}}})
	if err != nil || found.Count != 1 {
		t.Errorf("got %v, %v", found, err)
	}

	arn := updated.TableDescription.LatestStreamArn
	described, err := streams.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: arn})
	if err != nil {
		t.Fatal(err)
	}
	iterator, err := streams.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{StreamArn: arn,
		ShardId: described.StreamDescription.Shards[0].ShardId, ShardIteratorType: streamtypes.ShardIteratorTypeTrimHorizon})
	if err != nil {
		t.Fatal(err)
	}
	records, err := streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator.ShardIterator})
	if err != nil || len(records.Records) != 1 || records.Records[0].EventName != streamtypes.OperationTypeInsert {
		t.Errorf("got %+v, %v", records, err)
	}
}
