// Package tabletest runs the service's tables on the desk's DynamoDB, for tests that want real conditions and transactions
// behind a real client. Each call starts an empty one; it ends with the test.
package tabletest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/local/awsapi"
	engine "transactional-outbox/local/dynamodb"
)

// Names of the tables.
const (
	Orders      = "orders"
	Events      = "events"
	Fulfilments = "fulfilments"
)

// Tables are the service's tables, empty at first.
type Tables struct {
	Engine *engine.Engine
	Client *dynamodb.Client
	URL    string // of the endpoint
}

// Options of Tables; every field may be left out.
type Options struct {
	Hook     engine.Hook // sees every operation, for faults
	Attempts int         // of the client; 1 by default, so that tests see every failure; more are made without a pause
}

// New starts tables.
func New(tb testing.TB, o *Options) *Tables {
	tb.Helper()
	if o == nil {
		o = &Options{}
	}
	e := engine.New(&engine.Options{Hook: o.Hook, ExpireEvery: -1})
	server := httptest.NewServer(awsapi.NewHandler(&awsapi.Options{Services: map[string]awsapi.Service{awsapi.DynamoDB: e}}))
	tb.Cleanup(func() {
		server.Close()
		if err := e.Close(); err != nil {
			tb.Error(err)
		}
	})
	t := &Tables{Engine: e, URL: server.URL, Client: dynamodb.New(dynamodb.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), HTTPClient: &http.Client{Transport: ownBody{server.Client().Transport}},
		Retryer: retry.NewStandard(func(r *retry.StandardOptions) {
			r.MaxAttempts, r.RateLimiter = max(o.Attempts, 1), ratelimit.None
			r.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "owner", SecretAccessKey: "secret"}, nil
		}),
	})}
	t.create(tb, Orders, false)
	t.create(tb, Events, true)
	t.create(tb, Fulfilments, false)
	return t
}

// ownBody gives each request a body that the SDK does not hold. The SDK closes its own as soon as an answer begins, and where
// the transport has not yet looked for that body's end, it takes the closing for a failure and drops the connection with
// the answer half read: seen against a server as near as this one, and retried by every client with more than one attempt.
// https://github.com/aws/aws-sdk-go-v2/issues/2737
type ownBody struct{ http.RoundTripper }

func (t ownBody) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if err := r.Body.Close(); err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return t.RoundTripper.RoundTrip(r)
}

func (t *Tables) create(tb testing.TB, name string, sorted bool) {
	tb.Helper()
	in := &dynamodb.CreateTableInput{
		TableName: aws.String(name), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("orderId"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("orderId"), KeyType: types.KeyTypeHash}},
	}
	if sorted {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: aws.String("sequence"), AttributeType: types.ScalarAttributeTypeN})
		in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: aws.String("sequence"), KeyType: types.KeyTypeRange})
	}
	if _, err := t.Client.CreateTable(tb.Context(), in); err != nil {
		tb.Fatal(err)
	}
}

// Items returns all items of a table.
func (t *Tables) Items(tb testing.TB, table string) []map[string]types.AttributeValue {
	tb.Helper()
	var items []map[string]types.AttributeValue
	pages := dynamodb.NewScanPaginator(t.Client, &dynamodb.ScanInput{TableName: aws.String(table), ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(tb.Context())
		if err != nil {
			tb.Fatal(err)
		}
		items = append(items, page.Items...)
	}
	return items
}

// Put writes an item.
func (t *Tables) Put(tb testing.TB, table string, item map[string]types.AttributeValue) {
	tb.Helper()
	if _, err := t.Client.PutItem(tb.Context(), &dynamodb.PutItemInput{TableName: aws.String(table), Item: item}); err != nil {
		tb.Fatal(err)
	}
}

// Calls returns how often each operation was called so far.
func (t *Tables) Calls() map[string]int64 { return t.Engine.Stats().Calls }
