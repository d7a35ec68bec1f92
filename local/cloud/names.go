package cloud

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/awsapi"
)

// The engines behind AWS's own APIs.
type service int

const (
	serviceDynamoDB service = iota
	serviceKinesis
	serviceSQS
)

// call performs an operation of an engine as the desk's owner, in the terms of its wire protocol. response may be nil.
func (c *Cloud) call(ctx context.Context, to service, operation string, request properties, response any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	engine := map[service]awsapi.Service{serviceDynamoDB: c.dynamodb, serviceKinesis: c.kinesis, serviceSQS: c.sqs}[to]
	answer, err := engine.Call(ctx, nil, operation, body)
	if err != nil || response == nil {
		return err
	}
	return json.Unmarshal(answer, response)
}

// isMissing reports whether an error says that a resource does not exist.
func isMissing(err error) bool {
	var e *awsapi.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case "ResourceNotFoundException", "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue":
		return true
	}
	return false
}

// ignoreMissing makes deleting what is gone already a success.
func ignoreMissing(err error) error {
	if isMissing(err) {
		return nil
	}
	return err
}

// present turns the error of a describing call into existence.
func present(err error) (bool, error) {
	if isMissing(err) {
		return false, nil
	}
	return err == nil, err
}

// arn builds the ARN of a resource of this account and region.
func (c *Cloud) arn(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, c.options.Region, c.options.Account, resource)
}

// randomID returns an identifier like those of API Gateway: n lower-case letters and digits.
func (c *Cloud) randomID(n int) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
	id := randomBytes(n)
	for i, b := range id {
		id[i] = alphabet[int(b)%len(alphabet)]
	}
	return string(id)
}

// randomUUID returns a UUIDv4.
func (c *Cloud) randomUUID() string {
	b := randomBytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}

// once returns a function that logs a warning the first time it is called.
func (c *Cloud) once() func(text string) {
	var once sync.Once
	return func(text string) { once.Do(func() { c.options.Logger.Warn(text) }) }
}

func orDefault(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

// tagList turns tags into the form of DynamoDB's API.
func tagList(tags map[string]string) []properties {
	var list []properties
	for key, value := range tags {
		list = append(list, properties{"Key": key, "Value": value})
	}
	return list
}

// index finds resources by their identifier. The zero value is empty and ready.
type index[V any] struct {
	mu     sync.RWMutex
	values map[string]V
}

// add reports false if the identifier is taken.
func (x *index[V]) add(id string, value V) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, taken := x.values[id]; taken {
		return false
	}
	if x.values == nil {
		x.values = map[string]V{}
	}
	x.values[id] = value
	return true
}

// set adds a value or replaces it.
func (x *index[V]) set(id string, value V) {
	x.remove(id)
	x.add(id, value)
}

func (x *index[V]) get(id string) (V, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	value, ok := x.values[id]
	return value, ok
}

func (x *index[V]) remove(id string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.values, id)
}

// all returns a copy of what the index holds.
func (x *index[V]) all() map[string]V {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return maps.Clone(x.values)
}

// drain empties the index and returns what it held.
func (x *index[V]) drain() map[string]V {
	x.mu.Lock()
	defer x.mu.Unlock()
	values := x.values
	x.values = nil
	return values
}
