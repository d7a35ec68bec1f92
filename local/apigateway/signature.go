package apigateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// service is the name that requests to APIs are signed for.
const service = "execute-api"

// maxSkew is how far a signature's time may be from ours.
const maxSkew = 5 * time.Minute

// errUnsigned says that a request carries no signature.
var errUnsigned = errors.New("the request is not signed")

// signature is an Authorization header of Signature Version 4.
type signature struct {
	key     string
	scope   string // date/region/service/aws4_request
	headers []string
	value   string
}

// verifySignature checks who has signed the request. Signatures in the query string are not supported: they count as none.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func (x *exchange) verifySignature() (key string, caller Identity, err error) {
	s, err := parseSignature(x.r.Header.Get("Authorization"))
	if err != nil {
		return "", caller, err
	}
	if x.api.opts.Identify == nil {
		return "", caller, errors.New("no access key is known")
	}
	caller, known := x.api.opts.Identify(s.key)
	if !known {
		return "", caller, fmt.Errorf("access key %q is not known", s.key)
	}
	stamp := x.r.Header.Get("X-Amz-Date")
	signedAt, err := time.Parse("20060102T150405Z", stamp)
	if err != nil {
		return "", caller, fmt.Errorf("X-Amz-Date is %q", stamp)
	}
	if skew := x.begin.Sub(signedAt).Abs(); skew > maxSkew {
		return "", caller, fmt.Errorf("the signature is %s away from now", skew)
	}
	if want := stamp[:8] + "/" + x.api.opts.Region + "/" + service + "/aws4_request"; s.scope != want {
		return "", caller, fmt.Errorf("the credential scope is %q, want %q", s.scope, want)
	}
	if !hmac.Equal([]byte(x.r.Header.Get("X-Amz-Security-Token")), []byte(caller.SessionToken)) {
		return "", caller, errors.New("the security token is not the access key's")
	}
	if err := s.covers(x.r.Header); err != nil {
		return "", caller, err
	}
	want := s.sign(caller.SecretAccessKey, stamp, canonicalRequest(x.r, x.body, s.headers))
	if !hmac.Equal([]byte(s.value), []byte(want)) {
		return "", caller, errors.New("the signature does not match")
	}
	return s.key, caller, nil
}

// parseSignature reads the header's three parts, in any order.
func parseSignature(header string) (signature, error) {
	var s signature
	rest, ok := strings.CutPrefix(header, "AWS4-HMAC-SHA256 ")
	if !ok {
		return s, errUnsigned
	}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			s.key, s.scope, _ = strings.Cut(value, "/")
		case "SignedHeaders":
			s.headers = strings.Split(value, ";")
		case "Signature":
			s.value = value
		}
	}
	if s.key == "" || s.scope == "" || len(s.headers) == 0 || s.value == "" {
		return s, errors.New("the signature is incomplete")
	}
	return s, nil
}

// covers insists that the signature speaks for what must not be changed on the way: the host and the headers of AWS's own.
func (s *signature) covers(h http.Header) error {
	if !slices.Contains(s.headers, "host") {
		return errors.New("the signature does not cover the host")
	}
	for name := range h {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-amz-") && !slices.Contains(s.headers, name) {
			return fmt.Errorf("the signature does not cover %s", name)
		}
	}
	return nil
}

// sign is what the signature would be, were it made with the secret.
func (s *signature) sign(secret, stamp, canonical string) string {
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(s.scope, "/") {
		key = mac(key, part)
	}
	return hex.EncodeToString(mac(key, "AWS4-HMAC-SHA256\n"+stamp+"\n"+s.scope+"\n"+sha256Hex([]byte(canonical))))
}

// canonicalRequest is the one way to write a request down that client and server agree on. The hash is that of the body that came,
// whatever the client says it is.
func canonicalRequest(r *http.Request, body []byte, signed []string) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n" + uriEncode(r.URL.EscapedPath(), "/") + "\n" + canonicalQuery(r.URL.RawQuery) + "\n")
	for _, name := range signed {
		var value string
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = strconv.Itoa(len(body))
		default:
			trimmed := slices.Clone(r.Header.Values(name))
			for i, v := range trimmed {
				trimmed[i] = squeeze(v)
			}
			value = strings.Join(trimmed, ",")
		}
		b.WriteString(name + ":" + value + "\n")
	}
	b.WriteString("\n" + strings.Join(signed, ";") + "\n" + sha256Hex(body))
	return b.String()
}

// squeeze removes spaces at both ends and makes several in a row one; other white space stays.
func squeeze(s string) string {
	s = strings.Trim(s, " ")
	for strings.Contains(s, "  ") {
		s = strings.ReplaceAll(s, "  ", " ")
	}
	return s
}

// canonicalQuery sorts the parameters of a query and writes them in one encoding.
func canonicalQuery(raw string) string {
	var pairs []string
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		pairs = append(pairs, uriEncode(queryDecode(name), "")+"="+uriEncode(queryDecode(value), ""))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

func queryDecode(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

// uriEncode escapes every byte but the unreserved characters of RFC 3986 and those in keep.
func uriEncode(s, keep string) string {
	const hexadecimal = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~"+keep, c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hexadecimal[c>>4], hexadecimal[c&15]})
		}
	}
	return b.String()
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
