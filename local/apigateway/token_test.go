package apigateway_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/apigateway"
	"transactional-outbox/local/issuer"
)

// newIssuer serves an issuer whose clock stands still.
func newIssuer(t testing.TB) (*issuer.Issuer, string) {
	t.Helper()
	var i *issuer.Issuer
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { i.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	i, err := issuer.New(server.URL, &issuer.Options{Audience: "orders-api", Clock: fixedClock})
	check(t, err)
	return i, server.URL
}

// newTokenAPI has a route that any token opens, and one that needs a scope.
func newTokenAPI(t testing.TB, rec *recorder, url string) *apigateway.API {
	t.Helper()
	api := newAPI(t, rec, &apigateway.Options{Clock: fixedClock})
	check(t, api.PutAuthorizer("tokens", apigateway.Authorizer{
		Type: "JWT", IdentitySources: []string{"$request.header.Authorization"}, Issuer: url, Audience: []string{"orders-api", "other-api"},
	}))
	route := apigateway.Route{Key: "GET /any", Target: "integrations/hello", AuthorizationType: "JWT", AuthorizerID: "tokens"}
	check(t, api.PutRoute("any", route))
	route.Key, route.AuthorizationScopes = "GET /scoped", []string{"orders/read", "orders/write"}
	check(t, api.PutRoute("scoped", route))
	return api
}

func withToken(h http.Handler, target, header string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", target, nil)
	if header != "" {
		r.Header.Set("Authorization", header)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestTokens(t *testing.T) {
	i, url := newIssuer(t)
	rec := &recorder{}
	api := newTokenAPI(t, rec, url)
	now := fixedClock().Unix()
	valid := map[string]any{"iss": url, "sub": "alice", "aud": "orders-api", "exp": now + 60, "iat": now - 1, "nbf": now - 1}
	token := func(change map[string]any) string {
		claims := maps.Clone(valid)
		maps.Copy(claims, change)
		for name, value := range claims {
			if value == nil {
				delete(claims, name)
			}
		}
		signed, err := i.Sign(claims)
		check(t, err)
		return signed
	}
	header := func(h map[string]any) string {
		signed, err := i.SignWith(h, valid)
		check(t, err)
		return signed
	}
	other, err := issuer.New(url, nil)
	check(t, err)
	forged, err := other.SignWith(map[string]any{"alg": "RS256", "kid": i.KeyID()}, valid)
	check(t, err)
	unknown, err := other.Sign(valid)
	check(t, err)
	parts := strings.Split(token(nil), ".")
	// The public key as the secret of an HMAC, and no signature at all: the two classic mistakes of verifiers.
	confused := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","kid":"`+i.KeyID()+`"}`)) + "." + parts[1]
	mac := hmac.New(sha256.New, []byte("public"))
	mac.Write([]byte(confused))
	confused += "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."

	const open, scoped = "/any", "/scoped"
	for name, test := range map[string]struct {
		target, header string
		status         int
		says           string // in the header Www-Authenticate
	}{
		"valid":                              {open, "Bearer " + token(nil), 200, ""},
		"valid, bearer in small letters":     {open, "bearer " + token(nil), 200, ""},
		"valid, without Bearer":              {open, token(nil), 200, ""},
		"valid, one audience of several":     {open, token(map[string]any{"aud": []string{"x", "other-api"}}), 200, ""},
		"valid, client_id without aud":       {open, token(map[string]any{"aud": nil, "client_id": "orders-api"}), 200, ""},
		"valid, without iat and nbf":         {open, token(map[string]any{"iat": nil, "nbf": nil}), 200, ""},
		"valid, with the scope":              {scoped, token(map[string]any{"scope": "x orders/read"}), 200, ""},
		"valid, with the scope as scp":       {scoped, token(map[string]any{"scp": []string{"orders/write"}}), 200, ""},
		"no token":                           {open, "", 401, "Bearer"},
		"only Bearer":                        {open, "Bearer", 401, "malformed"},
		"another scheme":                     {open, "Basic " + token(nil), 401, "malformed"},
		"not a token":                        {open, "Bearer x.y", 401, "malformed"},
		"not base64":                         {open, "Bearer x!.y.z", 401, "malformed"},
		"no algorithm":                       {open, unsigned, 401, "signing method"},
		"a symmetric algorithm":              {open, confused, 401, "signing method"},
		"an algorithm of elliptic curves":    {open, header(map[string]any{"alg": "ES256", "kid": i.KeyID()}), 401, "signing method"},
		"another algorithm than it says":     {open, header(map[string]any{"alg": "RS512", "kid": i.KeyID()}), 401, "signature"},
		"critical header":                    {open, header(map[string]any{"alg": "RS256", "kid": i.KeyID(), "crit": []string{"exp"}}), 401, "malformed"},
		"no key id":                          {open, header(map[string]any{"alg": "RS256"}), 401, "key"},
		"an unknown key":                     {open, unknown, 401, "key"},
		"signed by another key":              {open, forged, 401, "signature"},
		"another payload":                    {open, parts[0] + "." + strings.Split(token(map[string]any{"sub": "bob"}), ".")[1] + "." + parts[2], 401, "signature"},
		"another issuer":                     {open, token(map[string]any{"iss": url + "/"}), 401, "issuer"},
		"no issuer":                          {open, token(map[string]any{"iss": nil}), 401, "issuer"},
		"another audience":                   {open, token(map[string]any{"aud": "x"}), 401, `Bearer scope="" error="invalid_token" error_description="the token does not have a valid audience"`},
		"another audience, fitting client":   {open, token(map[string]any{"aud": "x", "client_id": "orders-api"}), 401, "audience"},
		"neither aud nor client_id":          {open, token(map[string]any{"aud": nil}), 401, "audience"},
		"expired":                            {open, token(map[string]any{"exp": now}), 401, "expired"},
		"never expires":                      {open, token(map[string]any{"exp": nil}), 401, "expired"},
		"expires at a word":                  {open, token(map[string]any{"exp": "tomorrow"}), 401, "expired"},
		"not yet valid":                      {open, token(map[string]any{"nbf": now + 10}), 401, "nbf"},
		"issued in the future":               {open, token(map[string]any{"iat": now + 10}), 401, "iat"},
		"no scope":                           {scoped, token(nil), 403, "insufficient_scope"},
		"another scope":                      {scoped, token(map[string]any{"scope": "orders/read2 orders"}), 403, "insufficient_scope"},
		"no token where a scope is needed":   {scoped, "", 401, "Bearer"},
		"bad token where a scope is needed":  {scoped, token(map[string]any{"exp": now, "scope": "orders/read"}), 401, "expired"},
		"scope that is a number":             {scoped, token(map[string]any{"scope": 7}), 403, "insufficient_scope"},
		"scp is nothing where there is more": {scoped, token(map[string]any{"scope": "x", "scp": "orders/read"}), 403, "insufficient_scope"},
	} {
		t.Run(name, func(t *testing.T) {
			rec.event = nil
			w := withToken(api, test.target, test.header)
			body := map[int]string{401: `{"message":"Unauthorized"}`, 403: forbidden}[test.status]
			if w.Code != test.status || body != "" && w.Body.String() != body {
				t.Errorf("answer %d %s, want %d", w.Code, w.Body, test.status)
			}
			if got := w.Header().Get("Www-Authenticate"); !strings.Contains(got, test.says) {
				t.Errorf("Www-Authenticate: %s, want %s", got, test.says)
			}
			if called := rec.event != nil; called != (test.status == 200) {
				t.Errorf("function called: %v", called)
			}
		})
	}
}

func TestTheFunctionLearnsTheClaims(t *testing.T) {
	i, url := newIssuer(t)
	rec := &recorder{}
	api := newTokenAPI(t, rec, url)
	now := fixedClock().Unix()
	token, err := i.Sign(map[string]any{"iss": url, "sub": `al"ice`, "aud": []string{"orders-api", "x"}, "exp": now + 60, "admin": true, "scope": "a orders/write"})
	check(t, err)
	claims := map[string]any{"iss": url, "sub": `al"ice`, "aud": "[orders-api x]", "exp": "1584039898", "admin": "true", "scope": "a orders/write"}
	for target, scopes := range map[string]any{"/any": nil, "/scoped": []any{"orders/write"}} {
		if w := withToken(api, target, token); w.Code != 200 {
			t.Fatalf("%s: %d %s", target, w.Code, w.Header())
		}
		want := map[string]any{"jwt": map[string]any{"claims": claims, "scopes": scopes}}
		if diff := cmp.Diff(any(want), rec.event["requestContext"].(map[string]any)["authorizer"]); diff != "" {
			t.Errorf("%s: authorizer (-want +got):\n%s", target, diff)
		}
	}
}

func TestKeysAreReadOnceAndAgainAfterARotation(t *testing.T) {
	var current *issuer.Issuer
	reads := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/keys" {
			reads++
		}
		current.ServeHTTP(w, r)
	}))
	defer server.Close()
	now := fixedClock()
	api := newAPI(t, returning(`{}`), &apigateway.Options{Clock: func() time.Time { return now }})
	check(t, api.PutAuthorizer("tokens", apigateway.Authorizer{
		Type: "JWT", IdentitySources: []string{"$request.header.Authorization"}, Issuer: server.URL, Audience: []string{"a"},
	}))
	check(t, api.PutRoute("r", apigateway.Route{Key: "GET /", Target: "integrations/hello", AuthorizationType: "JWT", AuthorizerID: "tokens"}))
	ask := func(wantStatus, wantReads int) {
		t.Helper()
		token, err := current.Sign(map[string]any{"iss": server.URL, "aud": "a", "exp": now.Unix() + 60})
		check(t, err)
		if w := withToken(api, "/", token); w.Code != wantStatus || reads != wantReads {
			t.Errorf("status %d after %d reads, want %d after %d: %s", w.Code, reads, wantStatus, wantReads, w.Header().Get("Www-Authenticate"))
		}
	}
	rotate := func() {
		var err error
		current, err = issuer.New(server.URL, nil)
		check(t, err)
	}
	rotate()
	ask(200, 1)
	ask(200, 1)
	now = now.Add(time.Second)
	rotate()
	ask(401, 1) // too soon to ask again: unknown keys must not make the desk hammer the issuer
	now = now.Add(time.Minute)
	ask(200, 2)
	now = now.Add(3 * time.Hour)
	ask(200, 3)
	server.Close()
	now = now.Add(3 * time.Hour)
	ask(401, 3)
}

