package issuer_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/issuer"
)

func TestTokenEndpoint(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	i, err := issuer.New("http://127.0.0.1:1", &issuer.Options{Audience: "api", Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		form   url.Values
		status int
		claims map[string]any
	}{
		"with a scope": {
			url.Values{"grant_type": {"client_credentials"}, "client_id": {"me"}, "scope": {"a b"}}, http.StatusOK,
			map[string]any{"iss": "http://127.0.0.1:1", "sub": "me", "client_id": "me", "aud": "api", "token_use": "access",
				"iat": 1.7e9, "exp": 1.7e9 + 3600, "scope": "a b"},
		},
		"another grant": {url.Values{"grant_type": {"password"}, "client_id": {"me"}}, http.StatusBadRequest, nil},
		"no client":     {url.Values{"grant_type": {"client_credentials"}}, http.StatusBadRequest, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/token", strings.NewReader(test.form.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			i.ServeHTTP(w, r)
			if w.Code != test.status {
				t.Fatalf("%d %s, want %d", w.Code, w.Body, test.status)
			}
			if test.claims == nil {
				return
			}
			var answered struct {
				Token string `json:"access_token"`
			}
			if err := json.Unmarshal(w.Body.Bytes(), &answered); err != nil {
				t.Fatal(err)
			}
			payload, err := base64.RawURLEncoding.DecodeString(strings.Split(answered.Token, ".")[1])
			if err != nil {
				t.Fatal(err)
			}
			var claims map[string]any
			if err := json.Unmarshal(payload, &claims); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.claims, claims); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
		})
	}
}
