// Package cloud is the desk's counterpart of an AWS account in one region: for each Pulumi resource type the
// program uses, a working resource on this machine, made of the desk's engines.
//
// The drivers (package monitor, package provider) bring resources with their inputs; [Cloud.Create] and its
// siblings turn them into tables, streams, functions and APIs. A resource type or a property that the desk does
// not know is an error that names it, never ignored.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/cloudwatch"
	"transactional-outbox/local/faults"
	"transactional-outbox/local/iam"
	"transactional-outbox/local/lambda"
	"transactional-outbox/local/mapping"
	"transactional-outbox/local/sqs"
)

// Options configures [New].
type Options struct {
	// Region and Account are part of every ARN. Empty means eu-west-1 and 000000000000.
	Region, Account string
	// Root is the absolute path of the folder with Pulumi.yaml, which relative paths of the program start from.
	Root string
	// Folder is where code is unpacked; it must exist and belongs to this Cloud alone.
	Folder string
	// APIListen is the address of the first HTTP API; further ones get any free port. Empty means any free port.
	APIListen string
	// AWSListen is the address of the endpoint for AWS's own APIs. Empty means any free port of 127.0.0.1.
	AWSListen string
	// DynamoDBEndpoint and KinesisEndpoint are URLs of endpoints that are used in place of the desk's own engines; see package remote. Empty
	// means the engines.
	DynamoDBEndpoint, KinesisEndpoint string
	// Profile, if set, has the functions write CPU profiles; see Profile of package lambda.
	Profile string
	// Endpoint is set by New: the URL of the endpoint for AWS's own APIs.
	Endpoint string
	// Concurrency limits the processes of one function. 0 means lambda.DefaultConcurrency.
	Concurrency int
	// Duplicate is the probability that a stream record is delivered twice. 0 means the default of package
	// replication; negative means never. Seed seeds it.
	Duplicate float64
	Seed      uint64
	// Limits has the desk's own streams refuse what is more than their shards take and give in a second.
	Limits bool
	// Backoff is how long an event source mapping waits before attempt number n (1, 2, ...). Nil means mapping.DefaultBackoff.
	Backoff func(n int) time.Duration
	// Faults makes things go wrong in place of Duplicate, and is closed with the Cloud. Nil means that Duplicate says what does.
	Faults *faults.Injector
	// Clock tells the time. Nil means time.Now.
	Clock func() time.Time
	// Log receives what goes to log groups, from several goroutines. Nil discards it.
	Log func(LogLine)
	// OnStreamRecord sees the records that streaming destinations write, in order. Nil means nobody looks.
	OnStreamRecord func(StreamRecord)
	// OnDenied sees every call of a function that its role does not allow, from several goroutines. Nil means nobody looks.
	OnDenied func(Denial)
	// Logger receives what the desk itself has to say. Nil discards it.
	Logger *slog.Logger
}

// Cloud holds the engines and the resources. It is safe for concurrent use.
type Cloud struct {
	options Options
	types   map[string]resourceType

	dynamodb tables
	kinesis  streams
	sqs      *sqs.Engine
	lambda   *lambda.Service

	accessKeys      accessKeys
	roleByName      index[*iam.Role]
	functionRole    index[string] // ARN of the role, by function name
	keyByResource   index[string] // customer managed keys, by the ARN of what they encrypt
	logGroupNames   index[struct{}]
	apiByID         index[*servedAPI]
	destinationByID index[destination]
	mappingByID     index[*mapping.Mapping]
	mappingInputs   index[mappingInput]
	mappingNames    index[mappingOf]

	alarmByName        index[*cloudwatch.Alarm]
	dashboardByName    index[string] // the body
	metricFilterByName index[*metricFilter]
	topicByARN         index[string] // the policy
	watch              watch

	commandTime busyTime

	servers  sync.WaitGroup
	endpoint *http.Server
	mu       sync.Mutex
	apiTaken bool // the address for the first API has been given away
}