func TestAuthorizersThatCannotWorkAreRefused(t *testing.T) {
	api := newAPI(t, returning(`{}`), nil)
	good := apigateway.Authorizer{Type: "JWT", IdentitySources: []string{"$request.header.Authorization"}, Issuer: "https://example.com", Audience: []string{"a"}}
	for name, change := range map[string]func(*apigateway.Authorizer){
		"Lambda":              func(z *apigateway.Authorizer) { z.Type = "REQUEST" },
		"another source":      func(z *apigateway.Authorizer) { z.IdentitySources = []string{"$request.querystring.token"} },
		"no source":           func(z *apigateway.Authorizer) { z.IdentitySources = nil },
		"no audience":         func(z *apigateway.Authorizer) { z.Audience = nil },
		"issuer over http":    func(z *apigateway.Authorizer) { z.Issuer = "http://example.com" },
		"issuer is no URL":    func(z *apigateway.Authorizer) { z.Issuer = "example" },
		"issuer with a query": func(z *apigateway.Authorizer) { z.Issuer = "https://example.com?x" },
	} {
		z := good
		change(&z)
		if api.PutAuthorizer("z", z) == nil {
			t.Errorf("%s: no error", name)
		}
	}
	check(t, api.PutAuthorizer("z", good))
	for name, r := range map[string]apigateway.Route{
		"no such type":           {AuthorizationType: "CUSTOM"},
		"no such authorizer":     {AuthorizationType: "JWT", AuthorizerID: "y"},
		"an authorizer with IAM": {AuthorizationType: "AWS_IAM", AuthorizerID: "z"},
		"scopes without JWT":     {AuthorizationScopes: []string{"s"}},
	} {
		r.Key, r.Target = "GET /", "integrations/hello"
		if api.PutRoute("r", r) == nil {
			t.Errorf("route with %s: no error", name)
		}
	}
	check(t, api.PutRoute("r", apigateway.Route{Key: "GET /", Target: "integrations/hello", AuthorizationType: "JWT", AuthorizerID: "z"}))
	api.DeleteAuthorizer("z")
	if got := ask(api, "GET", "/"); got.Status != 401 {
		t.Errorf("route whose authorizer is gone: %d, want 401", got.Status)
	}
}

