package client_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"transactional-outbox/e2e/client"
)

const problem = "application/problem+json"

func TestCheck(t *testing.T) {
	for name, tc := range map[string]struct {
		status      int
		contentType string
		body        string
		broken      string // part of what Check says; empty for an answer that keeps the rules
	}{
		"success":                     {200, "application/json", `{}`, ""},
		"success with a charset":      {201, "application/json; charset=utf-8", `{}`, ""},
		"success as text":             {200, "text/plain", `{}`, "not JSON"},
		"success with half a body":    {200, "application/json", `{`, "not JSON"},
		"no content type":             {200, "", `{}`, "content type"},
		"complete problem":            {404, problem, `{"type":"/problems/x","title":"X","status":404,"detail":"d"}`, ""},
		"validation problem":          {422, problem, `{"type":"about:blank","title":"X","status":422,"detail":"d","errors":[{"field":"f","message":"m"}]}`, ""},
		"gateway's unknown route":     {404, "application/json", `{"message":"Not Found"}`, ""},
		"gateway's throttling":        {429, "application/json", `{"message":"Too Many Requests"}`, ""},
		"gateway's full account":      {503, "application/json", `{"message":"Service Unavailable"}`, ""},
		"gateway's server error":      {500, "application/json", `{"message":"Internal Server Error"}`, "not application/problem"},
		"problem without type":        {404, problem, `{"title":"X","status":404,"detail":"d"}`, "type"},
		"problem without title":       {404, problem, `{"type":"/x","status":404,"detail":"d"}`, "title"},
		"problem without detail":      {404, problem, `{"type":"/x","title":"X","status":404}`, "detail"},
		"problem of another status":   {404, problem, `{"type":"/x","title":"X","status":400,"detail":"d"}`, "status 400"},
		"problem with unknown member": {404, problem, `{"type":"/x","title":"X","status":404,"detail":"d","stack":"s"}`, "unknown field"},
		"fields outside validation":   {400, problem, `{"type":"/x","title":"X","status":400,"detail":"d","errors":[{"field":"f","message":"m"}]}`, "field errors"},
		"field without message":       {422, problem, `{"type":"/x","title":"X","status":422,"detail":"d","errors":[{"field":"f"}]}`, "incomplete"},
		"unavailable, no Retry-After": {503, problem, `{"type":"/x","title":"X","status":503,"detail":"d"}`, "Retry-After"},
		"internal text":               {500, problem, `{"type":"/x","title":"X","status":500,"detail":"operation error DynamoDB"}`, "inside"},
		"problem as plain JSON":       {400, "application/json", `{"type":"/x","title":"X","status":400,"detail":"d"}`, "not application/problem"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := &client.Answer{Status: tc.status, Header: http.Header{"Content-Type": {tc.contentType}}, Body: []byte(tc.body)}
			err := answer.Check()
			if tc.broken == "" && err != nil || tc.broken != "" && (err == nil || !strings.Contains(err.Error(), tc.broken)) {
				t.Errorf("Check = %v, want %q", err, tc.broken)
			}
		})
	}
}

func TestClientSendsAndReportsBrokenAnswers(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != "POST" || r.URL.Path != "/orders" || r.Header.Get("Content-Type") != "application/json" ||
			r.Header.Get("Idempotency-Key") != "k" || string(body) != `{"description":"d"}` {
			t.Errorf("got %s %s %v %s", r.Method, r.URL, r.Header, body)
		}
		w.WriteHeader(http.StatusTeapot)
	}))
	defer server.Close()
	c := client.New(server.URL + "/")
	defer c.Close()
	var broken error
	c.Broken = func(err error) { broken = err }
	answer, err := c.Place(t.Context(), map[string]string{"description": "d"}, client.IdempotencyKey("k"))
	if err != nil || answer.Status != http.StatusTeapot {
		t.Fatalf("Place = %v, %v", answer, err)
	}
	if broken == nil || !strings.Contains(broken.Error(), "POST /orders: 418") {
		t.Errorf("Broken was told %v, want the answer named", broken)
	}
}
