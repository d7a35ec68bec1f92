package cloud

import (
	"context"
	"fmt"
	"strings"
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/mapping"
	"transactional-outbox/local/sqs"
)

// mappingInput are the supported inputs of aws:lambda/eventSourceMapping:EventSourceMapping.
type mappingInput struct {
	FunctionName                   string             `json:"functionName"`
	EventSourceARN                 string             `json:"eventSourceArn"`
	StartingPosition               string             `json:"startingPosition"`
	StartingPositionTimestamp      string             `json:"startingPositionTimestamp"`
	BatchSize                      float64            `json:"batchSize"`
	MaximumBatchingWindowInSeconds float64            `json:"maximumBatchingWindowInSeconds"`
	ParallelizationFactor          float64            `json:"parallelizationFactor"`
	BisectBatchOnFunctionError     bool               `json:"bisectBatchOnFunctionError"`
	MaximumRetryAttempts           *float64           `json:"maximumRetryAttempts"`
	MaximumRecordAgeInSeconds      float64            `json:"maximumRecordAgeInSeconds"`
	TumblingWindowInSeconds        float64            `json:"tumblingWindowInSeconds"`
	FunctionResponseTypes          []string           `json:"functionResponseTypes"`
	FilterCriteria                 *filterCriteria    `json:"filterCriteria"`
	DestinationConfig              *destinationConfig `json:"destinationConfig"`
	MetricsConfig                  *metricsConfig     `json:"metricsConfig"`
	Enabled                        *bool              `json:"enabled"`
	Tags                           map[string]string  `json:"tags"`
}

type filterCriteria struct {
	Filters []struct {
		Pattern string `json:"pattern"`
	} `json:"filters"`
}

type destinationConfig struct {
	OnFailure *struct {
		DestinationARN string `json:"destinationArn"`
	} `json:"onFailure"`
}

// metricsConfig asks for event-count metrics, which the desk counts whether asked or not.
type metricsConfig struct {
	Metrics []string `json:"metrics"`
}

// mappings implements aws:lambda/eventSourceMapping:EventSourceMapping.
func (c *Cloud) mappings() resourceType {
	return typed[mappingInput]{
		facts:      traits{replace: []string{"eventSourceArn", "startingPosition", "startingPositionTimestamp"}},
		createFunc: c.createMapping,
		updateFunc: func(ctx context.Context, id string, old, in mappingInput) (properties, error) {
			running, ok := c.mappingByID.get(id)
			if !ok {
				return nil, awsapi.Errorf("ResourceNotFoundException", "The resource you requested does not exist.")
			}
			if functionName(in.FunctionName) != functionName(old.FunctionName) {
				return nil, fmt.Errorf("functionName cannot change on the desk: make it a new mapping")
			}
			if err := running.Update(in.config()); err != nil {
				return nil, err
			}
			c.mappingInputs.set(id, in)
			return c.mappingOutputs(id, in), running.Settled(ctx)
		},
		deleteFunc: func(_ context.Context, id string, _ mappingInput) error {
			running, ok := c.mappingByID.get(id)
			if !ok {
				return nil
			}
			c.mappingByID.remove(id)
			c.mappingNames.remove(id)
			c.mappingInputs.remove(id)
			return running.Close()
		},
		existsFunc: func(_ context.Context, id string, _ mappingInput) (bool, error) {
			_, ok := c.mappingByID.get(id)
			return ok, nil
		},
	}
}

