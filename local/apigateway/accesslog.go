package apigateway

import (
	"regexp"
	"strconv"
	"strings"
)

// accessLog is a parsed access log format.
type accessLog struct {
	parts []logPart
	log   func(line []byte)
}

// logPart is literal text or, if variable is set, the name of a $context variable.
type logPart struct {
	text     string
	variable bool
}

func newAccessLog(l AccessLog) *accessLog {
	a := &accessLog{log: l.Log}
	rest := l.Format
	for _, at := range regexp.MustCompile(`\$context\.[A-Za-z0-9]+(\.[A-Za-z0-9]+)*`).FindAllStringIndex(l.Format, -1) {
		begin := len(rest) - (len(l.Format) - at[0])
		end := len(rest) - (len(l.Format) - at[1])
		if begin > 0 {
			a.parts = append(a.parts, logPart{text: rest[:begin]})
		}
		a.parts = append(a.parts, logPart{text: strings.TrimPrefix(rest[begin:end], "$context."), variable: true})
		rest = rest[end:]
	}
	if rest != "" {
		a.parts = append(a.parts, logPart{text: rest})
	}
	return a
}

// append writes the line of an exchange to b.
func (a *accessLog) append(b []byte, x *exchange) []byte {
	for i := range a.parts {
		if p := &a.parts[i]; !p.variable {
			b = append(b, p.text...)
		} else {
			before := len(b)
			if b = x.appendVariable(b, p.text); len(b) == before {
				b = append(b, '-')
			}
		}
	}
	return b
}

// appendVariable writes the value of a variable, nothing if it has none.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
func (x *exchange) appendVariable(b []byte, name string) []byte {
	if claim, ok := strings.CutPrefix(name, "authorizer.claims."); ok {
		return escape(b, x.caller.claims[claim])
	}
	switch name {
	case "authorizer.error":
		return escape(b, x.caller.refusal)
	case "identity.accountId", "identity.caller", "identity.user", "identity.userArn":
		return escape(b, x.caller.identity.variable(name))
	case "accountId":
		return append(b, x.api.opts.AccountID...)
	case "apiId":
		return append(b, x.api.id...)
	case "awsEndpointRequestId", "integration.requestId":
		return append(b, x.lambdaRequestID...)
	case "dataProcessed":
		return strconv.AppendInt(b, int64(len(x.body)+x.length), 10)
	case "domainName":
		return append(b, x.api.opts.DomainName...)
	case "domainPrefix":
		return append(b, x.domainPrefix()...)
	case "error.message":
		return append(b, x.errorMessage...)
	case "error.messageString":
		if x.errorMessage == "" {
			return b
		}
		return quote(b, x.errorMessage)
	case "error.responseType":
		return append(b, x.errorResponseType...)
	case "requestId", "extendedRequestId":
		return append(b, x.requestID...)
	case "httpMethod":
		return append(b, x.r.Method...)
	case "identity.sourceIp":
		return append(b, x.sourceIP...)
	case "identity.userAgent":
		return escape(b, x.r.UserAgent())
	case "integration.error", "integrationErrorMessage":
		return escape(b, x.integrationError)
	case "integration.integrationStatus", "integrationStatus":
		return appendStatus(b, x.lambdaStatus)
	case "integration.latency", "integrationLatency":
		if x.integrationTime == 0 {
			return b
		}
		return strconv.AppendInt(b, x.integrationTime.Milliseconds(), 10)
	case "integration.status":
		return appendStatus(b, x.functionStatus)
	case "path":
		return escape(b, x.r.URL.Path)
	case "protocol":
		return append(b, x.r.Proto...)
	case "requestTime":
		return x.begin.UTC().AppendFormat(b, clf)
	case "requestTimeEpoch":
		return strconv.AppendInt(b, x.begin.UnixMilli(), 10)
	case "responseLatency":
		return strconv.AppendInt(b, x.api.opts.Clock().Sub(x.begin).Milliseconds(), 10)
	case "responseLength":
		return strconv.AppendInt(b, int64(x.length), 10)
	case "routeKey":
		if x.route == nil {
			return b
		}
		return append(b, x.route.key...)
	case "stage":
		return append(b, x.stage.name...)
	case "status":
		return strconv.AppendInt(b, int64(x.status), 10)
	}
	return b
}

// variable is what the access log may say of a caller.
func (i *Identity) variable(name string) string {
	switch {
	case i == nil:
		return ""
	case name == "identity.accountId":
		return i.AccountID
	case name == "identity.userArn":
		return i.UserARN
	}
	return i.UserID
}

func appendStatus(b []byte, status int) []byte {
	if status == 0 {
		return b
	}
	return strconv.AppendInt(b, int64(status), 10)
}

// escape writes text that a client or a function has chosen so that it cannot break out of a JSON string.
func escape(b []byte, s string) []byte {
	if !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' }) {
		return append(b, s...)
	}
	quoted := quote(nil, s)
	return append(b, quoted[1:len(quoted)-1]...)
}
