package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// Answer is what a request was answered with.
type Answer struct {
	Request string // method and path, for messages
	Status  int
	Header  http.Header
	Body    []byte
}

// String shows the answer in a test's message.
func (a *Answer) String() string {
	const enough = 1000
	body := a.Body
	if len(body) > enough {
		body = append(body[:enough:enough], "…"...)
	}
	return fmt.Sprintf("%s: %d %s %s", a.Request, a.Status, a.Header.Get("Content-Type"), body)
}

// OK tells whether the status is 2xx.
func (a *Answer) OK() bool { return a.Status/100 == 2 }

// Order is an order as the API shows it.
type Order struct {
	OrderID     string `json:"orderId"`
	Status      string `json:"status"`
	Version     int64  `json:"version"`
	Description string `json:"description"`
	CustomerID  string `json:"customerId"`
	Items       []Item `json:"items"`
	CreatedAt   string `json:"createdAt"`
	UpdatedAt   string `json:"updatedAt"`
}

// Item is one line of an order.
type Item struct {
	SKU       string `json:"sku"`
	Quantity  int64  `json:"quantity"`
	UnitPrice int64  `json:"unitPrice"` // in minor units
}

// Fulfilment is what the consumer has made of an order, as the API shows it.
type Fulfilment struct {
	OrderID      string `json:"orderId"`
	Status       string `json:"status"`
	LastSequence int64  `json:"lastSequence"`
}

// Order reads the body as an order.
func (a *Answer) Order() (Order, error) { return decode[Order](a) }

// Fulfilment reads the body as a fulfilment.
func (a *Answer) Fulfilment() (Fulfilment, error) { return decode[Fulfilment](a) }

// Problem is an RFC 9457 problem document.
type Problem struct {
	Type   string       `json:"type"`
	Title  string       `json:"title"`
	Status int          `json:"status"`
	Detail string       `json:"detail"`
	Errors []FieldError `json:"errors"`
}

// FieldError says what is wrong with one field of a request.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Problem reads the body as a problem document.
func (a *Answer) Problem() (Problem, error) { return decode[Problem](a) }

func decode[T any](a *Answer) (T, error) {
	var value T
	if err := json.Unmarshal(a.Body, &value); err != nil {
		return value, fmt.Errorf("%v: %w", a, err)
	}
	return value, nil
}

// FromGateway tells whether API Gateway refused the request itself, so that no function saw it: a caller it does not let
// in, an unknown route, a request too large or too malformed for it, more requests than it lets through, or than the
// account lets run at once.
func (a *Answer) FromGateway() bool {
	switch a.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusRequestEntityTooLarge,
		http.StatusRequestHeaderFieldsTooLarge, http.StatusTooManyRequests, http.StatusServiceUnavailable:
	default:
		return false
	}
	var body map[string]any
	if json.Unmarshal(a.Body, &body) != nil || len(body) != 1 {
		return false
	}
	_, isText := body["message"].(string)
	return isText
}

// internals are traces of the inside that no client should ever see.
var internals = []string{"arn:", "dynamodb", "goroutine", ".go:", "awsendpoint", "exception", "api error", "requestid"}

// Check holds the answer to what is true of every answer of the functions: success is JSON, everything else is a
// complete problem document that says the same status as the status line and nothing about the inside.
func (a *Answer) Check() error {
	media, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if a.FromGateway() {
		return nil
	}
	if err != nil {
		return fmt.Errorf("content type %q: %w", a.Header.Get("Content-Type"), err)
	}
	if a.OK() {
		if media != "application/json" || !json.Valid(a.Body) {
			return errors.New("success that is not JSON")
		}
		return nil
	}
	if media != "application/problem+json" {
		return errors.New("refusal that is not application/problem+json")
	}
	return a.checkProblem()
}

func (a *Answer) checkProblem() error {
	var problem Problem
	decoder := json.NewDecoder(bytes.NewReader(a.Body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&problem); err != nil {
		return fmt.Errorf("problem document: %w", err)
	}
	var broken []string
	if reference, err := url.Parse(problem.Type); err != nil || problem.Type == "" || reference.String() != problem.Type {
		broken = append(broken, fmt.Sprintf("type %q is no URI reference", problem.Type))
	}
	if problem.Title == "" {
		broken = append(broken, "no title")
	}
	if problem.Status != a.Status {
		broken = append(broken, fmt.Sprintf("status %d in a %d answer", problem.Status, a.Status))
	}
	if problem.Detail == "" {
		broken = append(broken, "no detail")
	}
	if len(problem.Errors) > 0 && a.Status != http.StatusUnprocessableEntity {
		broken = append(broken, fmt.Sprintf("field errors in a %d answer", a.Status))
	}
	for _, field := range problem.Errors {
		if field.Field == "" || field.Message == "" {
			broken = append(broken, fmt.Sprintf("incomplete field error %+v", field))
		}
	}
	if a.Status == http.StatusServiceUnavailable && a.Header.Get("Retry-After") == "" {
		broken = append(broken, "503 without Retry-After")
	}
	lower := strings.ToLower(string(a.Body))
	for _, trace := range internals {
		if strings.Contains(lower, trace) {
			broken = append(broken, fmt.Sprintf("shows the inside (%q)", trace))
		}
	}
	if len(broken) > 0 {
		return errors.New("problem document: " + strings.Join(broken, "; "))
	}
	return nil
}
