// Package fault is the error a caller may be told about: a code that adapters translate to their protocol, a text that is
// safe to show, and the cause, which is for the log only. Every other error is internal to whoever sees it.
package fault

import (
	"strings"
	"time"
)

// A Code says what kind of failure it is. Adapters map codes; nothing else of an error decides how a caller is answered.
type Code string

const (
	Malformed        Code = "malformed"              // the request cannot be read
	Invalid          Code = "validation"             // it can be read, but breaks rules: see Fields
	UnsupportedMedia Code = "unsupported-media-type" // it is of a type that is not understood
	TooLarge         Code = "too-large"              // it, or what would be stored for it, is too large
	NotFound         Code = "not-found"              // what it names does not exist
	KeyReused        Code = "idempotency-key-reused" // its idempotency key belongs to another request
	InProgress       Code = "in-progress"            // another request is changing the same thing right now
	Throttled        Code = "throttled"              // too much is asked for at the moment
	Unavailable      Code = "unavailable"            // something this depends on does not answer
)

// A Field is what is wrong with one part of a request.
type Field struct {
	Field   string // where, like items[3].quantity
	Message string
}

// Error is a failure that a caller may be told about.
type Error struct {
	Code       Code
	Detail     string        // one sentence for the caller
	Fields     []Field       // with Invalid: everything that is wrong, in the order of the request
	RetryAfter time.Duration // when to try again; 0 if that would not help or is not known
	Err        error         // the cause, or nil; never shown to the caller
}

// Error is the whole story, for the log.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Code))
	b.WriteString(": ")
	b.WriteString(e.Detail)
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }
