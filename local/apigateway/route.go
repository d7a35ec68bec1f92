package apigateway

import (
	"net/url"
	"slices"
	"strings"
)

// defaultKey names the catch-all route and the stage at the root.
const defaultKey = "$default"

const anyMethod = "ANY"

// segment is one part of a route's path.
type segment struct {
	text string // what must be there, or the name of the variable
	kind segmentKind
}

type segmentKind int

// In the order of how specific they are.
const (
	literal segmentKind = iota
	variable
	greedy
)

// route is a parsed route.
type route struct {
	key      string
	method   string // "" in the catch-all route
	path     string
	segments []segment
	target   *integration // nil if it was deleted

	authorization string // of the constants
	authorizer    *authorizer
	scopes        []string
}

// parameter is a path variable's value.
type parameter struct{ name, value string }

// parseRoute reads a route key.
func parseRoute(key string) (*route, error) {
	if key == defaultKey {
		return &route{key: key}, nil
	}
	method, path, ok := strings.Cut(key, " ")
	if !ok || !strings.HasPrefix(path, "/") {
		return nil, badRequest("Route.Key %q is neither $default nor METHOD /path", key)
	}
	if !slices.Contains([]string{anyMethod, "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}, method) {
		return nil, badRequest("Route.Key %q: there is no method %s", key, method)
	}
	r := &route{key: key, method: method, path: path}
	parts := strings.Split(path[1:], "/")
	for i, part := range parts {
		s := segment{text: part}
		if inner, ok := strings.CutPrefix(part, "{"); ok {
			if inner, ok = strings.CutSuffix(inner, "}"); !ok {
				return nil, badRequest("Route.Key %q: %s is not closed", key, part)
			}
			s.text, s.kind = inner, variable
			if name, ok := strings.CutSuffix(inner, "+"); ok {
				if i != len(parts)-1 {
					return nil, badRequest("Route.Key %q: %s is not at the end", key, part)
				}
				s.text, s.kind = name, greedy
			}
			if s.text == "" {
				return nil, badRequest("Route.Key %q: a path variable has no name", key)
			}
		} else if strings.ContainsAny(part, "{}") {
			return nil, badRequest("Route.Key %q: %s is neither text nor a path variable", key, part)
		}
		r.segments = append(r.segments, s)
	}
	return r, nil
}

// compareRoutes orders routes so that the first that matches a request is the most specific one: a full match comes before a greedy
// one, the catch-all last; then a literal segment comes before a variable, and a method before ANY.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
func compareRoutes(a, b *route) int {
	if d := a.rank() - b.rank(); d != 0 {
		return d
	}
	for i := range min(len(a.segments), len(b.segments)) {
		if d := int(a.segments[i].kind) - int(b.segments[i].kind); d != 0 {
			return d
		}
	}
	if d := len(b.segments) - len(a.segments); d != 0 {
		return d
	}
	switch {
	case a.method != anyMethod && b.method == anyMethod:
		return -1
	case a.method == anyMethod && b.method != anyMethod:
		return 1
	}
	return strings.Compare(a.key, b.key)
}

func (r *route) rank() int {
	switch {
	case r.method == "":
		return 2
	case r.segments[len(r.segments)-1].kind == greedy:
		return 1
	}
	return 0
}

// match tells whether the route serves a request and appends the path variables to params. The path is still percent-encoded, so
// that an encoded slash does not end a segment.
func (r *route) match(method, path string, params []parameter) ([]parameter, bool) {
	if r.method == "" {
		return params, true
	}
	if r.method != anyMethod && r.method != method {
		return params, false
	}
	rest := strings.TrimPrefix(path, "/")
	for i := range r.segments {
		s := &r.segments[i]
		if s.kind == greedy {
			if rest == "" {
				return params, false
			}
			return append(params, parameter{s.text, unescape(rest)}), true
		}
		part, after, more := strings.Cut(rest, "/")
		if more == (i == len(r.segments)-1) {
			return params, false
		}
		if s.kind == variable {
			if part == "" {
				return params, false
			}
			params = append(params, parameter{s.text, unescape(part)})
		} else if part != s.text && unescape(part) != s.text {
			return params, false
		}
		rest = after
	}
	return params, true
}

// unescape decodes a part of a path; net/http has checked that it can be.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	if decoded, err := url.PathUnescape(s); err == nil {
		return decoded
	}
	return s
}
