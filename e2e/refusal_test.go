package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/e2e/client"
)

// refusals are bodies of POST /orders that break a rule of the request, with the fields that the refusal must name, in
// the order of the body. MARK stands for a text by which a test would find the order if it were made after all.
var refusals = []struct {
	name, body string
	fields     []string
}{
	{"nothing given", `{}`, []string{"description"}},
	{"description null", `{"description":null,"customerId":"MARK"}`, []string{"description"}},
	{"description empty", `{"description":"","customerId":"MARK"}`, []string{"description"}},
	{"description blank", `{"description":" \t\n ","customerId":"MARK"}`, []string{"description"}},
	{"description of 1001 characters", `{"description":"MARK` + strings.Repeat("x", 1000) + `"}`, []string{"description"}},
	{"description of 1001 wide characters", `{"description":"MARK` + strings.Repeat("☕", 1000) + `"}`, []string{"description"}},
	{"customer empty", `{"description":"MARK","customerId":""}`, []string{"customerId"}},
	{"customer of 129 characters", `{"description":"MARK","customerId":"` + strings.Repeat("c", 129) + `"}`, []string{"customerId"}},
	{"items empty", `{"description":"MARK","items":[]}`, []string{"items"}},
	{"101 items", `{"description":"MARK","items":[` + strings.Repeat(`{"sku":"s","quantity":1,"unitPrice":1},`, 100) + `{"sku":"s","quantity":1,"unitPrice":1}]}`, []string{"items"}},
	{"sku missing", `{"description":"MARK","items":[{"quantity":1,"unitPrice":1}]}`, []string{"items[0].sku"}},
	{"sku empty", `{"description":"MARK","items":[{"sku":"","quantity":1,"unitPrice":1}]}`, []string{"items[0].sku"}},
	{"sku of 65 characters", `{"description":"MARK","items":[{"sku":"` + strings.Repeat("s", 65) + `","quantity":1,"unitPrice":1}]}`, []string{"items[0].sku"}},
	{"quantity missing", `{"description":"MARK","items":[{"sku":"s","unitPrice":1}]}`, []string{"items[0].quantity"}},
	{"quantity zero", `{"description":"MARK","items":[{"sku":"s","quantity":0,"unitPrice":1}]}`, []string{"items[0].quantity"}},
	{"quantity negative", `{"description":"MARK","items":[{"sku":"s","quantity":-1,"unitPrice":1}]}`, []string{"items[0].quantity"}},
	{"quantity 10001", `{"description":"MARK","items":[{"sku":"s","quantity":10001,"unitPrice":1}]}`, []string{"items[0].quantity"}},
	{"price missing", `{"description":"MARK","items":[{"sku":"s","quantity":1}]}`, []string{"items[0].unitPrice"}},
	{"price negative", `{"description":"MARK","items":[{"sku":"s","quantity":1,"unitPrice":-1}]}`, []string{"items[0].unitPrice"}},
	{"second item only", `{"description":"MARK","items":[{"sku":"s","quantity":1,"unitPrice":1},{"sku":"s","quantity":0,"unitPrice":1}]}`, []string{"items[1].quantity"}},
	{
		"everything at once", `{"description":"","customerId":"","items":[{"sku":"","quantity":0,"unitPrice":-1}]}`,
		[]string{"description", "customerId", "items[0].sku", "items[0].quantity", "items[0].unitPrice"},
	},
}

// wrongKinds are values of another JSON type than the rule asks for; whether that is a refusal of the field (422) or of
// the document (400) is the API's choice, but refused they are.
var wrongKinds = []string{
	`{"description":1,"customerId":"MARK"}`,
	`{"description":["MARK"]}`,
	`{"description":"MARK","customerId":1}`,
	`{"description":"MARK","items":{}}`,
	`{"description":"MARK","items":[null]}`,
	`{"description":"MARK","items":["s"]}`,
	`{"description":"MARK","items":[{"sku":1,"quantity":1,"unitPrice":1}]}`,
	`{"description":"MARK","items":[{"sku":"s","quantity":"1","unitPrice":1}]}`,
	`{"description":"MARK","items":[{"sku":"s","quantity":1.5,"unitPrice":1}]}`,
	`{"description":"MARK","items":[{"sku":"s","quantity":1,"unitPrice":0.5}]}`,
	`{"description":"MARK","items":[{"sku":"s","quantity":1,"unitPrice":99999999999999999999}]}`,
	`["MARK"]`,
	`"MARK"`,
	`null`,
	`{"description":"MARK","colour":"red"}`,
	`{"description":"MARK","Description":"MARK"}`,
	`{"description":"MARK","items":[{"sku":"s","quantity":1,"unitPrice":1,"weight":1}]}`,
	`{"description":"MARK","items":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`,
}

