package dynamo

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

const contentType = "application/x-amz-json-1.0"

// A signer signs requests with Signature Version 4. The key is good for a day, and is made once for it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
type signer struct {
	keyID, secret, region string
	current               atomic.Pointer[dayKey]
}

type dayKey struct {
	day string // like 20261124
	key []byte
}

func (s *signer) key(day string) []byte {
	if k := s.current.Load(); k != nil && k.day == day {
		return k.key
	}
	key := mac([]byte("AWS4"+s.secret), []byte(day))
	for _, part := range []string{s.region, "dynamodb", "aws4_request"} {
		key = mac(key, []byte(part))
	}
	s.current.Store(&dayKey{day: day, key: key})
	return key
}

func mac(key, text []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(text)
	return h.Sum(nil)
}

// sign adds the date and the signature to the header of a POST. It signs the host, the content type and what is Amazon's.
func (s *signer) sign(header http.Header, u *url.URL, target, token string, body []byte, now time.Time) {
	stamp := now.UTC().Format("20060102T150405Z")
	header["X-Amz-Date"] = []string{stamp}
	signed := "content-type;host;x-amz-date;x-amz-target"
	if token != "" {
		signed = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
	}
	b := make([]byte, 0, 1024+len(token))
	b = append(b, "POST\n"...)
	b = append(b, u.EscapedPath()...)
	b = append(b, "\n\ncontent-type:"+contentType+"\nhost:"...)
	b = append(b, u.Host...)
	b = append(b, "\nx-amz-date:"...)
	b = append(b, stamp...)
	if token != "" {
		b = append(b, "\nx-amz-security-token:"...)
		b = append(b, token...)
	}
	b = append(b, "\nx-amz-target:"...)
	b = append(b, target...)
	b = append(b, "\n\n"...)
	b = append(b, signed...)
	b = append(b, '\n')
	hash := sha256.Sum256(body)
	b = hex.AppendEncode(b, hash[:])
	hash = sha256.Sum256(b)

	day := stamp[:8]
	b = append(b[:0], "AWS4-HMAC-SHA256\n"...)
	b = append(b, stamp...)
	b = append(b, '\n')
	b = s.appendScope(b, day)
	b = append(b, '\n')
	b = hex.AppendEncode(b, hash[:])
	signature := mac(s.key(day), b)

	b = append(b[:0], "AWS4-HMAC-SHA256 Credential="...)
	b = append(b, s.keyID...)
	b = append(b, '/')
	b = s.appendScope(b, day)
	b = append(b, ", SignedHeaders="...)
	b = append(b, signed...)
	b = append(b, ", Signature="...)
	header["Authorization"] = []string{string(hex.AppendEncode(b, signature))}
}

func (s *signer) appendScope(b []byte, day string) []byte {
	b = append(b, day...)
	b = append(b, '/')
	b = append(b, s.region...)
	return append(b, "/dynamodb/aws4_request"...)
}
