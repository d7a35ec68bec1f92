package apigateway

import (
	"net/url"
	"slices"
	"strings"
)

// appendQuery writes the decoded query parameters; values of one name are joined with commas.
func (x *exchange) appendQuery(b []byte) []byte {
	if x.r.URL.RawQuery == "" {
		return b
	}
	x.query = x.query[:0]
	for pair := range strings.SplitSeq(x.r.URL.RawQuery, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescapeQuery(name), unescapeQuery(value)
		if i := slices.IndexFunc(x.query, func(p parameter) bool { return p.name == name }); i >= 0 {
			x.query[i].value += "," + value
		} else {
			x.query = append(x.query, parameter{name, value})
		}
	}
	if len(x.query) == 0 {
		return b
	}
	b = append(b, `,"queryStringParameters":{`...)
	for i, p := range x.query {
		if i > 0 {
			b = append(b, ',')
		}
		b = quote(b, p.name)
		b = append(b, ':')
		b = quote(b, p.value)
	}
	return append(b, '}')
}

func unescapeQuery(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}
