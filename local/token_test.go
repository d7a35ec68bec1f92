package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// printed is what the desk printed that matches, once it has.
func printed(t *testing.T, out *syncBuffer, pattern string) string {
	t.Helper()
	place := regexp.MustCompile(pattern)
	eventually(t, pattern, func() bool { return place.MatchString(out.String()) })
	return place.FindStringSubmatch(out.String())[1]
}

// Whoever follows what the desk prints has an order placed, and nobody else.
func TestTokensOfTheDeskOpenItsAPI(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out syncBuffer
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, anywhere("-issuer"), &out) }()
	endpoint := printed(t, &out, `-d scope=orders/all (http://127\.0\.0\.1:\d+/token) `)
	api := printed(t, &out, `curl -i (http://127\.0\.0\.1:\d+)/orders -H "authorization: Bearer \$TOKEN"`)

	token := func(scope string) string {
		t.Helper()
		response, err := http.PostForm(endpoint, url.Values{"grant_type": {"client_credentials"}, "client_id": {"alice"}, "scope": {scope}})
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var answer struct {
			AccessToken string `json:"access_token"`
		}
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.AccessToken == "" {
			t.Fatalf("%s: no token: %v", response.Status, err)
		}
		return "Bearer " + answer.AccessToken
	}
	place := func(authorization string) *http.Response {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, api+"/orders", strings.NewReader(`{"description":"two books"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		if authorization != "" {
			request.Header.Set("Authorization", authorization)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response
	}
	for name, refused := range map[string]struct {
		authorization string
		status        int
	}{
		"no token":                      {"", http.StatusUnauthorized},
		"a token that nobody has given": {token("orders/all") + "x", http.StatusUnauthorized},
		"a token for something else":    {token("orders/none"), http.StatusForbidden},
	} {
		if response := place(refused.authorization); response.StatusCode != refused.status {
			t.Errorf("%s: %s, want %d", name, response.Status, refused.status)
		}
	}
	response := place(token("orders/all"))
	if response.StatusCode != http.StatusCreated {
		t.Fatalf("with a token: %s, want 201", response.Status)
	}
	id := strings.TrimPrefix(response.Header.Get("Location"), "/orders/")
	arrived := "consumer         " + id + "  fulfilment REQUESTED after sequence 1"
	eventually(t, arrived, func() bool { return strings.Contains(out.String(), arrived) })
	if n := strings.Count(out.String(), "  order placed"); n != 1 {
		t.Errorf("%d orders were placed, want the one with the token", n)
	}

	stop()
	if err := <-ended; err != nil {
		t.Errorf("the desk ended with %v", err)
	}
	if _, err := http.Get(strings.TrimSuffix(endpoint, "/token") + "/keys"); err == nil {
		t.Error("the identity provider is still there")
	}
}
