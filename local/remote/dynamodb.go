package remote

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb"
)

// DynamoDB is the DynamoDB of another endpoint. It is safe for concurrent use.
type DynamoDB struct {
	endpoint *endpoint

	mu     sync.Mutex
	calls  map[string]int64
	failed map[string]int64
}

var _ awsapi.Service = (*DynamoDB)(nil)

// NewDynamoDB returns the DynamoDB at an endpoint. It does not ask whether anybody is there.
func NewDynamoDB(o Options) (*DynamoDB, error) {
	e, err := newEndpoint(o, "dynamodb", "1.0")
	if err != nil {
		return nil, err
	}
	return &DynamoDB{endpoint: e, calls: map[string]int64{}, failed: map[string]int64{}}, nil
}

// Call performs one operation of DynamoDB_20120810.
func (d *DynamoDB) Call(ctx context.Context, auth awsapi.Authorizer, operation string, request []byte) ([]byte, error) {
	if auth != nil {
		checks, err := d.permissions(operation, request)
		if err != nil {
			return nil, err
		}
		for _, check := range checks {
			if err := auth("dynamodb:"+check.action, check.resource); err != nil {
				d.count(operation, err)
				return nil, err
			}
		}
	}
	response, err := d.endpoint.call(ctx, awsapi.DynamoDB, operation, request)
	d.count(operation, err)
	if err == nil {
		err = settle(ctx, d, operation, request, d.endpoint.Poll)
	}
	return response, err
}

// Streams returns the service DynamoDBStreams_20120810 over the same tables.
func (d *DynamoDB) Streams() awsapi.Service { return streams{d} }

type streams struct{ tables *DynamoDB }

func (s streams) Call(ctx context.Context, auth awsapi.Authorizer, operation string, request []byte) ([]byte, error) {
	if auth != nil {
		resource, err := s.tables.streamOf(request)
		if err != nil {
			return nil, err
		}
		if err := auth("dynamodb:"+operation, resource); err != nil {
			return nil, err
		}
	}
	response, err := s.tables.endpoint.call(ctx, awsapi.DynamoDBStreams, operation, request)
	s.tables.count(operation, err)
	return response, err
}

func (d *DynamoDB) count(operation string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls[operation]++
	if err != nil {
		d.failed[operation]++
	}
}

// Stats counts the calls. Items are not counted: the endpoint does not say how many it looks at.
func (d *DynamoDB) Stats() dynamodb.Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return dynamodb.Stats{Calls: maps.Clone(d.calls), Failed: maps.Clone(d.failed)}
}

// ExpireDue does nothing: the endpoint removes what has expired in its own time.
func (d *DynamoDB) ExpireDue(time.Time) int { return 0 }

// Expire cannot remove an item as time to live does.
func (d *DynamoDB) Expire(table string, _ []byte) (bool, error) {
	return false, fmt.Errorf("table %s is at %s, where items cannot be made to expire at once", table, d.endpoint.Endpoint)
}

// Close ends the connections.
func (d *DynamoDB) Close() error {
	d.endpoint.Client.CloseIdleConnections()
	return nil
}

// tableARN is the desk's ARN of a table given by its name or its ARN.
func (d *DynamoDB) tableARN(table string) string {
	if strings.HasPrefix(table, "arn:") {
		return table
	}
	return d.endpoint.arns.own + "table/" + table
}
