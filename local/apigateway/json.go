package apigateway

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// encodeVariables returns the stage variables as a JSON object, nil if there are none.
func encodeVariables(variables map[string]string) []byte {
	if len(variables) == 0 {
		return nil
	}
	b := []byte{'{'}
	for i, name := range slices.Sorted(maps.Keys(variables)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = quote(b, name)
		b = append(b, ':')
		b = quote(b, variables[name])
	}
	return append(b, '}')
}

// quote appends s as a JSON string; what is not UTF-8 is replaced.
func quote(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			b, _ = jsontext.AppendQuote(b, s)
			return b
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// quoteJoined appends values joined with separator as a JSON string.
func quoteJoined(b []byte, values []string, separator string) []byte {
	if len(values) == 1 {
		return quote(b, values[0])
	}
	return quote(b, strings.Join(values, separator))
}
