package lambdaenv

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
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

// Client settings that Lambda puts into every function's environment.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
type settings struct {
	region, endpoint   string
	keyID, secret, tok string
}

// DynamoDB returns a client from the environment. It does without the SDK's config package, which looks for settings and
// credentials in places that a function does not have, and costs start-up time for it.
func (e *Environment) DynamoDB() *dynamodb.Client {
	s := settings{
		region:   e.Text("AWS_REGION"),
		endpoint: e.URL("AWS_ENDPOINT_URL"),
		keyID:    e.Text("AWS_ACCESS_KEY_ID"),
		secret:   e.Text("AWS_SECRET_ACCESS_KEY"),
		tok:      e.Optional("AWS_SESSION_TOKEN"),
	}
	credentials := aws.Credentials{AccessKeyID: s.keyID, SecretAccessKey: s.secret, SessionToken: s.tok, Source: "environment"}
	options := dynamodb.Options{
		Region:      s.region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil }),
		HTTPClient:  &http.Client{Transport: transport()},
		Retryer:     retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = attempts, time.Second }),
		// HTTP compresses nothing here, and the checksum of an answer is TLS's business on the way and DynamoDB's at rest.
		DisableValidateResponseChecksum: true,
	}
	if s.endpoint != "" {
		options.BaseEndpoint = aws.String(s.endpoint)
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

// Warm opens a connection before the first request needs one: while a function starts it has more processor time than most
// memory sizes give it later, and nobody waits. Whatever goes wrong here will go wrong again, and be told, when it matters.
func Warm(client *dynamodb.Client) {
	o := client.Options()
	ctx, cancel := context.WithTimeout(context.Background(), warmTimeout)
	defer cancel()
	url := "https://dynamodb." + o.Region + ".amazonaws.com/"
	if o.BaseEndpoint != nil {
		url = *o.BaseEndpoint
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return
	}
	response, err := o.HTTPClient.Do(request)
	if err != nil {
		return
	}
	io.Copy(io.Discard, response.Body)
	response.Body.Close()
}