func (c *Cloud) createMapping(ctx context.Context, in mappingInput) (string, properties, error) {
	function, err := c.lambda.Function(functionName(in.FunctionName))
	if err != nil {
		return "", nil, err
	}
	authorizer, err := c.accessKeys.principal(function.Credentials.AccessKeyID)
	if err != nil {
		return "", nil, err
	}
	role, _ := c.functionRole.get(function.Name)
	options := &mapping.Options{
		Config: in.config(), UUID: c.randomUUID(), FunctionARN: function.ARN, RoleARN: role,
		Authorizer: authorizer, Queue: queueByARN{c},
		StartingPosition: in.StartingPosition,
		Backoff:          c.options.Backoff, Clock: c.options.Clock, Logger: c.options.Logger,
	}
	if in.StartingPositionTimestamp != "" {
		if options.StartingPositionTimestamp, err = time.Parse(time.RFC3339, in.StartingPositionTimestamp); err != nil {
			return "", nil, fmt.Errorf("startingPositionTimestamp %q is not an RFC 3339 time", in.StartingPositionTimestamp)
		}
	}
	source, err := c.source(in.EventSourceARN, authorizer)
	if err != nil {
		return "", nil, err
	}
	running, err := mapping.New(source, c.invoker(function.Name), options)
	if err != nil {
		return "", nil, err
	}
	if err := running.Settled(ctx); err != nil {
		running.Close()
		return "", nil, err
	}
	c.mappingByID.add(options.UUID, running)
	c.mappingInputs.add(options.UUID, in)
	c.mappingNames.add(options.UUID, mappingOf{function.Name, in.EventSourceARN})
	return options.UUID, c.mappingOutputs(options.UUID, in), nil
}

// source opens the stream of a mapping, to be read with the function's role.
func (c *Cloud) source(arn string, authorizer awsapi.Authorizer) (mapping.Source, error) {
	options := &mapping.SourceOptions{Clock: c.options.Clock}
	switch {
	case strings.HasPrefix(arn, "arn:aws:kinesis:"):
		return mapping.NewKinesisSource(c.kinesis, authorizer, arn, options), nil
	case strings.HasPrefix(arn, "arn:aws:dynamodb:"):
		return mapping.NewDynamoDBSource(c.dynamodb.Streams(), authorizer, arn, options), nil
	default:
		return nil, fmt.Errorf("eventSourceArn %q is not supported on the desk; supported are Kinesis and DynamoDB streams", arn)
	}
}

func (c *Cloud) invoker(function string) mapping.Invoker {
	return mapping.InvokerFunc(func(ctx context.Context, event []byte) (*mapping.Response, error) {
		result, err := c.lambda.Invoke(ctx, function, event, nil)
		if err != nil {
			return nil, err
		}
		return &mapping.Response{RequestID: result.RequestID, Payload: result.Payload, FunctionError: result.FunctionError}, nil
	})
}

func (in mappingInput) config() mapping.Config {
	config := mapping.Config{
		BatchSize:                      int(in.BatchSize),
		MaximumBatchingWindowInSeconds: int(in.MaximumBatchingWindowInSeconds),
		ParallelizationFactor:          int(in.ParallelizationFactor),
		MaximumRecordAgeInSeconds:      int(in.MaximumRecordAgeInSeconds),
		BisectBatchOnFunctionError:     in.BisectBatchOnFunctionError,
		FunctionResponseTypes:          in.FunctionResponseTypes,
		TumblingWindowInSeconds:        int(in.TumblingWindowInSeconds),
		Disabled:                       in.Enabled != nil && !*in.Enabled,
	}
	if in.MaximumRetryAttempts != nil {
		attempts := int(*in.MaximumRetryAttempts)
		config.MaximumRetryAttempts = &attempts
	}
	if in.FilterCriteria != nil {
		for _, filter := range in.FilterCriteria.Filters {
			config.Filters = append(config.Filters, filter.Pattern)
		}
	}
	if in.DestinationConfig != nil && in.DestinationConfig.OnFailure != nil {
		config.OnFailure = in.DestinationConfig.OnFailure.DestinationARN
	}
	return config
}

func (c *Cloud) mappingOutputs(id string, in mappingInput) properties {
	return properties{
		"uuid":        id,
		"arn":         c.arn("lambda", "event-source-mapping:"+id),
		"functionArn": c.arn("lambda", "function:"+functionName(in.FunctionName)),
		"state":       "Enabled",
	}
}

// queueByARN lets mappings name queues as their configuration does.
type queueByARN struct{ cloud *Cloud }

func (q queueByARN) SendMessage(ctx context.Context, auth awsapi.Authorizer, in *sqs.SendMessageInput) (*sqs.SendMessageOutput, error) {
	byURL := *in
	byURL.QueueUrl = q.cloud.options.Endpoint + "/" + q.cloud.options.Account + "/" + functionName(in.QueueUrl)
	return q.cloud.sqs.SendMessage(ctx, auth, &byURL)
}
