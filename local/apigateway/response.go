package apigateway

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// proxyResponse is what a function returns to API Gateway, not decoded yet.
type proxyResponse struct {
	StatusCode      jsontext.Value `json:"statusCode"`
	Headers         jsontext.Value `json:"headers"`
	Cookies         jsontext.Value `json:"cookies"`
	Body            jsontext.Value `json:"body"`
	IsBase64Encoded jsontext.Value `json:"isBase64Encoded"`
}

// response is a function's answer made ready for the client.
type response struct {
	status  int
	headers []parameter
	cookies []string
	body    []byte
}

// parseResponse reads a function's result by the rules of payload format 2.0. JSON that has no statusCode is the body of a 200
// answer of type application/json.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func parseResponse(payload []byte) (*response, error) {
	value := jsontext.Value(payload)
	if !value.IsValid() {
		return nil, errors.New("the function's response is not JSON")
	}
	var proxy proxyResponse
	if value.Kind() == '{' {
		if err := json.Unmarshal(payload, &proxy); err != nil {
			return nil, fmt.Errorf("the function's response is malformed: %w", err)
		}
	}
	if present(proxy.StatusCode) {
		return proxy.decode()
	}
	r := &response{status: http.StatusOK, headers: []parameter{{"Content-Type", "application/json"}}, body: payload}
	if value.Kind() == '"' {
		var text string
		if err := json.Unmarshal(payload, &text); err != nil {
			return nil, err
		}
		r.body = []byte(text)
	}
	return r, nil
}

func present(v jsontext.Value) bool { return v != nil && v.Kind() != 'n' }

func (p *proxyResponse) decode() (*response, error) {
	r := &response{}
	var err error
	if r.status, err = strconv.Atoi(strings.Trim(string(p.StatusCode), `"`)); err != nil || r.status < 200 || r.status > 599 {
		return nil, fmt.Errorf("the function's statusCode %s is not an HTTP status", p.StatusCode)
	}
	if present(p.Headers) {
		var headers map[string]jsontext.Value
		if err := json.Unmarshal(p.Headers, &headers); err != nil {
			return nil, fmt.Errorf("the function's headers are malformed: %w", err)
		}
		for name, v := range headers {
			text, err := scalar(v)
			if err != nil {
				return nil, fmt.Errorf("the function's header %s: %w", name, err)
			}
			r.headers = append(r.headers, parameter{name, text})
		}
	}
	if present(p.Cookies) {
		if err := json.Unmarshal(p.Cookies, &r.cookies); err != nil {
			return nil, fmt.Errorf("the function's cookies are malformed: %w", err)
		}
	}
	if present(p.Body) {
		var body string
		if err := json.Unmarshal(p.Body, &body); err != nil {
			return nil, fmt.Errorf("the function's body is not a string: %w", err)
		}
		r.body = []byte(body)
	}
	if string(p.IsBase64Encoded) == "true" {
		n, err := base64.StdEncoding.Decode(r.body, r.body)
		if err != nil {
			return nil, fmt.Errorf("the function's body is not base64: %w", err)
		}
		r.body = r.body[:n]
	}
	return r, nil
}

// scalar returns a header's value, which may also be a number or a boolean.
func scalar(v jsontext.Value) (string, error) {
	switch v.Kind() {
	case '"':
		var s string
		err := json.Unmarshal(v, &s)
		return s, err
	case '0', 't', 'f':
		return string(v), nil
	}
	return "", errors.New("its value is not a string")
}

// write sends the response to the client.
func (r *response) write(x *exchange) {
	h := x.w.Header()
	h.Set("Content-Type", "text/plain;charset=UTF-8")
	for _, header := range r.headers {
		switch name := http.CanonicalHeaderKey(header.name); name {
		case "Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Trailer", "Upgrade": // the connection's, not the function's
		default:
			h[name] = []string{header.value}
		}
	}
	for _, cookie := range r.cookies {
		h.Add("Set-Cookie", cookie)
	}
	x.send(r.status, r.body)
}
