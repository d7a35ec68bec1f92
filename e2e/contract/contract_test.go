package contract_test

import (
	"net/http"
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/e2e/contract"
)

func read(t *testing.T) *contract.Contract {
	t.Helper()
	c, err := contract.Read("../../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheDescriptionHasTheRoutesThatAreDeployed(t *testing.T) {
	golden, err := os.ReadFile("../../stack/testdata/prod.golden")
	if err != nil {
		t.Fatal(err)
	}
	deployed := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?m)^  routeKey: "(.+)"$`).FindAllSubmatch(golden, -1) {
		deployed[string(found[1])] = true
	}
	if diff := cmp.Diff(deployed, read(t).Routes()); diff != "" {
		t.Errorf("routes (-deployed +described):\n%s", diff)
	}
}

func TestAnswersThatBreakTheContractAreNoticed(t *testing.T) {
	c := read(t)
	const order = `{"orderId":"01KAV8Q3ZJ4M5T6W7X8Y9Z0ABC","status":"PLACED","version":1,"description":"d","createdAt":"2026-11-24T12:00:00.000000Z","updatedAt":"2026-11-24T12:00:00.000000Z"}`
	const problem = `{"type":"/problems/not-found","title":"Not found","status":404,"detail":"There is no such order."}`
	full := func(more ...string) http.Header {
		h := http.Header{"Content-Type": {"application/json"}, "X-Request-Id": {"r"}, "Cache-Control": {"no-store"}, "X-Content-Type-Options": {"nosniff"}}
		for i := 0; i < len(more); i += 2 {
			h.Set(more[i], more[i+1])
		}
		return h
	}
	without := func(name string) http.Header { h := full(); h.Del(name); return h }
	problems := full("Content-Type", "application/problem+json")
	for name, test := range map[string]struct {
		method, path string
		status       int
		headers      http.Header
		body         string
		ok           bool
	}{
		"an order":                 {"GET", "/orders/x", 200, full(), order, true},
		"a placed order":           {"POST", "/orders", 201, full("Location", "/orders/01KAV8Q3ZJ4M5T6W7X8Y9Z0ABC"), order, true},
		"a problem":                {"GET", "/orders/x", 404, problems, problem, true},
		"the gateway's message":    {"GET", "/orders/x", 404, http.Header{"Content-Type": {"application/json"}}, `{"message":"Not Found"}`, true},
		"no such route":            {"GET", "/nowhere", 404, nil, "", true},
		"success of no such route": {"GET", "/nowhere", 200, full(), order, false},
		"a status not described":   {"GET", "/orders/x", 418, full(), order, false},
		"no location":              {"POST", "/orders", 201, full(), order, false},
		"a strange location":       {"POST", "/orders", 201, full("Location", "/orders/x"), order, false},
		"no request id":            {"GET", "/orders/x", 200, without("X-Request-Id"), order, false},
		"to be stored":             {"GET", "/orders/x", 200, full("Cache-Control", "public"), order, false},
		"another content type":     {"GET", "/orders/x", 200, full("Content-Type", "text/html"), order, false},
		"no JSON":                  {"GET", "/orders/x", 200, full(), "x", false},
		"a member missing":         {"GET", "/orders/x", 200, full(), `{}`, false},
		"a member too many":        {"GET", "/orders/x", 200, full(), order[:len(order)-1] + `,"requestHash":"x"}`, false},
		"a member of another type": {"GET", "/orders/x", 200, full(), `{"orderId":1}`, false},
		"a status there is not":    {"GET", "/orders/x/fulfilment", 200, full(), `{"orderId":"01KAV8Q3ZJ4M5T6W7X8Y9Z0ABC","status":"LOST","lastSequence":1,"updatedAt":"2026-11-24T12:00:00.000000Z"}`, false},
		"a fraction of a sequence": {"GET", "/orders/x/fulfilment", 200, full(), `{"orderId":"01KAV8Q3ZJ4M5T6W7X8Y9Z0ABC","lastSequence":1.5,"updatedAt":"2026-11-24T12:00:00.000000Z"}`, false},
		"a problem there is not":   {"GET", "/orders/x", 404, problems, `{"type":"/problems/x","title":"t","status":404,"detail":"d"}`, false},
	} {
		err := c.Answer(test.method, test.path, test.status, test.headers, []byte(test.body))
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRequests(t *testing.T) {
	c := read(t)
	for body, ok := range map[string]bool{
		`{"description":"d"}`: true, `{"description":"d","items":[{"sku":"s","quantity":1,"unitPrice":9007199254740991}]}`: true,
		`{"description":""}`: false, `{"description":"d","items":[]}`: false, `{"description":"d","items":[{"sku":"s","quantity":1,"unitPrice":9007199254740992}]}`: false,
		`{}`: false, `[]`: false, `{"description":"d","colour":"red"}`: false,
	} {
		if err := c.Request("POST", "/orders", []byte(body)); (err == nil) != ok {
			t.Errorf("%s: %v", body, err)
		}
	}
}
