package access_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// caller makes a request its own.
type caller func(t testing.TB, s *running, r *http.Request, body string)

func anybody(testing.TB, *running, *http.Request, string) {}

// signedBy signs as the holder of an access key does.
func signedBy(key, secret string) caller {
	return func(t testing.TB, s *running, r *http.Request, body string) {
		sum := sha256.Sum256([]byte(body))
		credentials := aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}
		if err := v4.NewSigner().SignHTTP(context.Background(), credentials, r, hex.EncodeToString(sum[:]), "execute-api", s.region, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

func bearing(token string) caller {
	return func(_ testing.TB, _ *running, r *http.Request, _ string) {
		r.Header.Set("Authorization", "Bearer "+token)
	}
}

// answer is what a caller gets.
type answer struct {
	status   int
	replayed bool
	header   http.Header
	body     string
	order    struct{ OrderID, Status string }
}

// ask sends a request; headers come in pairs.
func (s *running) ask(t testing.TB, as caller, method, path, body string, headers ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	as(t, s, r, body)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: response.StatusCode, replayed: response.Header.Get("Idempotent-Replayed") == "true", header: response.Header, body: string(text)}
	if a.status < 300 {
		if err := json.Unmarshal(text, &a.order); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return a
}

// place places the one order of these tests with an idempotency key.
func (s *running) place(t testing.TB, as caller, key string) answer {
	t.Helper()
	return s.ask(t, as, "POST", "/orders", `{"description":"two books"}`, "Idempotency-Key", key)
}
