package dynamo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Config is what a Client needs to know.
type Config struct {
	Region   string
	Endpoint string // URL; AWS's own for the region where it is empty
	KeyID    string
	Secret   string
	Token    string // of temporary credentials; may be empty

	Transport http.RoundTripper   // http.DefaultTransport by default
	Attempts  int                 // of a call; 3 by default
	Now       func() time.Time    // time.Now by default
	Jitter    func(n int64) int64 // at least 0, less than n; math/rand/v2 by default
}

// A Client calls DynamoDB. It takes and returns the SDK's types and errors and repeats calls by the SDK's rules, but does
// the little that the handlers ask for directly: on the way of one call the SDK spends more processor time on its own layers than
// a handler does on everything else. It has the operations that handlers use; a member of their input that it does not send is
// refused by name.
type Client struct {
	c      Config
	url    *url.URL
	signer signer
}

// New returns a client. It fails where the region is missing or the endpoint is no URL.
func New(c Config) (*Client, error) {
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	if c.Attempts == 0 {
		c.Attempts = 3
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Jitter == nil {
		c.Jitter = rand.Int64N
	}
	if c.Region == "" {
		return nil, errors.New("the region is missing")
	}
	if c.Endpoint == "" {
		// The SDK knows the names of all regions' endpoints.
		endpoint, err := dynamodb.NewDefaultEndpointResolverV2().ResolveEndpoint(context.Background(), dynamodb.EndpointParameters{Region: &c.Region}.WithDefaults())
		if err != nil {
			return nil, fmt.Errorf("endpoint of region %q: %w", c.Region, err)
		}
		c.Endpoint = endpoint.URI.String()
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("endpoint %q is no URL", c.Endpoint)
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return &Client{c: c, url: u, signer: signer{keyID: c.KeyID, secret: c.Secret, region: c.Region}}, nil
}

// Warm opens a connection, so that the first call finds one. Whatever goes wrong here will go wrong again, and be told, when it
// matters.
func (c *Client) Warm(ctx context.Context) {
	request := (&http.Request{Method: http.MethodGet, URL: c.url, Host: c.url.Host, Header: http.Header{}}).WithContext(ctx)
	response, err := c.c.Transport.RoundTrip(request)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, response.Body)
	response.Body.Close()
}

// call sends a request until it is answered or there is no use in it, and returns the body of the answer.
func (c *Client) call(ctx context.Context, operation string, w *writer, options []func(*dynamodb.Options)) (string, error) {
	if len(options) > 0 {
		w.refuse("options of the call", true)
	}
	if w.err != nil {
		return "", fmt.Errorf("%s: %w", operation, w.err)
	}
	for attempt := 0; ; attempt++ {
		body, err := c.send(ctx, operation, w.b)
		if err == nil {
			return body, nil
		}
		if attempt+1 >= c.c.Attempts || ctx.Err() != nil || !retryable(err) || Wait(ctx, attempt, c.c.Jitter) != nil {
			return "", fmt.Errorf("%s: %w", operation, err)
		}
	}
}

// send makes one attempt.
func (c *Client) send(ctx context.Context, operation string, body []byte) (string, error) {
	target := "DynamoDB_20120810." + operation
	header := http.Header{
		"Content-Type": {contentType},
		"X-Amz-Target": {target},
		"User-Agent":   {"transactional-outbox"},
	}
	if c.c.Token != "" {
		header["X-Amz-Security-Token"] = []string{c.c.Token}
	}
	c.signer.sign(header, c.url, target, c.c.Token, body, c.c.Now())
	request := (&http.Request{
		Method: http.MethodPost, URL: c.url, Host: c.url.Host, Header: header,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
	}).WithContext(ctx)
	response, err := c.c.Transport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, err := readBody(response)
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", failure(response, answer)
	}
	return answer, nil
}

// readBody reads an answer to its end, without which its connection could not be used again.
func readBody(response *http.Response) (string, error) {
	if size := response.ContentLength; size >= 0 && size <= 16<<20 { // more than DynamoDB ever answers
		body := make([]byte, size)
		_, err := io.ReadFull(response.Body, body)
		return string(body), err
	}
	body, err := io.ReadAll(response.Body)
	return string(body), err
}
