package apigateway

import (
	"encoding/base64"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// appendEvent writes the event of payload format 2.0. Members without content are left out, as API Gateway does.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
//
// The name of rawPath misleads: HTTP APIs decode it. requestContext.authentication is there only with mutual TLS, and
// requestContext.authorizer only with an authorizer.
func (x *exchange) appendEvent(b []byte) []byte {
	r := x.r
	b = append(b, `{"version":"2.0","routeKey":`...)
	b = quote(b, x.route.key)
	b = append(b, `,"rawPath":`...)
	b = quote(b, r.URL.Path)
	b = append(b, `,"rawQueryString":`...)
	b = quote(b, r.URL.RawQuery)
	b = appendCookies(b, r.Header["Cookie"])
	b = x.appendHeaders(b)
	b = x.appendQuery(b)
	b = append(b, `,"requestContext":{"accountId":`...)
	b = quote(b, x.api.opts.AccountID)
	b = append(b, `,"apiId":`...)
	b = quote(b, x.api.id)
	b = append(b, `,"domainName":`...)
	b = quote(b, x.api.opts.DomainName)
	b = append(b, `,"domainPrefix":`...)
	b = quote(b, x.domainPrefix())
	b = append(b, `,"http":{"method":`...)
	b = quote(b, r.Method)
	b = append(b, `,"path":`...)
	b = quote(b, r.URL.Path)
	b = append(b, `,"protocol":`...)
	b = quote(b, r.Proto)
	b = append(b, `,"sourceIp":`...)
	b = quote(b, x.sourceIP)
	b = append(b, `,"userAgent":`...)
	b = quote(b, r.UserAgent())
	b = append(b, `},"requestId":`...)
	b = quote(b, x.requestID)
	b = append(b, `,"routeKey":`...)
	b = quote(b, x.route.key)
	b = append(b, `,"stage":`...)
	b = quote(b, x.stage.name)
	b = append(b, `,"time":"`...)
	b = x.begin.UTC().AppendFormat(b, clf)
	b = append(b, `","timeEpoch":`...)
	b = strconv.AppendInt(b, x.begin.UnixMilli(), 10)
	b = append(b, '}')
	if len(x.params) > 0 {
		b = append(b, `,"pathParameters":{`...)
		for i, p := range x.params {
			if i > 0 {
				b = append(b, ',')
			}
			b = quote(b, p.name)
			b = append(b, ':')
			b = quote(b, p.value)
		}
		b = append(b, '}')
	}
	if x.stage.variables != nil {
		b = append(b, `,"stageVariables":`...)
		b = append(b, x.stage.variables...)
	}
	return appendBody(b, r.Header, x.body)
}

// clf is the time format of the Common Log Format.
const clf = "02/Jan/2006:15:04:05 -0700"

func appendBody(b []byte, h http.Header, body []byte) []byte {
	if len(body) == 0 {
		return append(b, `,"isBase64Encoded":false}`...)
	}
	b = append(b, `,"body":`...)
	if isText(h) {
		b, _ = jsontext.AppendQuote(b, body) // what is not UTF-8 is replaced
		return append(b, `,"isBase64Encoded":false}`...)
	}
	b = append(b, '"')
	b = base64.StdEncoding.AppendEncode(b, body)
	return append(b, `","isBase64Encoded":true}`...)
}

// isText tells whether a body is handed on as text. API Gateway does not document the rule; this is the one measured on HTTP APIs:
// text/*, JSON, XML and JavaScript are text, everything else is not, and neither are forms or bodies without a type.
func isText(h http.Header) bool {
	if h.Get("Content-Encoding") != "" {
		return false
	}
	value := h.Get("Content-Type")
	if value == "application/json" {
		return true
	}
	kind, _, err := mime.ParseMediaType(value)
	if err != nil {
		kind, _, _ = strings.Cut(value, ";")
		kind = strings.ToLower(strings.TrimSpace(kind))
	}
	switch kind {
	case "application/json", "application/xml", "application/javascript":
		return true
	}
	return strings.HasPrefix(kind, "text/")
}

func appendCookies(b []byte, values []string) []byte {
	first := true
	for _, value := range values {
		for cookie := range strings.SplitSeq(value, ";") {
			if cookie = strings.TrimSpace(cookie); cookie == "" {
				continue
			}
			if first {
				b = append(b, `,"cookies":[`...)
				first = false
			} else {
				b = append(b, ',')
			}
			b = quote(b, cookie)
		}
	}
	if !first {
		b = append(b, ']')
	}
	return b
}

// appendHeaders writes the headers, sorted, with those that API Gateway adds. Cookies have a member of their own.
func (x *exchange) appendHeaders(b []byte) []byte {
	r := x.r
	x.names = x.names[:0]
	for name := range r.Header {
		switch name {
		case "Cookie", "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
			"Content-Length", "X-Amzn-Trace-Id", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto":
			continue // hop by hop, or written below
		}
		x.names = append(x.names, name)
	}
	slices.Sort(x.names)
	b = append(b, `,"headers":{"content-length":"`...)
	b = strconv.AppendInt(b, int64(len(x.body)), 10)
	b = append(b, `","host":`...)
	b = quote(b, r.Host)
	for _, name := range x.names {
		b = append(b, ',', '"')
		for i := range len(name) {
			c := name[i]
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			b = append(b, c)
		}
		b = append(b, '"', ':')
		b = quoteJoined(b, r.Header[name], ",")
	}
	b = append(b, `,"x-amzn-trace-id":`...)
	b = quote(b, x.trace)
	b = append(b, `,"x-forwarded-for":`...)
	if before := r.Header["X-Forwarded-For"]; before != nil {
		b = quote(b, strings.Join(before, ", ")+", "+x.sourceIP)
	} else {
		b = quote(b, x.sourceIP)
	}
	b = append(b, `,"x-forwarded-port":`...)
	b = quote(b, x.port())
	if r.TLS != nil {
		return append(b, `,"x-forwarded-proto":"https"}`...)
	}
	return append(b, `,"x-forwarded-proto":"http"}`...)
}

// port is the port that the client has connected to.
func (x *exchange) port() string {
	if _, port, err := net.SplitHostPort(x.r.Host); err == nil {
		return port
	}
	if x.r.TLS != nil {
		return "443"
	}
	return "80"
}

// appendQuery writes the decoded query parameters; values of one name are joined with commas.
func (x *exchange) appendQuery(b []byte) []byte {
	if x.r.URL.RawQuery == "" {
		return b
	}
	x.query = x.query[:0]
	for pair := range strings.SplitSeq(x.r.URL.RawQuery, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescapeQuery(name), unescapeQuery(value)
		if i := slices.IndexFunc(x.query, func(p parameter) bool { return p.name == name }); i >= 0 {
			x.query[i].value += "," + value
		} else {
			x.query = append(x.query, parameter{name, value})
		}
	}
	if len(x.query) == 0 {
		return b
	}
	b = append(b, `,"queryStringParameters":{`...)
	for i, p := range x.query {
		if i > 0 {
			b = append(b, ',')
		}
		b = quote(b, p.name)
		b = append(b, ':')
		b = quote(b, p.value)
	}
	return append(b, '}')
}

func unescapeQuery(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

// encodeVariables returns the stage variables as a JSON object, nil if there are none.
func encodeVariables(variables map[string]string) []byte {
	if len(variables) == 0 {
		return nil
	}
	b := []byte{'{'}
	for i, name := range slices.Sorted(maps.Keys(variables)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = quote(b, name)
		b = append(b, ':')
		b = quote(b, variables[name])
	}
	return append(b, '}')
}

// quote appends s as a JSON string; what is not UTF-8 is replaced.
func quote(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			b, _ = jsontext.AppendQuote(b, s)
			return b
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// quoteJoined appends values joined with separator as a JSON string.
func quoteJoined(b []byte, values []string, separator string) []byte {
	if len(values) == 1 {
		return quote(b, values[0])
	}
	return quote(b, strings.Join(values, separator))
}
