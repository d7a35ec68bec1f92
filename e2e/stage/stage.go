package stage

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Stage is a stage with clients to its AWS APIs, used with the rights of its owner.
type Stage struct {
	Outputs
	DynamoDB *dynamodb.Client
	Kinesis  *kinesis.Client
	SQS      *sqs.Client

	credentials aws.Credentials
	token       string
}

// Connect makes the clients. Credentials come from the usual AWS_* variables, looked up by getenv; on the desk they may be
// missing, and then are the owner's. A stage whose API wants a token needs one in API_TOKEN.
func Connect(outputs *Outputs, getenv func(string) string) (*Stage, error) {
	credentials := aws.Credentials{
		AccessKeyID:     getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    getenv("AWS_SESSION_TOKEN"),
		Source:          "environment",
	}
	if !credentials.HasKeys() {
		if outputs.AWSEndpoint == "" {
			return nil, errors.New("a deployed stage needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment")
		}
		credentials = aws.Credentials{AccessKeyID: "owner", SecretAccessKey: "owner", Source: "suite"}
	}
	token := getenv("API_TOKEN")
	if outputs.Auth == "jwt" && token == "" {
		return nil, errors.New("the stage's API wants a token: put one into API_TOKEN")
	}
	config := aws.Config{
		Region: outputs.Region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return credentials, nil
		}),
	}
	if outputs.AWSEndpoint != "" {
		config.BaseEndpoint = aws.String(outputs.AWSEndpoint)
	}
	return &Stage{
		Outputs:  *outputs,
		DynamoDB: dynamodb.NewFromConfig(config),
		Kinesis:  kinesis.NewFromConfig(config),
		SQS:      sqs.NewFromConfig(config),

		credentials: credentials,
		token:       token,
	}, nil
}

// IsDesk tells whether the stage runs on one machine instead of in an AWS account.
func (s *Stage) IsDesk() bool { return s.AWSEndpoint != "" }
