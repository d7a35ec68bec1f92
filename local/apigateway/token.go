package apigateway

import (
	"context"
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// authorizer is a checked Authorizer.
type authorizer struct {
	issuer   string
	audience []string
	keys     keySet
}

// algorithms are those that API Gateway accepts: signatures with RSA keys.
var algorithms = map[string]crypto.Hash{"RS256": crypto.SHA256, "RS384": crypto.SHA384, "RS512": crypto.SHA512}

// claims are the members of a token's payload.
type claims map[string]jsontext.Value

// verify returns the claims of a token that is valid at now. The text of its error is for the client.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
func (z *authorizer) verify(ctx context.Context, token string, now time.Time) (claims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("the token is malformed")
	}
	var header struct {
		Algorithm string   `json:"alg"`
		KeyID     string   `json:"kid"`
		Critical  []string `json:"crit"`
	}
	if err := decodePart(parts[0], &header); err != nil || len(header.Critical) > 0 {
		return nil, errors.New("the token is malformed")
	}
	hash, ok := algorithms[header.Algorithm]
	if !ok {
		return nil, errors.New("signing method is invalid")
	}
	signed, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil {
		return nil, errors.New("the token is malformed")
	}
	key, err := z.keys.find(ctx, header.KeyID)
	if err != nil {
		return nil, err
	}
	digest := hash.New()
	digest.Write([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(key, hash, digest.Sum(nil), signed) != nil {
		return nil, errors.New("the signature is invalid")
	}
	var c claims
	if err := decodePart(parts[1], &c); err != nil || c == nil {
		return nil, errors.New("the token is malformed")
	}
	return c, z.check(c, now)
}

// decodePart decodes the JSON in a part of a token. A name that is there twice is an error.
func decodePart(part string, into any) error {
	text, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// check holds the claims to the rules.
func (z *authorizer) check(c claims, now time.Time) error {
	if c.string("iss") != z.issuer {
		return errors.New("the token does not have a valid issuer")
	}
	// client_id counts only where there is no aud.
	audience := c.list("aud")
	if c["aud"] == nil {
		audience = c.list("client_id")
	}
	if !slices.ContainsFunc(audience, func(a string) bool { return slices.Contains(z.audience, a) }) {
		return errors.New("the token does not have a valid audience")
	}
	if expires, ok := c.time("exp"); !ok || !expires.After(now) {
		return errors.New("the token has expired")
	}
	for _, name := range []string{"nbf", "iat"} {
		if c[name] == nil {
			continue
		}
		if begins, ok := c.time(name); !ok || begins.After(now) {
			return fmt.Errorf("the token is not valid yet: %s", name)
		}
	}
	return nil
}

// string returns a claim that is a string, or "".
func (c claims) string(name string) string {
	value := c[name]
	if value.Kind() != '"' {
		return ""
	}
	var s string
	if json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

// list returns a claim that is a string or a list of strings.
func (c claims) list(name string) []string {
	if s := c.string(name); s != "" {
		return []string{s}
	}
	var list []string
	if value := c[name]; value.Kind() != '[' || json.Unmarshal(value, &list) != nil {
		return nil
	}
	return list
}

// time returns a claim that is a number of seconds since 1970.
func (c claims) time(name string) (time.Time, bool) {
	seconds, err := strconv.ParseFloat(string(c[name]), 64)
	if err != nil || seconds < 0 || seconds > 1<<40 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(seconds * 1000)), true
}

// scopes returns the scopes of the token: scope or scp, separated by spaces or as a list.
func (c claims) scopes() []string {
	name := "scope"
	if c[name] == nil {
		name = "scp"
	}
	var scopes []string
	for _, part := range c.list(name) {
		scopes = append(scopes, strings.Fields(part)...)
	}
	return scopes
}

// text returns the claims as functions see them: every value is a string, a list is written as [a b].
func (c claims) text() map[string]string {
	texts := make(map[string]string, len(c))
	for name, value := range c {
		switch value.Kind() {
		case '"':
			texts[name] = c.string(name)
		case '[':
			var list []any
			if json.Unmarshal(value, &list) == nil {
				texts[name] = fmt.Sprint(list)
			}
		default:
			texts[name] = string(value)
		}
	}
	return texts
}

// appendJWT writes the authorizer's part of the event as it is with a token.
func appendJWT(b []byte, claims map[string]string, granted []string) []byte {
	b = append(b, `{"jwt":{"claims":`...)
	b = append(b, '{')
	for i, name := range slices.Sorted(maps.Keys(claims)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = quote(b, name)
		b = append(b, ':')
		b = quote(b, claims[name])
	}
	b = append(b, `},"scopes":`...)
	if granted == nil {
		return append(b, "null}}"...)
	}
	for i, scope := range granted {
		b = append(b, "[,"[min(i, 1)])
		b = quote(b, scope)
	}
	return append(b, "]}}"...)
}
