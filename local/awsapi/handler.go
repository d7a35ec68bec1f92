package awsapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
)

// NewHandler returns the HTTP endpoint that serves the services of opts. It is safe for concurrent use.
func NewHandler(opts *Options) http.Handler {
	h := &handler{}
	if opts != nil {
		h.Options = *opts
	}
	if h.MaxRequestBytes == 0 {
		h.MaxRequestBytes = DefaultMaxRequestBytes
	}
	if h.RequestID == nil {
		h.RequestID = newRequestID
	}
	if h.Logger == nil {
		h.Logger = slog.New(slog.DiscardHandler)
	}
	return h
}

type handler struct{ Options }

// maxPooled keeps one huge request from pinning its buffer for good.
const maxPooled = 1 << 20

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := answer{w: w, requestID: h.RequestID()}
	if refused := refuseProtocol(r); refused != nil {
		refused.write(&a)
		return
	}
	service, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	a.dialect = dialects[service]
	if r.Method != http.MethodPost || a.dialect == nil || operation == "" || h.Services[service] == nil {
		a.fail(&Error{Code: "UnknownOperationException", Message: h.unknown(r, service, operation)})
		return
	}

	auth, err := h.authorizer(r)
	if err != nil {
		h.fail(&a, err, service, operation)
		return
	}
	if h.Intercept != nil {
		if err := h.Intercept(r, service, operation); err != nil {
			h.fail(&a, err, service, operation)
			return
		}
	}

	body := buffers.Get().(*bytes.Buffer)
	defer func() {
		if body.Cap() <= maxPooled {
			body.Reset()
			buffers.Put(body)
		}
	}()
	if err := h.read(body, w, r); err != nil {
		h.fail(&a, err, service, operation)
		return
	}
	response, err := call(h.Services[service], r, auth, operation, body.Bytes())
	if errors.Is(err, ErrNoAnswer) || h.Aborted != nil && h.Aborted(r, service, operation) {
		// The documented way to drop a connection without a log line.
		panic(http.ErrAbortHandler)
	}
	if err != nil {
		h.fail(&a, err, service, operation)
		return
	}
	a.succeed(response)
}

// call turns a panic of an engine into an error, so that it is logged with its request and the caller gets an answer.
func call(service Service, r *http.Request, auth Authorizer, operation string, request []byte) (response []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return service.Call(r.Context(), auth, operation, request)
}

// read takes the whole body in: engines decode from memory, and the size is known to be bearable before any work is done.
func (h *handler) read(body *bytes.Buffer, w http.ResponseWriter, r *http.Request) error {
	tooLarge := &Error{Code: "RequestEntityTooLarge", Message: "The request is larger than this endpoint accepts.", Status: http.StatusRequestEntityTooLarge}
	if r.ContentLength > h.MaxRequestBytes {
		return tooLarge
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return Errorf("SerializationException", "Content-Encoding %s is not supported here: send the body as it is.", encoding)
	}
	if r.ContentLength > 0 {
		body.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, h.MaxRequestBytes))
	var limit *http.MaxBytesError
	switch {
	case errors.As(err, &limit):
		return tooLarge
	case errors.Is(err, io.ErrUnexpectedEOF):
		return Errorf("SerializationException", "The request body ended early.")
	}
	return err
}

// fail answers err, and keeps what is not meant for the caller in the log.
func (h *handler) fail(a *answer, err error, service, operation string) {
	var known *Error
	if !errors.As(err, &known) {
		h.Logger.Error("request failed", "service", service, "operation", operation, "requestId", a.requestID, "error", err)
		known = &Error{Code: a.dialect.internal, Message: "The request processing has failed because of an unknown error.", Status: http.StatusInternalServerError}
	}
	a.fail(known)
}

func (h *handler) unknown(r *http.Request, service, operation string) string {
	switch {
	case r.Method != http.MethodPost:
		return "This endpoint speaks the AWS JSON protocols: send POST requests with X-Amz-Target."
	case service == "":
		return "The request has no X-Amz-Target: this endpoint speaks the AWS JSON protocols only."
	case dialects[service] == nil || h.Services[service] == nil:
		return "The service " + service + " is not served here."
	}
	return "X-Amz-Target names no operation of " + service + "."
}
