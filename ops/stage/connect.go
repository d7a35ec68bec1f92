package stage

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// A Stage is a stage with clients to its AWS APIs, used with the rights of whoever holds the credentials.
type Stage struct {
	Outputs
	DynamoDB *dynamodb.Client
	Streams  *dynamodbstreams.Client
	Kinesis  *kinesis.Client
	SQS      *sqs.Client

	config aws.Config
	http   *http.Client
}

// errCredentials says what a person with a profile has to do: the SDK's own search for credentials would bring a dozen modules.
var errCredentials = errors.New(`no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or with a profile run eval "$(aws configure export-credentials --format env)" first`)

// Attempts of one call, and connections kept open. An operator's command has more patience than a function.
const (
	attempts    = 10
	maxBackoff  = 5 * time.Second
	connections = 64
)

// Connect makes the clients. Credentials come from the usual AWS_* variables, looked up by getenv; the desk takes any, so there they
// may be missing. Close it.
func Connect(outputs *Outputs, getenv func(string) string) (*Stage, error) {
	credentials := aws.Credentials{
		AccessKeyID:     getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    getenv("AWS_SESSION_TOKEN"),
		Source:          "environment",
	}
	if !credentials.HasKeys() {
		if outputs.AWSEndpoint == "" {
			return nil, errCredentials
		}
		credentials = aws.Credentials{AccessKeyID: "operator", SecretAccessKey: "operator", Source: "desk"}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost, transport.MaxIdleConns = connections, connections
	transport.DisableCompression = true
	transport.ResponseHeaderTimeout = time.Minute
	s := &Stage{Outputs: *outputs, http: &http.Client{Transport: transport}}
	s.config = aws.Config{
		Region:      outputs.Region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil }),
		HTTPClient:  s.http,
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				// Whoever throttles us is asked again later, for as long as the attempts last: no budget is shared between calls.
				o.MaxAttempts, o.MaxBackoff, o.RateLimiter = attempts, maxBackoff, ratelimit.None
			})
		},
	}
	if outputs.AWSEndpoint != "" {
		s.config.BaseEndpoint = aws.String(outputs.AWSEndpoint)
	}
	s.DynamoDB = dynamodb.NewFromConfig(s.config, func(o *dynamodb.Options) {
		// The checksum of an answer is TLS's business on the way and DynamoDB's at rest.
		o.DisableValidateResponseChecksum = true
	})
	s.Streams = dynamodbstreams.NewFromConfig(s.config)
	s.Kinesis = kinesis.NewFromConfig(s.config)
	s.SQS = sqs.NewFromConfig(s.config)
	return s, nil
}

// Close gives the connections up.
func (s *Stage) Close() { s.http.CloseIdleConnections() }
