package lambdaenv

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"transactional-outbox/handlers/dynamo"
)

// Timeouts of a call, well below the timeout of any function: one that is not answered is sent again in time.
const (
	connectTimeout  = time.Second
	tlsTimeout      = 2 * time.Second
	responseTimeout = 3 * time.Second
	attempts        = 3
	warmTimeout     = time.Second
)

// connections kept open: as many as a function has calls on their way at once.
const connections = 32

// config reads what Lambda puts into every function's environment.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func (e *Environment) config() dynamo.Config {
	return dynamo.Config{
		Region:    e.Text("AWS_REGION"),
		Endpoint:  e.URL("AWS_ENDPOINT_URL"),
		KeyID:     e.Text("AWS_ACCESS_KEY_ID"),
		Secret:    e.Text("AWS_SECRET_ACCESS_KEY"),
		Token:     e.Optional("AWS_SESSION_TOKEN"),
		Transport: transport(),
		Attempts:  attempts,
	}
}

// Client returns a client from the environment, nil where that is not complete.
func (e *Environment) Client() *dynamo.Client {
	c := e.config()
	if e.Err() != nil {
		return nil
	}
	client, err := dynamo.New(c)
	if err != nil {
		e.problem("AWS_REGION", "is "+c.Region+": "+err.Error())
		return nil
	}
	return client
}

// DynamoDB returns the SDK's client from the environment, for functions that need more than [dynamo.Client] has. It does without
// the SDK's config package, which looks for settings and credentials in places that a function does not have.
func (e *Environment) DynamoDB() *dynamodb.Client {
	c := e.config()
	credentials := aws.Credentials{AccessKeyID: c.KeyID, SecretAccessKey: c.Secret, SessionToken: c.Token, Source: "environment"}
	options := dynamodb.Options{
		Region:      c.Region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil }),
		HTTPClient:  &http.Client{Transport: c.Transport},
		Retryer:     retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = attempts, time.Second }),
	}
	if c.Endpoint != "" {
		options.BaseEndpoint = aws.String(c.Endpoint)
	}
	return dynamodb.New(options)
}

// transport speaks HTTP/1.1, as DynamoDB does, over connections that stay open between invocations.
func transport() *http.Transport {
	dialer := &net.Dialer{Timeout: connectTimeout, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(connections)},
		TLSHandshakeTimeout:   tlsTimeout,
		ResponseHeaderTimeout: responseTimeout,
		MaxIdleConns:          connections,
		MaxIdleConnsPerHost:   connections,
		IdleConnTimeout:       5 * time.Minute,
		DisableCompression:    true,
	}
}
