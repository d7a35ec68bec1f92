package access_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"transactional-outbox/local/issuer"
)

// refused insists that callers are refused on every route, and that nothing of what they sent was written.
func (s *running) refused(t *testing.T, orderID string, status int, callers map[string]caller) {
	t.Helper()
	before := s.orders(t)
	for name, as := range callers {
		for _, route := range []struct{ method, path, body string }{
			{"POST", "/orders", `{"description":"two books"}`},
			{"POST", "/orders/" + orderID + "/cancel", ""},
			{"GET", "/orders/" + orderID, ""},
			{"GET", "/orders/" + orderID + "/fulfilment", ""},
		} {
			got := s.ask(t, as, route.method, route.path, route.body)
			want := map[int]string{401: `{"message":"Unauthorized"}`, 403: `{"message":"Forbidden"}`}[status]
			if got.status != status || got.body != want {
				t.Errorf("%s: %s %s: %d %s, want %d %s", name, route.method, route.path, got.status, got.body, status, want)
			}
		}
	}
	if after := s.orders(t); after != before {
		t.Errorf("%d orders, %d before they were refused", after, before)
	}
}

// orders counts what is in the orders table.
func (s *running) orders(t *testing.T) int {
	t.Helper()
	table := s.output("ordersTable")
	out, err := s.dynamodb.Scan(t.Context(), &dynamodb.ScanInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	return len(out.Items)
}

// keysBelongToCallers insists that an idempotency key of one caller means nothing to another.
func (s *running) keysBelongToCallers(t *testing.T, alice, bob caller) (orderID string) {
	t.Helper()
	const key = "the same key"
	first, second := s.place(t, alice, key), s.place(t, bob, key)
	for name, a := range map[string]answer{"first caller": first, "second caller": second} {
		if a.status != 201 || a.replayed {
			t.Fatalf("%s: %d %s, replayed %t, want a new order", name, a.status, a.body, a.replayed)
		}
	}
	if first.order.OrderID == second.order.OrderID {
		t.Error("two callers got one order")
	}
	for as, want := range map[*caller]string{&alice: first.order.OrderID, &bob: second.order.OrderID} {
		if again := s.place(t, *as, key); again.status != 201 || !again.replayed || again.order.OrderID != want {
			t.Errorf("a retry got %d %s, replayed %t, want order %s again", again.status, again.body, again.replayed, want)
		}
	}
	if n := s.orders(t); n != 2 {
		t.Errorf("%d orders, want 2", n)
	}
	return first.order.OrderID
}

func TestIAM(t *testing.T) {
	s := mustStart(t, map[string]string{"auth": "iam"})
	orderID := s.keysBelongToCallers(t, signedBy("alice", "alice"), signedBy("bob", "bob"))
	if got := s.ask(t, signedBy("owner", "owner"), "GET", "/orders/"+orderID, ""); got.status != 200 {
		t.Errorf("the owner reads: %d %s", got.status, got.body)
	}
	s.refused(t, orderID, 403, map[string]caller{
		"nobody":         anybody,
		"a wrong secret": signedBy("alice", "bob"),
		"no such key":    signedBy("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI"),
		"a token":        bearing("x.y.z"),
	})
}

func TestJWT(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	server.Start()
	defer server.Close()
	provider, err := issuer.New(server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = provider
	other, err := issuer.New(server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	token := func(of *issuer.Issuer, subject, scope string, lifetime time.Duration) caller {
		signed, err := of.Sign(map[string]any{
			"iss": server.URL, "sub": subject, "aud": "orders", "scope": scope,
			"iat": time.Now().Unix() - 10, "exp": time.Now().Add(lifetime).Unix(),
		})
		if err != nil {
			t.Fatal(err)
		}
		return bearing(signed)
	}
	s := mustStart(t, map[string]string{"auth": "jwt", "jwtIssuer": server.URL, "jwtAudience": "orders", "jwtScopes": "orders/all"})
	const scope = "orders/all"
	orderID := s.keysBelongToCallers(t, token(provider, "alice", scope, time.Minute), token(provider, "bob", scope, time.Minute))
	s.refused(t, orderID, 401, map[string]caller{
		"nobody":              anybody,
		"an expired token":    token(provider, "alice", scope, -time.Second),
		"a forged token":      token(other, "alice", scope, time.Minute),
		"an AWS signature":    signedBy("owner", "owner"),
		"nonsense":            bearing(strings.Repeat("a", 1000)),
		"a token of no parts": bearing(".."),
	})
	s.refused(t, orderID, 403, map[string]caller{
		"a token for something else": token(provider, "alice", "orders/none", time.Minute),
		"a token for nothing":        token(provider, "alice", "", time.Minute),
	})
}

func TestNobodyIsAsked(t *testing.T) {
	s := mustStart(t, map[string]string{"auth": "none"})
	placed := s.place(t, anybody, "key")
	if placed.status != 201 {
		t.Fatalf("%d %s", placed.status, placed.body)
	}
	// There is but one anonymous caller.
	if again := s.place(t, anybody, "key"); !again.replayed || again.order.OrderID != placed.order.OrderID {
		t.Errorf("a retry got %d %s", again.status, again.body)
	}
	// Credentials that nobody asks for are no identity.
	if again := s.place(t, signedBy("alice", "alice"), "key"); !again.replayed {
		t.Errorf("a signed retry got %d %s", again.status, again.body)
	}
}

// Pages of other sites can read nothing, and answers tell browsers to make as little of them as possible.
func TestAnswersAreForTheirCallersOnly(t *testing.T) {
	s := mustStart(t, nil)
	for _, a := range []answer{
		s.ask(t, anybody, "POST", "/orders", `{"description":"two books"}`, "Origin", "https://elsewhere.example"),
		s.ask(t, anybody, "POST", "/orders", `{}`, "Origin", "https://elsewhere.example"),
		s.ask(t, anybody, "GET", "/orders/none", "", "Origin", "https://elsewhere.example"),
	} {
		for name := range a.header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%d carries %s", a.status, name)
			}
		}
		for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%d: %s is %q, want %q", a.status, name, got, want)
			}
		}
	}
	if got := s.ask(t, anybody, "OPTIONS", "/orders", "", "Origin", "https://elsewhere.example", "Access-Control-Request-Method", "POST"); got.status != 404 {
		t.Errorf("a preflight request without CORS: %d", got.status)
	}

	s = mustStart(t, map[string]string{"corsOrigins": "https://shop.example"})
	for origin, want := range map[string]string{"https://shop.example": "https://shop.example", "https://elsewhere.example": ""} {
		a := s.ask(t, anybody, "POST", "/orders", `{"description":"two books"}`, "Origin", origin)
		if got := a.header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("from %s: Access-Control-Allow-Origin is %q, want %q", origin, got, want)
		}
	}
}
