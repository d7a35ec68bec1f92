// Package contract holds answers to the OpenAPI description of the API. It understands the part of OpenAPI 3.1 and JSON Schema that
// docs/openapi.json uses, and refuses a description that uses more.
package contract

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// Contract is a description of an API.
type Contract struct {
	paths      map[string]map[string]operation // by path and method in lower case
	components components
}

// document is what of the description answers are held to; the rest is for readers.
type document struct {
	OpenAPI    string                          `json:"openapi"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components components                      `json:"components"`
}

type components struct {
	Headers   map[string]header   `json:"headers"`
	Responses map[string]response `json:"responses"`
	Schemas   map[string]*schema  `json:"schemas"`
}

type operation struct {
	RequestBody struct {
		Content map[string]content `json:"content"`
	} `json:"requestBody"`
	Responses map[string]response `json:"responses"`
}

type response struct {
	Ref     string             `json:"$ref"`
	Headers map[string]header  `json:"headers"`
	Content map[string]content `json:"content"`
}

type header struct {
	Ref      string  `json:"$ref"`
	Required bool    `json:"required"`
	Schema   *schema `json:"schema"`
}

type content struct {
	Schema *schema `json:"schema"`
}

// Read reads a description, and checks that everything it refers to is there.
func Read(path string) (*Contract, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if !strings.HasPrefix(d.OpenAPI, "3.1.") {
		return nil, fmt.Errorf("%s: OpenAPI %q, want 3.1", path, d.OpenAPI)
	}
	c := &Contract{paths: d.Paths, components: d.Components}
	return c, c.complete()
}

// complete resolves every reference once.
func (c *Contract) complete() error {
	for path, operations := range c.paths {
		for method, o := range operations {
			for status, r := range o.Responses {
				found, err := c.response(r)
				if err != nil {
					return fmt.Errorf("%s %s %s: %w", method, path, status, err)
				}
				for name, h := range found.Headers {
					if _, err := c.header(h); err != nil {
						return fmt.Errorf("%s %s %s: header %s: %w", method, path, status, name, err)
					}
				}
				for _, body := range found.Content {
					if err := c.check(body.Schema); err != nil {
						return fmt.Errorf("%s %s %s: %w", method, path, status, err)
					}
				}
			}
		}
	}
	for name, s := range c.components.Schemas {
		if err := c.check(s); err != nil {
			return fmt.Errorf("schema %s: %w", name, err)
		}
	}
	return nil
}

// Routes returns what the description describes, as "METHOD /path/{parameter}".
func (c *Contract) Routes() map[string]bool {
	routes := map[string]bool{}
	for path, operations := range c.paths {
		for method := range operations {
			routes[strings.ToUpper(method)+" "+path] = true
		}
	}
	return routes
}

// find returns the operation that a request is for. Parameters are as long as anything between two slashes.
func (c *Contract) find(method, path string) (operation, bool) {
	path, _, _ = strings.Cut(path, "?")
	asked := strings.Split(path, "/")
	for template, operations := range c.paths {
		parts := strings.Split(template, "/")
		if len(parts) != len(asked) {
			continue
		}
		match := true
		for i := range parts {
			match = match && (parts[i] == asked[i] || strings.HasPrefix(parts[i], "{") && asked[i] != "")
		}
		if o, ok := operations[strings.ToLower(method)]; ok && match {
			return o, true
		}
	}
	return operation{}, false
}

// Answer holds the answer to a request to the description. A request that the description does not know is to be answered as one for
// which there is no route.
func (c *Contract) Answer(method, path string, status int, headers http.Header, body []byte) error {
	o, ok := c.find(method, path)
	if !ok {
		if status < 400 {
			return fmt.Errorf("%s %s is not described, and answered with %d", method, path, status)
		}
		return nil
	}
	described, ok := o.Responses[strconv.Itoa(status)]
	if !ok {
		return fmt.Errorf("status %d is not described", status)
	}
	r, err := c.response(described)
	if err != nil {
		return err
	}
	kind, _, err := mime.ParseMediaType(headers.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("content type %q: %w", headers.Get("Content-Type"), err)
	}
	media, ok := r.Content[kind]
	if !ok {
		return fmt.Errorf("content type %s is not described for status %d", kind, status)
	}
	var value any
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	if err := c.validate("body", media.Schema, value); err != nil {
		return err
	}
	// The message of the gateway carries none of the service's headers.
	if len(r.Content) > 1 && kind == "application/json" && status >= 400 {
		return nil
	}
	for name, described := range r.Headers {
		h, err := c.header(described)
		if err != nil {
			return err
		}
		values := headers.Values(name)
		switch {
		case len(values) == 0 && h.Required:
			return fmt.Errorf("header %s is missing", name)
		case len(values) > 0:
			if err := c.validate("header "+name, h.Schema, strings.Join(values, ", ")); err != nil {
				return err
			}
		}
	}
	return nil
}

// Request holds the body of a request that was accepted to the description.
func (c *Contract) Request(method, path string, body []byte) error {
	o, ok := c.find(method, path)
	if !ok {
		return fmt.Errorf("%s %s is not described", method, path)
	}
	media, ok := o.RequestBody.Content["application/json"]
	if !ok {
		return nil
	}
	var value any
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	return c.validate("request", media.Schema, value)
}

func (c *Contract) response(r response) (response, error) {
	if r.Ref == "" {
		return r, nil
	}
	found, ok := c.components.Responses[strings.TrimPrefix(r.Ref, "#/components/responses/")]
	if !ok {
		return r, fmt.Errorf("there is no %s", r.Ref)
	}
	return found, nil
}

func (c *Contract) header(h header) (header, error) {
	if h.Ref == "" {
		return h, c.check(h.Schema)
	}
	found, ok := c.components.Headers[strings.TrimPrefix(h.Ref, "#/components/headers/")]
	if !ok {
		return h, fmt.Errorf("there is no %s", h.Ref)
	}
	return found, c.check(found.Schema)
}
