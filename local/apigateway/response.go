package apigateway

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// response is a function's answer made ready for the client.
type response struct {
	status  int
	headers []parameter
	cookies []string
	body    []byte
}

// decoders holds decoders for reuse.
var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// parseResponse reads a function's result by the rules of payload format 2.0. JSON that has no statusCode is the body of a 200
// answer of type application/json.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func parseResponse(payload []byte) (*response, error) {
	d := decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(d)
	d.Reset(bytes.NewBuffer(payload))
	inferred := &response{status: http.StatusOK, headers: []parameter{{"Content-Type", "application/json"}}, body: payload}
	var explicit *response
	var wrong error
	var err error
	switch d.PeekKind() {
	case '{':
		explicit, wrong, err = parseProxyResponse(d)
	case '"':
		var value jsontext.Value
		if value, err = d.ReadValue(); err == nil {
			inferred.body, err = jsontext.AppendUnquote(nil, value)
		}
	default:
		err = d.SkipValue()
	}
	if err == nil {
		if _, err = d.ReadToken(); errors.Is(err, io.EOF) {
			err = nil
		} else if err == nil {
			err = errors.New("more than one value")
		}
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("the function's response is not JSON: %w", err)
	case explicit == nil:
		return inferred, nil
	case wrong != nil:
		return nil, fmt.Errorf("the function's response is malformed: %w", wrong)
	}
	return explicit, nil
}

// parseProxyResponse reads the object that a function returns to API Gateway. The response is nil if it has no statusCode, and only
// then it does not matter what is wrong with its other members.
func parseProxyResponse(d *jsontext.Decoder) (r *response, wrong, err error) {
	r = &response{}
	seen, encoded := false, false
	if _, err := d.ReadToken(); err != nil {
		return nil, nil, err
	}
	for d.PeekKind() != '}' {
		value, err := d.ReadValue() // a name
		if err != nil {
			return nil, nil, err
		}
		var problem error
		switch string(value) {
		case `"statusCode"`:
			r.status, seen, problem, err = parseStatus(d)
		case `"headers"`:
			r.headers, problem, err = parseHeaders(d)
		case `"cookies"`:
			r.cookies, problem, err = parseCookies(d)
		case `"body"`:
			r.body, problem, err = parseBody(d)
		case `"isBase64Encoded"`:
			value, err = d.ReadValue()
			encoded = string(value) == "true"
		default:
			err = d.SkipValue()
		}
		if err != nil {
			return nil, nil, err
		}
		if wrong == nil {
			wrong = problem
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, nil, err
	}
	if !seen {
		return nil, nil, nil
	}
	if encoded && wrong == nil {
		n, err := base64.StdEncoding.Decode(r.body, r.body)
		if err != nil {
			wrong = fmt.Errorf("body: %w", err)
		}
		r.body = r.body[:n]
	}
	return r, wrong, nil
}

// parseStatus reads a status, which may also be a string.
func parseStatus(d *jsontext.Decoder) (status int, seen bool, problem, err error) {
	value, err := d.ReadValue()
	if err != nil || value.Kind() == 'n' {
		return 0, false, nil, err
	}
	status, err = strconv.Atoi(string(bytes.Trim(value, `"`)))
	if err != nil || status < 200 || status > 599 {
		return 0, true, fmt.Errorf("statusCode %s is not an HTTP status", value), nil
	}
	return status, true, nil, nil
}

// parseHeaders reads headers; their values may also be numbers and booleans.
func parseHeaders(d *jsontext.Decoder) (headers []parameter, problem, err error) {
	if d.PeekKind() != '{' {
		return nil, unlessNull(d, "headers", "an object"), d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, nil, err
	}
	headers = make([]parameter, 0, 4)
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, nil, err
		}
		h := parameter{name: name.String()}
		if kind := d.PeekKind(); kind == '{' || kind == '[' || kind == 'n' {
			problem = fmt.Errorf("header %s is not a string", h.name)
			if err := d.SkipValue(); err != nil {
				return nil, nil, err
			}
			continue
		}
		value, err := d.ReadToken()
		if err != nil {
			return nil, nil, err
		}
		h.value = value.String()
		headers = append(headers, h)
	}
	_, err = d.ReadToken()
	return headers, problem, err
}

// parseCookies reads a list of strings.
func parseCookies(d *jsontext.Decoder) (cookies []string, problem, err error) {
	if d.PeekKind() != '[' {
		return nil, unlessNull(d, "cookies", "an array"), d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, nil, err
	}
	for d.PeekKind() != ']' {
		if d.PeekKind() != '"' {
			problem = errors.New("cookies: there is one that is not a string")
			if err := d.SkipValue(); err != nil {
				return nil, nil, err
			}
			continue
		}
		cookie, err := d.ReadToken()
		if err != nil {
			return nil, nil, err
		}
		cookies = append(cookies, cookie.String())
	}
	_, err = d.ReadToken()
	return cookies, problem, err
}

// parseBody reads a string.
func parseBody(d *jsontext.Decoder) (body []byte, problem, err error) {
	if d.PeekKind() != '"' {
		return nil, unlessNull(d, "body", "a string"), d.SkipValue()
	}
	value, err := d.ReadValue()
	if err != nil {
		return nil, nil, err
	}
	body, err = jsontext.AppendUnquote(make([]byte, 0, len(value)), value)
	return body, nil, err
}

// unlessNull is the problem with a member of the wrong kind; null is as good as nothing.
func unlessNull(d *jsontext.Decoder, member, want string) error {
	if d.PeekKind() == 'n' {
		return nil
	}
	return fmt.Errorf("%s is not %s", member, want)
}

// write sends the response to the client.
func (r *response) write(x *exchange) {
	h := x.w.Header()
	h["Content-Type"] = []string{"text/plain;charset=UTF-8"}
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
