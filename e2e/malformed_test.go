package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/e2e/client"
)

// tricks are paths that mean no route, however much they look like one.
var tricks = []string{
	"/orders/", "//orders", "/orders//", "/orders/../orders/", "/orders/./x", "/orders%2F", "/orders%00", "/orders/%00", "/orders/%2e%2e",
	"/orders/%2e%2e/orders", "/orders/%c0%ae%c0%ae/orders", "/orders;x=1", "/orders/%20", "/orders/%ff", "/orders/%E2%98%95", "/orders/null",
	"/orders/{orderId}", "/orders/*", "/orders/-1", "/orders/01ARZ3NDEKTSV4RRFFQ69G5FAV%00", "/orders/01ARZ3NDEKTSV4RRFFQ69G5FAV/cancel/",
	"/orders/01ARZ3NDEKTSV4RRFFQ69G5FAV/../../orders/x", "/orders/" + strings.Repeat("A", 3000), "/orders/" + strings.Repeat("a/", 300),
}

// Whatever a request is that is none, it is refused as the client's mistake, and nothing is written.
func TestMalformedRequestsAreTheClientsMistake(t *testing.T) {
	s := begin(t)
	marker := s.unique()
	order := `{"description":"` + marker + `"}`
	mistaken := func(what, method, path, body string, headers ...client.Header) {
		s.Helper()
		answer, err := s.client.Do(s.Context(), method, path, []byte(body), append([]client.Header{asJSON}, headers...)...)
		s.must(err)
		if answer.Status < 400 || answer.Status > 499 {
			s.Errorf("%s: want 4xx, got %v", what, answer)
		}
	}
	for _, path := range tricks {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			mistaken(path, method, path, order)
		}
	}
	for name, body := range map[string]string{
		"nested 100,000 deep":     `{"description":"` + marker + `","items":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`,
		"objects 10,000 deep":     strings.Repeat(`{"description":`, 10_000) + `"` + marker + `"` + strings.Repeat("}", 10_000),
		"a number of 100,000":     `{"description":"` + marker + `","items":[{"sku":"s","quantity":` + strings.Repeat("9", 100_000) + `,"unitPrice":1}]}`,
		"an exponent of millions": `{"description":"` + marker + `","items":[{"sku":"s","quantity":1e9999999,"unitPrice":1}]}`,
		"a member 5,000 times":    `{"description":"` + marker + `"` + strings.Repeat(`,"description":"`+marker+`"`, 5000) + `}`,
		"5,000 unknown members":   `{"description":"` + marker + `"` + strings.Repeat(`,"x":1`, 5000) + `}`,
		"UTF-16":                  "\xff\xfe{\x00}\x00" + marker,
		"only zeros":              strings.Repeat("\x00", 1000),
	} {
		mistaken(name, http.MethodPost, "/orders", body)
	}
	for _, size := range []int{129 << 10, 1 << 20, 5 << 20} {
		mistaken("a large body", http.MethodPost, "/orders", `{"description":"`+marker+strings.Repeat("x", size)+`"}`)
	}
	for name, header := range map[string]client.Header{
		"a header of 11 KB":                    {Name: "X-Large", Value: strings.Repeat("a", 11_000)},
		"a key of 8 KB":                        client.IdempotencyKey(strings.Repeat("k", 8000)),
		"a content type of 2 KB":               {Name: "Content-Type", Value: "application/json; x=" + strings.Repeat("a", 2000)},
		"two content types":                    {Name: "Content-Type", Value: "application/json, text/plain"},
		"another character set":                {Name: "Content-Type", Value: "application/json; charset=latin1"},
		"a body that is said to be compressed": {Name: "Content-Encoding", Value: "gzip"},
	} {
		body := order
		if header.Name == "Content-Encoding" {
			body = "\x1f\x8b" + marker
		}
		mistaken(name, http.MethodPost, "/orders", body, header)
	}
	if s.stage.IsDesk() { // what a network in front of a deployed API makes of this is not the API's doing
		mistaken("a body of 11 MB", http.MethodPost, "/orders", `{"description":"`+marker+strings.Repeat("x", 11<<20)+`"}`)
		mistaken("a body of 7 MB", http.MethodPost, "/orders", `{"description":"`+marker+strings.Repeat("x", 7<<20)+`"}`)
	}

	control := s.place(&request{Description: marker + " after all"})
	orders, events, err := s.ledger.OrdersMentioning(s.Context(), marker)
	s.must(err)
	if diff := cmp.Diff([]string{control.OrderID}, orders); diff != "" {
		t.Errorf("orders written (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{control.OrderID + "/1"}, events); diff != "" {
		t.Errorf("events written (-want +got):\n%s", diff)
	}
}
