package apigateway

import (
	"errors"
	"io"
	"net/http"
)

// Limits of HTTP APIs.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const (
	maxBody   = 10 << 20
	maxHeader = 10240
)

// headerSize is the size of the request line and the headers, as they came.
func headerSize(r *http.Request) int {
	n := len(r.Method) + 1 + len(r.RequestURI) + 1 + len(r.Proto) + 2 + len("Host: ") + len(r.Host) + 2
	for name, values := range r.Header {
		for _, value := range values {
			n += len(name) + 2 + len(value) + 2
		}
	}
	return n
}

var errTooLong = errors.New("request too long")

// readBody reads the body into x.body.
func (x *exchange) readBody() error {
	if x.r.ContentLength > maxBody {
		return errTooLong
	}
	if x.r.ContentLength == 0 || x.r.Body == nil {
		return nil
	}
	if n := int(x.r.ContentLength); n > cap(x.body) {
		x.body = make([]byte, 0, n+1) // room to find the end without growing
	}
	for {
		if len(x.body) == cap(x.body) {
			x.body = append(x.body, 0)[:len(x.body)]
		}
		n, err := x.r.Body.Read(x.body[len(x.body):cap(x.body)])
		x.body = x.body[:len(x.body)+n]
		if len(x.body) > maxBody {
			return errTooLong
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
