package awsapi

import (
	"hash/crc32"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// answer writes one response.
type answer struct {
	w         http.ResponseWriter
	requestID string
	dialect   *dialect
}

func (a *answer) succeed(body []byte) { a.send(http.StatusOK, body) }

func (a *answer) fail(err *Error) {
	if a.dialect == nil {
		a.dialect = &fallback
	}
	status := err.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	if query := a.dialect.queryError(err.Code, status); query != "" {
		a.w.Header()["X-Amzn-Query-Error"] = []string{query}
	}
	a.send(status, errorBody(a.dialect.errorType(err.Code), err))
}

func (a *answer) send(status int, body []byte) {
	// The header map is written directly: the keys are canonical already, and this runs once per request.
	header := a.w.Header()
	values := [...]string{a.dialect.contentType, a.requestID, strconv.Itoa(len(body)), ""}
	header["Content-Type"] = values[0:1:1]
	header["X-Amzn-Requestid"] = values[1:2:2]
	header["Content-Length"] = values[2:3:3]
	if a.dialect.checksum {
		values[3] = strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10)
		header["X-Amz-Crc32"] = values[3:4:4]
	}
	a.w.WriteHeader(status)
	// A caller that has gone away needs no answer.
	_, _ = a.w.Write(body)
}

// errorBody is the JSON of err: __type first, then the further members in a fixed order, then the text.
func errorBody(errorType string, err *Error) []byte {
	b := append(make([]byte, 0, 128), `{"__type":`...)
	b = appendString(b, errorType)
	for _, name := range slices.Sorted(maps.Keys(err.Fields)) {
		value, failure := json.Marshal(err.Fields[name], json.Deterministic(true))
		if failure != nil {
			// Fields come from engines, which put in only what can be written.
			continue
		}
		b = append(b, ',')
		b = appendString(b, name)
		b = append(b, ':')
		b = append(b, value...)
	}
	if err.Message != "" {
		b = append(b, ',')
		b = appendString(b, messageKey(err.Code))
		b = append(b, ':')
		b = appendString(b, err.Message)
	}
	return append(b, '}')
}

// appendString appends s as a JSON string. Invalid UTF-8 has been replaced by the time an error is reported.
func appendString(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

// newRequestID returns a random UUID, version 4. It identifies, it does not protect: no cryptographic randomness is spent on it.
func newRequestID() string {
	const digits = "0123456789abcdef"
	var id [36]byte
	high, low := rand.Uint64(), rand.Uint64()
	for i := range id {
		switch i {
		case 8, 13, 18, 23:
			id[i] = '-'
			continue
		}
		if i < 19 {
			id[i], high = digits[high&15], high>>4
		} else {
			id[i], low = digits[low&15], low>>4
		}
	}
	id[14] = '4'
	id[19] = digits[8|low&3]
	return string(id[:])
}
