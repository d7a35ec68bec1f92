package remote

import (
	"context"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/kinesis"
)

// Kinesis is the Kinesis of another endpoint. It is safe for concurrent use. It is no kinesis.Waiter: its readers poll.
type Kinesis struct{ endpoint *endpoint }

var (
	_ awsapi.Service = (*Kinesis)(nil)
	_ kinesis.API    = (*Kinesis)(nil)
)

// NewKinesis returns the Kinesis at an endpoint. It does not ask whether anybody is there.
func NewKinesis(o Options) (*Kinesis, error) {
	e, err := newEndpoint(o, "kinesis", "1.1")
	if err != nil {
		return nil, err
	}
	return &Kinesis{e}, nil
}

// Call performs one operation of Kinesis_20131202. A caller other than the owner must name the stream in GetRecords, for iterators do not show
// whose they are.
func (k *Kinesis) Call(ctx context.Context, auth awsapi.Authorizer, operation string, request []byte) ([]byte, error) {
	if auth != nil {
		var in struct{ StreamName, StreamARN, ResourceARN string }
		if err := json.Unmarshal(request, &in); err != nil {
			return nil, awsapi.Errorf("SerializationException", "The request of %s is no valid JSON.", operation)
		}
		resource := in.StreamARN
		switch {
		case resource != "":
		case in.ResourceARN != "":
			resource = in.ResourceARN
		case in.StreamName != "":
			resource = k.endpoint.arns.own + "stream/" + in.StreamName
		case operation == "ListStreams":
			resource = "*"
		default:
			return nil, awsapi.Errorf("InvalidArgumentException", "StreamARN must be provided: the streams are at %s.", k.endpoint.Endpoint)
		}
		if err := auth("kinesis:"+operation, resource); err != nil {
			return nil, err
		}
	}
	response, err := k.endpoint.call(ctx, awsapi.Kinesis, operation, request)
	if err == nil {
		err = settle(ctx, k, operation, request, k.endpoint.Poll)
	}
	return response, err
}

// PutRecords writes records.
func (k *Kinesis) PutRecords(ctx context.Context, auth awsapi.Authorizer, in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
	return typed[kinesis.PutRecordsOutput](ctx, k, auth, "PutRecords", in)
}

// ListShards lists the shards of a stream.
func (k *Kinesis) ListShards(ctx context.Context, auth awsapi.Authorizer, in *kinesis.ListShardsInput) (*kinesis.ListShardsOutput, error) {
	return typed[kinesis.ListShardsOutput](ctx, k, auth, "ListShards", in)
}

// GetShardIterator says where to read.
func (k *Kinesis) GetShardIterator(ctx context.Context, auth awsapi.Authorizer, in *kinesis.GetShardIteratorInput) (*kinesis.GetShardIteratorOutput, error) {
	return typed[kinesis.GetShardIteratorOutput](ctx, k, auth, "GetShardIterator", in)
}

// GetRecords reads records.
func (k *Kinesis) GetRecords(ctx context.Context, auth awsapi.Authorizer, in *kinesis.GetRecordsInput) (*kinesis.GetRecordsOutput, error) {
	return typed[kinesis.GetRecordsOutput](ctx, k, auth, "GetRecords", in)
}

// DescribeStreamSummary describes a stream.
func (k *Kinesis) DescribeStreamSummary(ctx context.Context, auth awsapi.Authorizer, in *kinesis.DescribeStreamSummaryInput) (*kinesis.DescribeStreamSummaryOutput, error) {
	return typed[kinesis.DescribeStreamSummaryOutput](ctx, k, auth, "DescribeStreamSummary", in)
}

func typed[Out any](ctx context.Context, k *Kinesis, auth awsapi.Authorizer, operation string, in any) (*Out, error) {
	request, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	response, err := k.Call(ctx, auth, operation, request)
	if err != nil {
		return nil, err
	}
	out := new(Out)
	return out, json.Unmarshal(response, out)
}
