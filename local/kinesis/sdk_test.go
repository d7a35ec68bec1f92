package kinesis_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/iam"
	"transactional-outbox/local/kinesis"
)

// newClient returns an SDK client whose requests arrive as those of a role with the given policy, or of the owner if there is none.
func newClient(t *testing.T, e *kinesis.Engine, policy string) *sdk.Client {
	opts := &awsapi.Options{Services: map[string]awsapi.Service{awsapi.Kinesis: e}}
	if policy != "" {
		role, err := iam.NewRole("reader", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := role.PutPolicy("p", policy); err != nil {
			t.Fatal(err)
		}
		opts.Principal = func(string) (awsapi.Authorizer, error) { return role.Authorizer("fulfilment"), nil }
	}
	server := httptest.NewServer(awsapi.NewHandler(opts))
	t.Cleanup(server.Close)
	return sdk.New(sdk.Options{
		BaseEndpoint: &server.URL, Region: "us-east-1", RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "made-up"}, nil
		}),
	})
}

func TestRoundTripThroughTheSDK(t *testing.T) {
	ctx := t.Context()
	e := kinesis.New(nil)
	client := newClient(t, e, "")
	if _, err := client.CreateStream(ctx, &sdk.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	put, err := client.PutRecords(ctx, &sdk.PutRecordsInput{StreamName: aws.String("s"), Records: []types.PutRecordsRequestEntry{
		{PartitionKey: aws.String("k"), Data: []byte("a")}, {PartitionKey: aws.String("k"), Data: []byte("b")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	it, err := client.GetShardIterator(ctx, &sdk.GetShardIteratorInput{StreamName: aws.String("s"), ShardId: put.Records[0].ShardId,
		ShardIteratorType: types.ShardIteratorTypeAfterSequenceNumber, StartingSequenceNumber: put.Records[0].SequenceNumber})
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.GetRecords(ctx, &sdk.GetRecordsInput{ShardIterator: it.ShardIterator})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Records) != 1 || string(got.Records[0].Data) != "b" || aws.ToInt64(got.MillisBehindLatest) != 0 || got.NextShardIterator == nil {
		t.Errorf("GetRecords = %+v", got)
	}
	summary, err := client.DescribeStreamSummary(ctx, &sdk.DescribeStreamSummaryInput{StreamName: aws.String("s")})
	if err != nil {
		t.Fatal(err)
	}
	if d := summary.StreamDescriptionSummary; d.StreamStatus != types.StreamStatusActive || d.StreamCreationTimestamp.IsZero() || *d.OpenShardCount != 1 {
		t.Errorf("summary = %+v", d)
	}
	_, err = client.DescribeStream(ctx, &sdk.DescribeStreamInput{StreamName: aws.String("x")})
	var notFound *types.ResourceNotFoundException
	if !errors.As(err, &notFound) || notFound.ErrorMessage() != "Stream x under account 000000000000 not found." {
		t.Errorf("DescribeStream of what is not there: %v", err)
	}
	want := map[string]int64{"CreateStream": 1, "PutRecords": 1, "GetShardIterator": 1, "GetRecords": 1, "DescribeStreamSummary": 1, "DescribeStream": 1}
	if diff := cmp.Diff(want, e.Stats()); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
}

func TestDenialsReachTheSDK(t *testing.T) {
	client := newClient(t, kinesis.New(nil), `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kinesis:Get*","Resource":"*"}}`)
	_, err := client.DescribeStream(t.Context(), &sdk.DescribeStreamInput{StreamName: aws.String("s")})
	var denied *types.AccessDeniedException
	want := "User: arn:aws:sts::000000000000:assumed-role/reader/fulfilment is not authorized to perform: kinesis:DescribeStream on resource: " +
		"arn:aws:kinesis:us-east-1:000000000000:stream/s because no identity-based policy allows the kinesis:DescribeStream action"
	if !errors.As(err, &denied) || denied.ErrorMessage() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}
