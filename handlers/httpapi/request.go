// Package httpapi is the border between an API Gateway HTTP API and the domain: requests and responses in payload format 2.0,
// problems (RFC 9457) for everything that goes wrong, and nothing internal in any of them.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
package httpapi

import (
	"encoding/base64"
	"fmt"
	"mime"
	"strings"

	"transactional-outbox/handlers/fault"
	"transactional-outbox/handlers/jsonscan"
)

// maxBody bounds a request's body, in bytes, once decoded.
const maxBody = 128 << 10

// A Request is what of an event the handlers look at.
type Request struct {
	RouteKey string // like POST /orders
	ID       string // of the request, given by API Gateway
	OrderID  string // path parameter orderId
	Caller   string // who asks, as the route's authorizer found; anonymous where it has none

	ContentType    string
	IdempotencyKey *string // nil where the header is absent
	TraceParent    string
	CorrelationID  string // of the client if it is usable, else ID

	body   string
	base64 bool
}

// ParseRequest reads an event in payload format 2.0.
func ParseRequest(payload []byte) (*Request, error) {
	p := parser{Scanner: jsonscan.New(string(payload))}
	r := &Request{Caller: "anonymous"}
	p.event(r)
	p.End()
	if err := p.Err(); err != nil {
		return nil, fmt.Errorf("not an event of an HTTP API: %w", err)
	}
	if p.version != "2.0" {
		return nil, fmt.Errorf("payload format version is %q, want 2.0", p.version)
	}
	if !usableCorrelation(r.CorrelationID) {
		r.CorrelationID = r.ID
	}
	return r, nil
}

// usableCorrelation says whether a correlation id can be stored and logged as it is: 1 to 128 printable ASCII characters.
func usableCorrelation(id string) bool {
	for i := range len(id) {
		if id[i] < ' ' || id[i] > '~' {
			return false
		}
	}
	return len(id) >= 1 && len(id) <= 128
}

// Body returns the body's text. The faults are TooLarge, and Malformed where API Gateway's base64 cannot be decoded.
func (r *Request) Body() (string, error) {
	body := r.body
	if r.base64 {
		if base64.StdEncoding.DecodedLen(len(body)) > maxBody+2 {
			return "", tooLarge()
		}
		decoded, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			return "", &fault.Error{Code: fault.Malformed, Detail: "The body is not valid base64.", Err: err}
		}
		body = string(decoded)
	}
	if len(body) > maxBody {
		return "", tooLarge()
	}
	return body, nil
}

func tooLarge() error {
	return &fault.Error{Code: fault.TooLarge, Detail: "The body may have at most 131072 bytes."}
}

// JSONBody returns the text of a body that has to be declared as JSON in UTF-8. The faults are UnsupportedMedia and those of Body.
func (r *Request) JSONBody() (string, error) {
	if !jsonType(r.ContentType) {
		return "", &fault.Error{Code: fault.UnsupportedMedia, Detail: "The content type must be application/json, in UTF-8."}
	}
	return r.Body()
}

// EmptyBody makes sure that the body says nothing: it is empty, or an empty object.
func (r *Request) EmptyBody() error {
	body, err := r.Body()
	if err != nil {
		return err
	}
	if strings.TrimSpace(body) == "" {
		return nil
	}
	s := jsonscan.New(body)
	s.Object()
	_, more := s.Member()
	if s.End(); more || s.Err() != nil {
		return &fault.Error{Code: fault.Malformed, Detail: "The body must be empty, or an empty object."}
	}
	return nil
}

func jsonType(header string) bool {
	if header == "application/json" {
		return true
	}
	media, parameters, err := mime.ParseMediaType(header)
	if err != nil || media != "application/json" {
		return false
	}
	for name, value := range parameters {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return false
		}
	}
	return true
}
