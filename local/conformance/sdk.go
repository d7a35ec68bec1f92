package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
	smithytime "github.com/aws/smithy-go/time"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"transactional-outbox/local/awsapi"
)

// SDK performs requests with the clients of the AWS SDK for Go. What the SDK cannot say, because its types have no room for it or its own
// checks refuse it, goes to the endpoint as it is: a client that sends such things has been made by somebody else.
type SDK struct {
	// Typed and Plain count the requests that the SDK has sent and those that it could not.
	Typed, Plain int

	endpoint *Endpoint
	clients  map[string]reflect.Value // by X-Amz-Target prefix
	wire     wire
}

// NewSDK returns the SDK's clients for an endpoint. They do not retry. An SDK performs one request at a time.
func NewSDK(e *Endpoint) *SDK {
	s := &SDK{endpoint: e}
	s.wire.client = e.Client
	if s.wire.client == nil {
		s.wire.client = http.DefaultClient
	}
	config := aws.Config{
		Region: region, BaseEndpoint: &e.URL, HTTPClient: &s.wire, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: e.AccessKey, SecretAccessKey: "secret"}, nil
		}),
	}
	s.clients = map[string]reflect.Value{
		awsapi.DynamoDB:        reflect.ValueOf(dynamodb.NewFromConfig(config)),
		awsapi.DynamoDBStreams: reflect.ValueOf(dynamodbstreams.NewFromConfig(config)),
		awsapi.Kinesis:         reflect.ValueOf(kinesis.NewFromConfig(config)),
		awsapi.SQS:             reflect.ValueOf(sqs.NewFromConfig(config)),
	}
	return s
}

// Call is [Endpoint.Call] through the SDK. It is an error if the output or error that the SDK returns is not what the answer says.
func (s *SDK) Call(ctx context.Context, operation string, body []byte) (Answer, error) {
	service, name := s.endpoint.target(operation)
	s.wire.begin(body)
	output, err := s.call(ctx, service, name, body)
	if s.wire.answer.Status == 0 {
		s.Plain++
		return s.endpoint.Call(ctx, operation, body)
	}
	s.Typed++
	if s.wire.answer.Status == http.StatusOK {
		return s.wire.answer, s.wire.returned(output, err)
	}
	return s.wire.answer, s.wire.refused(err)
}

// call calls the operation's method and returns its output and error. Nothing is sent if there is no such method or its input has no
// room for the body.
func (s *SDK) call(ctx context.Context, service, operation string, body []byte) (output reflect.Value, err error) {
	method := s.clients[service].MethodByName(operation)
	if !method.IsValid() {
		return output, fmt.Errorf("the SDK has no operation %s", operation)
	}
	input := reflect.New(method.Type().In(1).Elem())
	if err := json.Unmarshal(body, input.Interface(), json.RejectUnknownMembers(true), typed); err != nil {
		return output, err
	}
	results := method.Call([]reflect.Value{reflect.ValueOf(ctx), input})
	err, _ = results[1].Interface().(error)
	return results[0], err
}

// errOtherRequest keeps a request from being sent that is not the one to compare.
var errOtherRequest = errors.New("the SDK would send something else")

// wire sends what the SDK sends, provided it is the request that it should be, and keeps the answer.
type wire struct {
	client     *http.Client
	request    []byte
	answer     Answer // Status 0 if nothing was sent
	queryError string // SQS's error code of old, which the SDK prefers
}

func (w *wire) begin(request []byte) { w.request, w.answer, w.queryError = request, Answer{}, "" }

// Do implements aws.HTTPClient.
func (w *wire) Do(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	if !sameRequest(body, w.request) {
		return nil, errOtherRequest
	}
	again := request.Clone(request.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	response, err := w.client.Do(again)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	w.answer = Answer{response.StatusCode, answer}
	w.queryError, _, _ = strings.Cut(response.Header.Get("X-Amzn-Query-Error"), ";")
	response.Body = io.NopCloser(bytes.NewReader(answer))
	return response, nil
}

// returned says whether the output is what the SDK has to make of an answer of success.
func (w *wire) returned(output reflect.Value, err error) error {
	if err != nil {
		return fmt.Errorf("the SDK refuses %d %s: %w", w.answer.Status, w.answer.Body, err)
	}
	if output.Type() == reflect.TypeFor[*dynamodbstreams.GetRecordsOutput]() {
		return nil // the SDK has types of their own for the values in stream records; that it reads them must do
	}
	want := reflect.New(output.Type().Elem())
	if len(w.answer.Body) > 0 {
		if err := json.Unmarshal(w.answer.Body, want.Interface(), typed); err != nil {
			return err
		}
	}
	output.Elem().FieldByName("ResultMetadata").SetZero()
	if !reflect.DeepEqual(output.Interface(), want.Interface()) {
		return fmt.Errorf("the SDK takes %d %s for %+v", w.answer.Status, w.answer.Body, output.Elem().Interface())
	}
	return nil
}

// refused says whether err is what the SDK has to make of an answer of failure.
func (w *wire) refused(err error) error {
	if err == nil {
		return fmt.Errorf("the SDK takes %d %s for a success", w.answer.Status, w.answer.Body)
	}
	var body struct {
		Type    string `json:"__type"`
		Message string `json:"message,case:ignore"`
	}
	if json.Unmarshal(w.answer.Body, &body) != nil {
		return nil // not an error of the protocol, which says nothing to the SDK but the status
	}
	code := body.Type[strings.LastIndex(body.Type, "#")+1:]
	if w.queryError != "" {
		code = w.queryError
	}
	var known smithy.APIError
	if !errors.As(err, &known) {
		return fmt.Errorf("the SDK takes %d %s for %w", w.answer.Status, w.answer.Body, err)
	}
	if known.ErrorCode() != code || known.ErrorMessage() != body.Message {
		return fmt.Errorf("the SDK takes %d %s for %s: %s", w.answer.Status, w.answer.Body, known.ErrorCode(), known.ErrorMessage())
	}
	return nil
}

// sameRequest reports whether two bodies say the same. The SDK gives every transaction a token; that one may be added.
func sameRequest(sent, wanted []byte) bool {
	const token = "ClientRequestToken"
	var a, b map[string]any
	if json.Unmarshal(sent, &a) != nil || json.Unmarshal(wanted, &b) != nil {
		return false
	}
	if _, ok := b[token]; !ok {
		delete(a, token)
	}
	return reflect.DeepEqual(a, b)
}

// typed is the option that reads requests and answers into the SDK's types.
var typed = json.WithUnmarshalers(json.JoinUnmarshalers(json.UnmarshalFromFunc(readAttributeValue), json.UnmarshalFromFunc(readTime)))

// readTime reads seconds since 1970.
func readTime(dec *jsontext.Decoder, t *time.Time) error {
	var seconds float64
	if err := json.UnmarshalDecode(dec, &seconds); err != nil {
		return err
	}
	*t = smithytime.ParseEpochSeconds(seconds)
	return nil
}