// New starts a Cloud without resources, with its AWS endpoint. An address in use is an error that says so.
func New(options Options) (*Cloud, error) {
	options.setDefaults()
	listener, err := listen(options.AWSListen)
	if err != nil {
		return nil, fmt.Errorf("AWS endpoint: %w", err)
	}
	options.Endpoint = "http://" + listener.Addr().String()
	c := &Cloud{options: options}
	if c.kinesis, err = options.streams(); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	if c.dynamodb, err = options.tables(); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	c.sqs = sqs.New(&sqs.Options{Region: options.Region, Account: options.Account, Endpoint: options.Endpoint, Clock: options.Clock})
	c.lambda = lambda.New(&lambda.Options{Region: options.Region, Clock: options.Clock, Fault: options.Faults.Kill, Profile: options.Profile})
	c.accessKeys.init()
	c.types = map[string]resourceType{
		"aws:apigatewayv2/api:Api":                                             c.apis(),
		"aws:apigatewayv2/authorizer:Authorizer":                               c.authorizers(),
		"aws:apigatewayv2/integration:Integration":                             c.integrations(),
		"aws:apigatewayv2/route:Route":                                         c.routes(),
		"aws:apigatewayv2/stage:Stage":                                         c.apiStages(),
		"aws:cloudwatch/dashboard:Dashboard":                                   c.dashboards(),
		"aws:cloudwatch/logMetricFilter:LogMetricFilter":                       c.metricFilters(),
		"aws:cloudwatch/metricAlarm:MetricAlarm":                               c.alarms(),
		"aws:sns/topic:Topic":                                                  c.topics(),
		"aws:sns/topicPolicy:TopicPolicy":                                      c.topicPolicies(),
		"aws:cloudwatch/logGroup:LogGroup":                                     c.logGroups(),
		"aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination": c.destinations(),
		"aws:dynamodb/table:Table":                                             c.tables(),
		"aws:iam/role:Role":                                                    c.roles(),
		"aws:iam/rolePolicy:RolePolicy":                                        c.rolePolicies(),
		"aws:kinesis/stream:Stream":                                            c.streams(),
		"aws:lambda/eventSourceMapping:EventSourceMapping":                     c.mappings(),
		"aws:lambda/function:Function":                                         c.functions(),
		"aws:lambda/permission:Permission":                                     c.permissions(),
		"aws:sqs/queue:Queue":                                                  c.queues(),
		"aws:sqs/queuePolicy:QueuePolicy":                                      c.queuePolicies(),
	}
	c.startWatch()
	pages := http.NewServeMux()
	pages.HandleFunc("GET /metrics", c.metricsPage)
	pages.HandleFunc("GET /2015-03-31/event-source-mappings/{uuid}", c.mappingPage)
	pages.Handle("/", awsapi.NewHandler(&awsapi.Options{
		Services: map[string]awsapi.Service{
			awsapi.DynamoDB: describedTables{countedTables{options.Faults.Tables(c.dynamodb), c}, c}, awsapi.DynamoDBStreams: c.dynamodb.Streams(), awsapi.Kinesis: c.kinesis, awsapi.SQS: c.sqs,
		},
		Principal: c.accessKeys.principal,
		Logger:    options.Logger,
	}))
	c.endpoint = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: pages}
	c.serve(c.endpoint, listener)
	return c, nil
}

func (o *Options) setDefaults() {
	o.Region = orDefault(o.Region, "eu-west-1")
	o.Account = orDefault(o.Account, "000000000000")
	o.APIListen = orDefault(o.APIListen, "127.0.0.1:0")
	o.AWSListen = orDefault(o.AWSListen, "127.0.0.1:0")
	if o.Faults == nil {
		o.Faults = faults.New(faults.Mix{}, o.Seed, nil)
	} else {
		o.Duplicate = -1
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = func(LogLine) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

// Endpoint is the URL at which the desk speaks AWS's own APIs.
func (c *Cloud) Endpoint() string { return c.options.Endpoint }

// Close stops what the resources run, from the front to the back, and returns when nothing is left.
func (c *Cloud) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var failures []error
	c.stopWatch()
	for _, api := range c.apiByID.drain() {
		failures = append(failures, shutdown(ctx, api.server))
	}
	for _, running := range c.destinationByID.drain() {
		failures = append(failures, running.stop())
	}
	// A mapping waits for its invocations, so the processes go before it, but it must not take their end for a failure.
	mappings := c.mappingByID.drain()
	for _, running := range mappings {
		running.Stop()
	}
	failures = append(failures, c.lambda.Close())
	for _, running := range mappings {
		failures = append(failures, running.Close())
	}
	failures = append(failures, shutdown(ctx, c.endpoint), c.options.Faults.Close(), c.dynamodb.Close())
	c.servers.Wait()
	return errors.Join(failures...)
}

// shutdown lets requests finish as long as ctx allows, and then ends them.
func shutdown(ctx context.Context, server *http.Server) error {
	if err := server.Shutdown(ctx); err != nil {
		return server.Close()
	}
	return nil
}

// serve runs a server until it is shut down.
func (c *Cloud) serve(server *http.Server, listener net.Listener) {
	c.servers.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			c.options.Logger.Error("server stopped", "address", listener.Addr().String(), "error", err)
		}
	})
}

// listenAPI gives the first API the address that users know, and any other a free port.
func (c *Cloud) listenAPI() (net.Listener, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	address := c.options.APIListen
	if c.apiTaken {
		address = "127.0.0.1:0"
	}
	listener, err := listen(address)
	if err == nil {
		c.apiTaken = true
	}
	return listener, err
}

// listen listens on an address of this machine only.
func listen(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", address, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("address %q is not a loopback address such as 127.0.0.1:8080: the desk is for one machine", address)
	}
	return net.Listen("tcp", address)
}