// malformed are bodies that are no JSON document at all.
var malformed = map[string]string{
	"empty":             ``,
	"blank":             ` `,
	"cut off":           `{"description":"MARK"`,
	"two documents":     `{"description":"MARK"}{"description":"MARK"}`,
	"something behind":  `{"description":"MARK"} x`,
	"trailing comma":    `{"description":"MARK",}`,
	"single quotes":     `{'description':'MARK'}`,
	"comment":           `{"description":"MARK"/**/}`,
	"duplicate key":     `{"description":"MARK","description":"MARK again"}`,
	"control character": "{\"description\":\"MARK\x01\"}",
	"lone surrogate":    `{"description":"MARK\ud800"}`,
	"byte order mark":   "\xef\xbb\xbf{\"description\":\"MARK\"}",
}

var asJSON = client.Header{Name: "Content-Type", Value: "application/json"}

func TestRefusedRequestsNameTheFieldsAndWriteNothing(t *testing.T) {
	s := begin(t)
	marker := s.unique()
	post := func(body string, headers ...client.Header) *client.Answer {
		s.Helper()
		body = strings.ReplaceAll(body, "MARK", marker)
		answer, err := s.client.Do(s.Context(), http.MethodPost, "/orders", []byte(body), append([]client.Header{asJSON}, headers...)...)
		s.must(err)
		return answer
	}
	refused := func(name string, answer *client.Answer, statuses ...int) {
		s.Helper()
		if !slices.Contains(statuses, answer.Status) {
			s.Errorf("%s: want %v, got %v", name, statuses, answer)
		}
	}
	for _, tc := range refusals {
		answer := post(tc.body)
		refused(tc.name, answer, http.StatusUnprocessableEntity)
		problem, err := answer.Problem()
		s.must(err)
		var fields []string
		for _, field := range problem.Errors {
			fields = append(fields, field.Field)
		}
		if diff := cmp.Diff(tc.fields, fields); diff != "" {
			t.Errorf("%s: fields named (-want +got):\n%s", tc.name, diff)
		}
	}
	for _, body := range wrongKinds {
		refused(body[:min(len(body), 100)], post(body), http.StatusBadRequest, http.StatusUnprocessableEntity)
	}
	for name, body := range malformed {
		refused(name, post(body), http.StatusBadRequest)
	}
	for _, contentType := range []string{"text/plain", "application/xml", "application/x-www-form-urlencoded", "application/octet-stream", "nonsense"} {
		answer := post(`{"description":"MARK"}`, client.Header{Name: "Content-Type", Value: contentType})
		refused(contentType, answer, http.StatusUnsupportedMediaType)
	}
	refused("too large", post(`{"description":"MARK`+strings.Repeat("x", 600_000)+`"}`), http.StatusRequestEntityTooLarge)
	refused("key too long", post(`{"description":"MARK"}`, client.IdempotencyKey(strings.Repeat("k", 256))), http.StatusUnprocessableEntity)

	// The marker is found where it should be: else finding nothing would prove nothing.
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

// An API hands a body of JSON to the functions as text, and a body with a content encoding as base64: then the functions see
// every byte of it.
func TestBodiesThatArriveAsBase64(t *testing.T) {
	s := begin(t)
	encoded := client.Header{Name: "Content-Encoding", Value: "identity"}
	post := func(body string) *client.Answer {
		answer, err := s.client.Do(s.Context(), http.MethodPost, "/orders", []byte(body), asJSON, encoded)
		s.must(err)
		return answer
	}
	marker := s.unique()
	placed := s.orderIn(s.got(http.StatusCreated)(post(`{"description":"`+marker+` ☕"}`), nil))
	if want := marker + " ☕"; placed.Description != want {
		t.Errorf("description is %q, want %q", placed.Description, want)
	}
	s.got(http.StatusBadRequest)(post(`{"description":"`+marker), nil)
	s.got(http.StatusRequestEntityTooLarge)(post(`{"description":"`+strings.Repeat("x", 600_000)+`"}`), nil)
	invalid := post("{\"description\":\"" + marker + "\xff\xfe\"}")
	if s.stage.IsDesk() || !invalid.OK() { // a deployed API may have repaired it on the way
		s.got(http.StatusBadRequest)(invalid, nil)
	}
}

// Of a body that is handed over as text, what is not UTF-8 may be replaced on the way. The functions must not get to see,
// and never store, anything else.
func TestInvalidUTF8IsRefusedOrReplaced(t *testing.T) {
	s := begin(t)
	marker := s.unique()
	answer, err := s.client.Do(s.Context(), http.MethodPost, "/orders", []byte("{\"description\":\""+marker+"\xff\"}"), asJSON)
	s.must(err)
	if answer.Status == http.StatusCreated {
		if got, want := s.orderIn(answer).Description, marker+"\ufffd"; got != want {
			t.Errorf("description is %q, want %q", got, want)
		}
		return
	}
	s.got(http.StatusBadRequest)(answer, nil)
}

func TestRequestsAtTheLimitsAreAccepted(t *testing.T) {
	t.Parallel()
	items := func(n int) []client.Item {
		many := make([]client.Item, n)
		for i := range many {
			many[i] = client.Item{SKU: fmt.Sprint("sku-", i), Quantity: int64(1 + i), UnitPrice: int64(i)}
		}
		return many
	}
	pad := func(text string, length int) string { return text + strings.Repeat("☕", length-len([]rune(text))) }
	for name, change := range map[string]func(*request){
		"description of one character":    func(r *request) { r.Description = "d" },
		"description of 1000 characters":  func(r *request) { r.Description = pad(r.Description, 1000) },
		"customer of 128 characters":      func(r *request) { r.CustomerID = pad("c", 128) },
		"one item":                        func(r *request) { r.Items = items(1) },
		"100 items":                       func(r *request) { r.Items = items(100) },
		"sku of 64 characters":            func(r *request) { r.Items = []client.Item{{SKU: pad("s", 64), Quantity: 1}} },
		"largest quantity":                func(r *request) { r.Items = []client.Item{{SKU: "s", Quantity: 10000}} },
		"largest exact price":             func(r *request) { r.Items = []client.Item{{SKU: "s", Quantity: 1, UnitPrice: 1<<53 - 1}} },
		"everything at its largest":       func(r *request) { r.Description, r.CustomerID, r.Items = pad("d", 1000), pad("c", 128), items(100) },
		"characters that JSON may escape": func(r *request) { r.Description += "<>&\u2028\u2029\u007f\\\"/𝄞" },
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			asked := &request{Description: s.unique()}
			change(asked)
			placed := s.place(asked)
			shown := s.orderIn(s.got(http.StatusOK)(s.client.Order(s.Context(), placed.OrderID)))
			got := &request{Description: shown.Description, CustomerID: shown.CustomerID, Items: shown.Items}
			if diff := cmp.Diff(asked, got); diff != "" {
				t.Errorf("stored order (-asked +got):\n%s", diff)
			}
			s.arrived(placed.OrderID, 1)
			s.must(s.audited(s.Context(), placed.OrderID))
		})
	}
}

