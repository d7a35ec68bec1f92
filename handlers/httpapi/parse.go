package httpapi

import (
	"strings"

	"transactional-outbox/handlers/jsonscan"
)

// A parser reads the few members of an event that matter. It costs a fraction of decoding all of it into a struct of maps.
type parser struct {
	jsonscan.Scanner
	version string
}

// object reads an object, or null where there might be one, and calls member for each of its members.
func (p *parser) object(member func(name string)) {
	if p.Kind() == jsonscan.Null {
		p.Null()
		return
	}
	p.Object()
	for name, ok := p.Member(); ok; name, ok = p.Member() {
		member(name)
	}
}

// text reads a string, or null where there might be one.
func (p *parser) text() string {
	if p.Kind() == jsonscan.Null {
		p.Null()
		return ""
	}
	return p.String()
}

func (p *parser) event(r *Request) {
	p.Object()
	for name, ok := p.Member(); ok; name, ok = p.Member() {
		switch name {
		case "version":
			p.version = p.text()
		case "routeKey":
			r.RouteKey = p.text()
		case "headers":
			p.object(func(name string) { p.header(r, name) })
		case "pathParameters":
			p.object(func(name string) {
				if name == "orderId" {
					r.OrderID = p.text()
				} else {
					p.Skip()
				}
			})
		case "requestContext":
			p.object(func(name string) { p.context(r, name) })
		case "body":
			r.body = p.text()
		case "isBase64Encoded":
			r.base64 = p.Bool()
		default:
			p.Skip()
		}
	}
}

// header reads a header. API Gateway sends names in lower case; an event written by hand may not.
func (p *parser) header(r *Request, name string) {
	switch {
	case strings.EqualFold(name, "content-type"):
		r.ContentType = p.text()
	case strings.EqualFold(name, "idempotency-key"):
		key := p.text()
		r.IdempotencyKey = &key
	case strings.EqualFold(name, "traceparent"):
		r.TraceParent = p.text()
	case strings.EqualFold(name, "x-correlation-id"):
		r.CorrelationID = p.text()
	default:
		p.Skip()
	}
}

func (p *parser) context(r *Request, name string) {
	switch name {
	case "requestId":
		r.ID = p.text()
	case "authorizer":
		p.object(func(name string) { p.authorizer(r, name) })
	default:
		p.Skip()
	}
}

// authorizer reads who API Gateway has found the caller to be: an IAM principal by its ARN, the holder of a JWT by issuer and
// subject, which together are unique (https://www.rfc-editor.org/rfc/rfc7519#section-4.1.2), or, where a token is about nobody in
// particular, by issuer and client. The kinds do not mix.
func (p *parser) authorizer(r *Request, name string) {
	switch name {
	case "iam":
		p.object(func(name string) {
			if name != "userArn" {
				p.Skip()
			} else if arn := p.text(); arn != "" {
				r.Caller = "iam " + arn
			}
		})
	case "jwt":
		p.object(func(name string) {
			if name != "claims" {
				p.Skip()
				return
			}
			var issuer, subject, client string
			p.object(func(name string) {
				switch name {
				case "iss":
					issuer = p.text()
				case "sub":
					subject = p.text()
				case "client_id":
					client = p.text()
				default:
					p.Skip()
				}
			})
			switch {
			case subject != "":
				r.Caller = "jwt " + issuer + " " + subject
			case client != "":
				r.Caller = "jwt-client " + issuer + " " + client
			}
		})
	default:
		p.Skip()
	}
}
