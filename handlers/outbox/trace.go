package outbox

import (
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// ChildTrace makes the traceparent of an event from that of the request that caused it: the same trace, a span of its own.
// A missing or invalid one begins a new trace, as W3C Trace Context asks (https://www.w3.org/TR/trace-context/#traceparent-header);
// whether a trace is recorded is the client's decision, so a new one says that it is not.
func ChildTrace(traceparent string, random io.Reader) (string, error) {
	var bits [24]byte
	if _, err := io.ReadFull(random, bits[:]); err != nil {
		return "", fmt.Errorf("random trace id: %w", err)
	}
	child := make([]byte, 0, 55)
	child = append(child, "00-"...)
	flags := "00"
	if ValidTrace(traceparent) {
		child = append(child, traceparent[3:35]...)
		flags = traceparent[53:55]
	} else {
		bits[0] |= 1 // an id of zeros is invalid
		child = hex.AppendEncode(child, bits[:16])
	}
	bits[16] |= 1
	child = append(child, '-')
	child = hex.AppendEncode(child, bits[16:])
	child = append(child, '-')
	return string(append(child, flags...)), nil
}

// TraceID returns the trace id of a traceparent, 32 hexadecimal digits; empty where it cannot be used.
func TraceID(traceparent string) string {
	if !ValidTrace(traceparent) {
		return ""
	}
	return traceparent[3:35]
}

// ValidTrace says whether a traceparent header can be used. Versions to come may be longer, and are read as version 00.
func ValidTrace(traceparent string) bool {
	if len(traceparent) < 55 || traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-' {
		return false
	}
	version, trace, span, flags := traceparent[:2], traceparent[3:35], traceparent[36:52], traceparent[53:55]
	switch {
	case !lowerHex(version) || version == "ff":
		return false
	case version == "00" && len(traceparent) != 55:
		return false
	case len(traceparent) > 55 && traceparent[55] != '-':
		return false
	}
	return lowerHex(trace) && strings.Trim(trace, "0") != "" && lowerHex(span) && strings.Trim(span, "0") != "" && lowerHex(flags)
}

func lowerHex(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