func TestDescriptionIsTrimmed(t *testing.T) {
	s := begin(t)
	text := s.unique()
	placed := s.place(&request{Description: " \t\n" + text + "\r\n "})
	if placed.Description != text {
		t.Errorf("description is %q, want %q", placed.Description, text)
	}
}

func TestContentTypesThatMeanJSON(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"} {
		t.Run(strings.ReplaceAll(contentType, "/", " "), func(t *testing.T) {
			s := begin(t)
			body, err := json.Marshal(s.order())
			s.must(err)
			header := client.Header{Name: "Content-Type", Value: contentType}
			s.got(http.StatusCreated)(s.client.Do(s.Context(), http.MethodPost, "/orders", body, header))
		})
	}
}

func TestUnknownRoutesAndMethods(t *testing.T) {
	s := begin(t)
	placed := s.place(s.order())
	for _, route := range []struct{ method, path string }{
		{http.MethodGet, "/"},
		{http.MethodGet, "/orders"},
		{http.MethodGet, "/nowhere"},
		{http.MethodPut, "/orders"},
		{http.MethodDelete, "/orders/" + placed.OrderID},
		{http.MethodPatch, "/orders/" + placed.OrderID},
		{http.MethodPost, "/orders/" + placed.OrderID},
		{http.MethodGet, "/orders/" + placed.OrderID + "/cancel"},
		{http.MethodPost, "/orders/" + placed.OrderID + "/fulfilment"},
		{http.MethodPost, "/orders/" + placed.OrderID + "/cancel/twice"},
		{http.MethodGet, "/ORDERS/" + placed.OrderID},
	} {
		answer, err := s.client.Do(s.Context(), route.method, route.path, nil)
		s.must(err)
		if answer.Status != http.StatusNotFound && answer.Status != http.StatusMethodNotAllowed {
			t.Errorf("want 404 or 405, got %v", answer)
		}
	}
	shown := s.orderIn(s.got(http.StatusOK)(s.client.Order(s.Context(), placed.OrderID)))
	if diff := cmp.Diff(placed, shown); diff != "" {
		t.Errorf("the order has changed (-placed +shown):\n%s", diff)
	}
}
