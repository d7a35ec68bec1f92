package httpapi

import (
	"strconv"

	"transactional-outbox/handlers/jsonscan"
	"transactional-outbox/handlers/metrics"
)

// A Response is an answer that is not a problem.
type Response struct {
	Status   int
	Location string // header; empty for none
	Replayed bool   // header Idempotent-Replayed: true
	Body     []byte // JSON

	Count metrics.Metric // what the server counts for this answer
}

const (
	typeJSON    = "application/json"
	typeProblem = "application/problem+json"
)

// encode writes an answer in payload format 2.0, statusCode included: without it API Gateway would take the answer for the
// body of a 200. Header names are in lower case, as HTTP/2 sends them.
func encode(r *Response, contentType, requestID string, retryAfter int) []byte {
	dst := make([]byte, 0, 384+len(r.Body)+len(r.Body)/4)
	dst = append(dst, `{"statusCode":`...)
	dst = strconv.AppendInt(dst, int64(r.Status), 10)
	dst = append(dst, `,"headers":{"content-type":"`...)
	dst = append(dst, contentType...)
	dst = append(dst, `","cache-control":"no-store","x-content-type-options":"nosniff"`...)
	if requestID != "" {
		dst = header(dst, "x-request-id", requestID)
	}
	if r.Location != "" {
		dst = header(dst, "location", r.Location)
	}
	if r.Replayed {
		dst = header(dst, "idempotent-replayed", "true")
	}
	if retryAfter > 0 {
		dst = header(dst, "retry-after", strconv.Itoa(retryAfter))
	}
	dst = append(dst, `},"body":`...)
	dst = jsonscan.AppendString(dst, string(r.Body))
	return append(dst, '}')
}

func header(dst []byte, name, value string) []byte {
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':')
	return jsonscan.AppendString(dst, value)
}