func FuzzToken(f *testing.F) {
	i, url := newIssuer(f)
	token, err := i.Sign(map[string]any{"iss": url, "sub": "x", "aud": "orders-api", "exp": fixedClock().Unix() + 60})
	check(f, err)
	for _, seed := range []string{token, "Bearer " + token, "a.b.c", "..", "Bearer ", strings.Repeat(".", 100), "e30.e30.e30"} {
		f.Add(seed)
	}
	api := newTokenAPI(f, &recorder{}, url)
	f.Fuzz(func(t *testing.T, header string) {
		w := withToken(api, "/any", header)
		if w.Code == 200 && strings.TrimSpace(strings.TrimPrefix(header, "Bearer ")) != token {
			t.Errorf("%q was accepted", header)
		}
	})
}

func FuzzSignature(f *testing.F) {
	for _, seed := range []string{"AWS4-HMAC-SHA256 Credential=AKIDALICE/20200312/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=00", "AWS4-HMAC-SHA256 ", "=,=,"} {
		f.Add(seed, "/orders?a=%zz&b")
	}
	api := newAPI(f, &recorder{}, &apigateway.Options{Clock: fixedClock, Identify: keyring})
	check(f, api.PutRoute("r", apigateway.Route{Key: "ANY /{proxy+}", Target: "integrations/hello", AuthorizationType: "AWS_IAM"}))
	f.Fuzz(func(t *testing.T, header, query string) {
		r := httptest.NewRequest("GET", "/orders", nil)
		r.URL.RawQuery = query
		r.Header.Set("Authorization", header)
		r.Header.Set("X-Amz-Date", "20200312T190358Z")
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		if w.Code != 403 {
			t.Errorf("%d for %q", w.Code, header)
		}
	})
}
