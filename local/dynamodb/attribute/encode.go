package attribute

import (
	"encoding/base64"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendJSON appends the map as DynamoDB writes it: {"name":{"S":"text"}}.
func (m Map) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	for i := range m {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, m[i].Name)
		dst = append(dst, ':')
		dst = m[i].Value.AppendJSON(dst)
	}
	return append(dst, '}')
}

// MarshalJSON returns the map as DynamoDB writes it.
func (m Map) MarshalJSON() ([]byte, error) { return m.AppendJSON(nil), nil }

// AppendJSON appends the value as DynamoDB writes it: {"S":"text"}.
func (v Value) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{', '"')
	dst = append(dst, kindNames[v.kind]...)
	dst = append(dst, '"', ':')
	switch v.kind {
	case S, N, B:
		dst = appendScalar(dst, v.kind, v.text)
	case BOOL, NULL:
		dst = strconv.AppendBool(dst, v.truth)
	case SS, NS, BS:
		dst = append(dst, '[')
		for i, element := range v.parts.set {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendScalar(dst, v.kind.element(), element)
		}
		dst = append(dst, ']')
	case L:
		dst = append(dst, '[')
		for i, element := range v.parts.list {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = element.AppendJSON(dst)
		}
		dst = append(dst, ']')
	case M:
		dst = v.parts.members.AppendJSON(dst)
	}
	return append(dst, '}')
}

func appendScalar(dst []byte, kind Kind, text string) []byte {
	if kind == B {
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, []byte(text))
		return append(dst, '"')
	}
	return AppendString(dst, text)
}

// AppendString appends a JSON string.
func AppendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			// The error is about invalid UTF-8, which is replaced.
			dst, _ = jsontext.AppendQuote(dst, s)
			return dst
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}
