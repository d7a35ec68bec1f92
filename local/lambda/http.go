package lambda

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
)

var errMalformed = errors.New("malformed HTTP request")

// request is the head of an HTTP request, as far as the Runtime API needs it.
type request struct {
	method  string
	path    []byte
	length  int
	chunked bool
	close   bool
	expect  bool // the client waits for 100 Continue

	errorType                          string
	trailerErrorType, trailerErrorBody string
}

// readRequest reads a request up to its body.
func readRequest(r *bufio.Reader) (*request, error) {
	line, err := readLine(r)
	if err != nil {
		return nil, err
	}
	method, rest, ok := bytes.Cut(line, []byte(" "))
	path, version, ok2 := bytes.Cut(rest, []byte(" "))
	if !ok || !ok2 {
		return nil, errMalformed
	}
	req := &request{path: bytes.Clone(path), close: string(version) == "HTTP/1.0"}
	switch string(method) { // the usual ones without an allocation
	case "GET":
		req.method = "GET"
	case "POST":
		req.method = "POST"
	default:
		req.method = string(method)
	}
	for {
		line, err := readLine(r)
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			return req, nil
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return nil, errMalformed
		}
		value = bytes.TrimSpace(value)
		switch {
		case is(name, "content-length"):
			if req.length, err = strconv.Atoi(string(value)); err != nil || req.length < 0 {
				return nil, errMalformed
			}
		case is(name, "transfer-encoding"):
			if !is(value, "chunked") {
				return nil, errMalformed
			}
			req.chunked = true
		case is(name, "connection"):
			req.close = req.close || is(value, "close")
		case is(name, "expect"):
			req.expect = is(value, "100-continue")
		case is(name, "lambda-runtime-function-error-type"):
			req.errorType = string(value)
		}
	}
}

// is compares the name of a header, or a token, with its lower-case spelling.
func is(b []byte, lower string) bool {
	return len(b) == len(lower) && bytes.EqualFold(b, []byte(lower))
}

// readLine reads a line without its end. It is valid until the next read; of a line longer than r's buffer only the beginning is
// kept, which is enough because nothing that long is looked at.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line = bytes.Clone(line)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.ReadSlice('\n')
		}
	}
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// readBody reads the body and the trailers. Of a body over limit nothing is kept and oversize is set.
func (req *request) readBody(r *bufio.Reader, limit int) (body []byte, oversize bool, err error) {
	if !req.chunked {
		if req.length > limit {
			_, err := io.CopyN(io.Discard, r, int64(req.length))
			return nil, true, err
		}
		body = make([]byte, req.length)
		_, err = io.ReadFull(r, body)
		return body, false, err
	}
	for {
		line, err := readLine(r)
		if err != nil {
			return nil, false, err
		}
		size, _, _ := bytes.Cut(line, []byte(";"))
		n, err := strconv.ParseInt(string(bytes.TrimSpace(size)), 16, 32)
		if err != nil || n < 0 {
			return nil, false, errMalformed
		}
		if n == 0 {
			return body, oversize, req.readTrailers(r)
		}
		oversize = oversize || len(body)+int(n) > limit
		if oversize {
			body = nil
			_, err = io.CopyN(io.Discard, r, n)
		} else {
			at := len(body)
			// The first chunk is usually all there is: room for just that.
			body = append(body, make([]byte, n)...)
			_, err = io.ReadFull(r, body[at:])
		}
		if err != nil {
			return nil, false, err
		}
		if end, err := readLine(r); err != nil || len(end) != 0 {
			return nil, false, errMalformed
		}
	}
}

// readTrailers reads what follows the last chunk. A runtime that fails while it streams a response tells so here.
func (req *request) readTrailers(r *bufio.Reader) error {
	for {
		line, err := readLine(r)
		if err != nil {
			return err
		}
		if len(line) == 0 {
			return nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case is(name, "lambda-runtime-function-error-type"):
			req.trailerErrorType = string(value)
		case is(name, "lambda-runtime-function-error-body"):
			req.trailerErrorBody = string(value)
		}
	}
}
