// Package client speaks to a stage's HTTP API as any client would, and holds every answer to the API's general rules.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Client is a client of one stage's API. Its zero value is not usable; see [New].
type Client struct {
	base string
	http *http.Client
	// Broken is told of every answer that breaks a rule that holds for all answers; see [Answer.Check].
	Broken func(error)
	// Described holds an answer to the description of the API; what it finds is told to Broken.
	Described func(method, path string, status int, header http.Header, body []byte) error
	// Authorize makes a request one of somebody whom the API lets in; see stage.Stage.Authorize.
	Authorize func(r *http.Request, body []byte) error
}

// New returns a client of the API at base, which may end with a slash.
func New(base string) *Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	return &Client{
		base:   strings.TrimRight(base, "/"),
		http:   &http.Client{Transport: transport, Timeout: 35 * time.Second}, // the API itself gives up after 30 s
		Broken: func(error) {},

		Described: func(string, string, int, http.Header, []byte) error { return nil },
		Authorize: func(*http.Request, []byte) error { return nil },
	}
}

// Close ends the client's idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Header is one request header.
type Header struct{ Name, Value string }

// IdempotencyKey makes key the request's Idempotency-Key.
func IdempotencyKey(key string) Header { return Header{"Idempotency-Key", key} }

// Place sends POST /orders with the JSON encoding of order.
func (c *Client) Place(ctx context.Context, order any, headers ...Header) (*Answer, error) {
	body, err := json.Marshal(order)
	if err != nil {
		return nil, err
	}
	return c.Do(ctx, http.MethodPost, "/orders", body, append([]Header{{"Content-Type", "application/json"}}, headers...)...)
}

// Order sends GET /orders/{orderId}.
func (c *Client) Order(ctx context.Context, orderID string) (*Answer, error) {
	return c.Do(ctx, http.MethodGet, "/orders/"+orderID, nil)
}

// Cancel sends POST /orders/{orderId}/cancel.
func (c *Client) Cancel(ctx context.Context, orderID string) (*Answer, error) {
	return c.Do(ctx, http.MethodPost, "/orders/"+orderID+"/cancel", nil)
}

// Fulfilment sends GET /orders/{orderId}/fulfilment.
func (c *Client) Fulfilment(ctx context.Context, orderID string) (*Answer, error) {
	return c.Do(ctx, http.MethodGet, "/orders/"+orderID+"/fulfilment", nil)
}

// Do sends one request, exactly as given, and reads the whole answer. Later headers of one name replace earlier ones.
// The error is about the exchange; any answer, whatever its status, is not an error.
func (c *Client) Do(ctx context.Context, method, path string, body []byte, headers ...Header) (*Answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for _, header := range headers {
		request.Header.Set(header.Name, header.Value)
	}
	if err := c.Authorize(request, body); err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answered, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	answer := &Answer{Request: method + " " + path, Status: response.StatusCode, Header: response.Header, Body: answered}
	if err := answer.Check(); err != nil {
		c.Broken(fmt.Errorf("%w\n%v", err, answer))
	}
	if err := c.Described(method, path, answer.Status, answer.Header, answer.Body); err != nil {
		c.Broken(fmt.Errorf("not as docs/openapi.json says: %w\n%v", err, answer))
	}
	return answer, nil
}
