package apigateway

import (
	"encoding/base64"
	"mime"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// appendEvent writes the event of payload format 2.0. Members without content are left out, as API Gateway does.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
//
// The name of rawPath misleads: HTTP APIs decode it. requestContext.authentication is there only with mutual TLS, and
// requestContext.authorizer only on routes that check who calls.
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
	if x.caller.context != nil {
		b = append(b, `,"authorizer":`...)
		b = append(b, x.caller.context...)
	}
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
