package httpapi

import (
	"errors"
	"net/http"
	"strconv"

	"transactional-outbox/handlers/fault"
	"transactional-outbox/handlers/jsonscan"
)

// internal is the problem of every error that is no fault: nothing of it is for the client.
const internal fault.Code = "internal"

// problems maps what can go wrong to how HTTP says it. The codes are part of the types' URIs, which clients may rely on.
var problems = map[fault.Code]struct {
	status int
	title  string
}{
	fault.Malformed:        {http.StatusBadRequest, "Malformed request"},
	fault.NotFound:         {http.StatusNotFound, "Not found"},
	fault.InProgress:       {http.StatusConflict, "Request in progress"},
	fault.TooLarge:         {http.StatusRequestEntityTooLarge, "Too large"},
	fault.UnsupportedMedia: {http.StatusUnsupportedMediaType, "Unsupported content type"},
	fault.Invalid:          {http.StatusUnprocessableEntity, "Validation failed"},
	fault.KeyReused:        {http.StatusUnprocessableEntity, "Idempotency key reused"},
	fault.Throttled:        {http.StatusTooManyRequests, "Too many requests"},
	internal:               {http.StatusInternalServerError, "Internal error"},
	fault.Unavailable:      {http.StatusServiceUnavailable, "Service unavailable"},
}

// asFault is what a client may know of an error.
func asFault(err error) *fault.Error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		if _, known := problems[f.Code]; known {
			return f
		}
	}
	return &fault.Error{Code: internal, Detail: "Something went wrong on our side."}
}

// problem writes a fault as problem details. https://www.rfc-editor.org/rfc/rfc9457
func problem(f *fault.Error) *Response {
	p := problems[f.Code]
	dst := make([]byte, 0, 256+96*len(f.Fields))
	dst = append(dst, `{"type":"/problems/`...)
	dst = append(dst, f.Code...)
	dst = append(dst, `","title":"`...)
	dst = append(dst, p.title...)
	dst = append(dst, `","status":`...)
	dst = strconv.AppendInt(dst, int64(p.status), 10)
	dst = append(dst, `,"detail":`...)
	dst = jsonscan.AppendString(dst, f.Detail)
	if len(f.Fields) > 0 {
		dst = append(dst, `,"errors":`...)
		for i := range f.Fields {
			dst = append(dst, "[,"[min(i, 1)])
			dst = append(dst, `{"field":`...)
			dst = jsonscan.AppendString(dst, f.Fields[i].Field)
			dst = append(dst, `,"message":`...)
			dst = jsonscan.AppendString(dst, f.Fields[i].Message)
			dst = append(dst, '}')
		}
		dst = append(dst, ']')
	}
	return &Response{Status: p.status, Body: append(dst, '}')}
}
