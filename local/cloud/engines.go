package cloud

import (
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb"
	"transactional-outbox/local/kinesis"
	"transactional-outbox/local/remote"
)

// tables is a DynamoDB: the desk's engine, or that of another endpoint.
type tables interface {
	awsapi.Service
	Streams() awsapi.Service
	Feed(table string) (*dynamodb.Feed, error)
	ExpireDue(now time.Time) int
	Expire(table string, keys []byte) (bool, error)
	Stats() dynamodb.Stats
	Close() error
}

// streams is a Kinesis: the desk's engine, or that of another endpoint.
type streams interface {
	awsapi.Service
	kinesis.API
}

func (o *Options) tables() (tables, error) {
	if o.DynamoDBEndpoint == "" {
		return dynamodb.New(&dynamodb.Options{Region: o.Region, Account: o.Account, Clock: o.Clock}), nil
	}
	return remote.NewDynamoDB(remote.Options{Endpoint: o.DynamoDBEndpoint, Region: o.Region, Account: o.Account})
}

func (o *Options) streams() (streams, error) {
	if o.KinesisEndpoint == "" {
		return kinesis.New(&kinesis.Options{Region: o.Region, Account: o.Account, Clock: o.Clock, Limits: o.Limits}), nil
	}
	return remote.NewKinesis(remote.Options{Endpoint: o.KinesisEndpoint, Region: o.Region, Account: o.Account})
}
