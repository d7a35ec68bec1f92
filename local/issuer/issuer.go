// Package issuer is an OpenID Connect issuer for one machine: it signs whatever token it is asked for, so that an API with a JWT
// authorizer can be tried without an identity provider. It authenticates nobody and is of no use beyond 127.0.0.1.
//
//	curl -d grant_type=client_credentials -d client_id=me -d scope=orders http://127.0.0.1:9000/token
package issuer

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
)

// keyBits is the size of the signing keys: the least that RFC 7518 allows.
const keyBits = 2048

// lifetime is how long a token from the token endpoint is valid.
const lifetime = time.Hour

// Issuer signs tokens with a key of its own. It is safe for concurrent use.
type Issuer struct {
	url, audience string
	clock         func() time.Time
	key           *rsa.PrivateKey
	keyID         string
	mux           *http.ServeMux
}

// Options configures [New]. A nil *Options and every zero field work.
type Options struct {
	// Audience is the aud claim of tokens from the token endpoint. "" means the client's id.
	Audience string
	// Clock is the current time. Nil means time.Now.
	Clock func() time.Time
}

// New returns an issuer with a new key that clients reach at url, without a slash at its end. Serve it there: it is an [http.Handler].
func New(url string, opts *Options) (*Issuer, error) {
	i := &Issuer{url: url, clock: time.Now, mux: http.NewServeMux()}
	if opts != nil {
		i.audience = opts.Audience
		if opts.Clock != nil {
			i.clock = opts.Clock
		}
	}
	var err error
	if i.key, err = rsa.GenerateKey(rand.Reader, keyBits); err != nil {
		return nil, fmt.Errorf("make a signing key: %w", err)
	}
	sum := sha256.Sum256(i.key.N.Bytes())
	i.keyID = hex.EncodeToString(sum[:8])
	i.mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	i.mux.HandleFunc("GET /keys", i.keys)
	i.mux.HandleFunc("POST /token", i.token)
	return i, nil
}

// ServeHTTP answers the discovery document, the keys and the token endpoint.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) { i.mux.ServeHTTP(w, r) }

// KeyID names the key in the header of tokens.
func (i *Issuer) KeyID() string { return i.keyID }

// Sign returns a token with these claims and no other.
func (i *Issuer) Sign(claims map[string]any) (string, error) {
	return i.SignWith(map[string]any{"alg": "RS256", "typ": "JWT", "kid": i.keyID}, claims)
}

// SignWith is Sign with a header of the caller's choice; the signature is RS256 whatever it says.
func (i *Issuer) SignWith(header, claims map[string]any) (string, error) {
	encoded := make([]string, 2)
	for n, part := range []map[string]any{header, claims} {
		text, err := json.Marshal(part, json.Deterministic(true))
		if err != nil {
			return "", fmt.Errorf("token: %w", err)
		}
		encoded[n] = base64.RawURLEncoding.EncodeToString(text)
	}
	signed := encoded[0] + "." + encoded[1]
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, digest[:])
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

func (i *Issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"issuer": i.url, "jwks_uri": i.url + "/keys", "token_endpoint": i.url + "/token",
		"id_token_signing_alg_values_supported": []string{"RS256"}, "grant_types_supported": []string{"client_credentials"},
		"subject_types_supported": []string{"public"}, "response_types_supported": []string{"token"},
	})
}

func (i *Issuer) keys(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"keys": []map[string]any{{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": i.keyID,
		"n": base64.RawURLEncoding.EncodeToString(i.key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(i.key.E)).Bytes()),
	}}})
}

// token is the client credentials grant, for any client and any scope.
// https://www.rfc-editor.org/rfc/rfc6749#section-4.4
func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	client, _, ok := r.BasicAuth()
	if !ok {
		client = r.FormValue("client_id")
	}
	switch {
	case r.FormValue("grant_type") != "client_credentials":
		answer(w, http.StatusBadRequest, map[string]any{"error": "unsupported_grant_type"})
		return
	case client == "":
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_client"})
		return
	}
	now := i.clock()
	claims := map[string]any{
		"iss": i.url, "sub": client, "client_id": client, "aud": client, "token_use": "access",
		"iat": now.Unix(), "exp": now.Add(lifetime).Unix(),
	}
	if i.audience != "" {
		claims["aud"] = i.audience
	}
	if scope := r.FormValue("scope"); scope != "" {
		claims["scope"] = scope
	}
	signed, err := i.Sign(claims)
	if err != nil {
		answer(w, http.StatusInternalServerError, map[string]any{"error": "server_error"})
		return
	}
	answer(w, http.StatusOK, map[string]any{"access_token": signed, "token_type": "Bearer", "expires_in": int(lifetime.Seconds())})
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.MarshalWrite(w, body, json.Deterministic(true)) // a client that has gone away needs no answer
}
