package apigateway

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// cors is a CORS configuration with its header values made ready.
type cors struct {
	*CORS
	any                       bool
	methods, headers, exposed string
	maxAge                    string
}

func newCORS(c *CORS) *cors {
	made := &cors{CORS: c, any: slices.Contains(c.AllowOrigins, "*"), methods: strings.Join(c.AllowMethods, ","),
		headers: strings.ToLower(strings.Join(c.AllowHeaders, ",")), exposed: strings.ToLower(strings.Join(c.ExposeHeaders, ","))}
	if c.MaxAge > 0 {
		made.maxAge = strconv.Itoa(c.MaxAge)
	}
	return made
}

// allowed returns the value of Access-Control-Allow-Origin, "" if the origin is not allowed.
func (c *cors) allowed(origin string) string {
	if c.any {
		return "*"
	}
	for _, o := range c.AllowOrigins {
		if strings.EqualFold(o, origin) {
			return origin
		}
		if scheme, ok := strings.CutSuffix(o, "*"); ok && strings.HasPrefix(origin, scheme) {
			return origin
		}
	}
	return ""
}

// preflight tells whether the API itself answers a request: it does for every preflight request, even if an OPTIONS route exists.
func (c *cors) preflight(r *http.Request) bool {
	return c != nil && r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// apply replaces the CORS headers that a function has set, which an API with a CORS configuration ignores.
func (c *cors) apply(h http.Header, r *http.Request, preflight bool) {
	if c == nil {
		return
	}
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			delete(h, name)
		}
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	allowed := c.allowed(origin)
	if allowed == "" {
		return
	}
	h.Set("Access-Control-Allow-Origin", allowed)
	if c.AllowCredentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	if !preflight {
		if c.exposed != "" {
			h.Set("Access-Control-Expose-Headers", c.exposed)
		}
		return
	}
	for _, v := range []struct{ name, value string }{
		{"Access-Control-Allow-Methods", c.methods}, {"Access-Control-Allow-Headers", c.headers}, {"Access-Control-Max-Age", c.maxAge},
	} {
		if v.value != "" {
			h.Set(v.name, v.value)
		}
	}
}
