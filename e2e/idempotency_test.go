package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/e2e/client"
)

const replayedHeader = "Idempotent-Replayed"

func TestSameKeyAndRequestGiveTheSameOrder(t *testing.T) {
	s := begin(t)
	order, key := s.order(), client.IdempotencyKey(s.unique())
	first := s.got(http.StatusCreated)(s.client.Place(s.Context(), order, key))
	for range 3 {
		s.checkReplay(first, s.got(http.StatusCreated)(s.client.Place(s.Context(), order, key)))
	}
	orderID := s.orderIn(first).OrderID
	s.arrived(orderID, 1)
	s.must(s.audited(s.Context(), orderID))
}

// checkReplay insists that an answer repeats the first one, and says so.
func (s *scenario) checkReplay(first, again *client.Answer) {
	s.Helper()
	if got := again.Header.Get(replayedHeader); got != "true" {
		s.Errorf("%s is %q in a replay, want true", replayedHeader, got)
	}
	if got, want := again.Header.Get("Location"), first.Header.Get("Location"); got != want {
		s.Errorf("Location is %q in a replay, want %q", got, want)
	}
	if diff := cmp.Diff(s.object(first.Body), s.object(again.Body)); diff != "" {
		s.Errorf("replay (-first +again):\n%s", diff)
	}
}

func TestReplayIsIndifferentToSpelling(t *testing.T) {
	s := begin(t)
	description, key := s.unique(), client.IdempotencyKey(s.unique())
	content := client.Header{Name: "Content-Type", Value: "application/json"}
	send := func(body string) *client.Answer {
		return s.got(http.StatusCreated)(s.client.Do(s.Context(), http.MethodPost, "/orders", []byte(body), content, key))
	}
	first := send(`{"description":"` + description + `","customerId":"c"}`)
	s.checkReplay(first, send(" {\n \"customerId\" : \"\\u0063\",\n \"description\" : \"  "+description+"  \"\n}\n"))
}

func TestSameKeyWithAnotherRequestIsRefused(t *testing.T) {
	s := begin(t)
	order, key := s.order(), client.IdempotencyKey(s.unique())
	placed := s.place(order, key)
	for name, change := range map[string]func(*request){
		"description": func(r *request) { r.Description += "!" },
		"customer":    func(r *request) { r.CustomerID += "!" },
		"items":       func(r *request) { r.Items = append(r.Items, client.Item{SKU: "more", Quantity: 1}) },
	} {
		other := *order
		change(&other)
		answer := s.got(http.StatusUnprocessableEntity)(s.client.Place(s.Context(), &other, key))
		problem, err := answer.Problem()
		s.must(err)
		if len(problem.Errors) > 0 && problem.Errors[0].Field != keyField {
			t.Errorf("changed %s: field errors %v, want none or one about %s", name, problem.Errors, keyField)
		}
	}
	s.arrived(placed.OrderID, 1)
	s.must(s.audited(s.Context(), placed.OrderID))
	shown := s.orderIn(s.got(http.StatusOK)(s.client.Order(s.Context(), placed.OrderID)))
	if diff := cmp.Diff(placed, shown); diff != "" {
		t.Errorf("the first order has changed (-placed +shown):\n%s", diff)
	}
}

func TestReplayAfterCancellationGivesTheOriginalAnswer(t *testing.T) {
	s := begin(t)
	order, key := s.order(), client.IdempotencyKey(s.unique())
	first := s.got(http.StatusCreated)(s.client.Place(s.Context(), order, key))
	orderID := s.orderIn(first).OrderID
	s.cancel(orderID)
	s.checkReplay(first, s.got(http.StatusCreated)(s.client.Place(s.Context(), order, key)))
	s.arrived(orderID, 2)
	s.must(s.audited(s.Context(), orderID))
}

func TestDifferentKeysGiveDifferentOrders(t *testing.T) {
	s := begin(t)
	order := s.order()
	ids := map[string]bool{}
	for _, headers := range [][]client.Header{
		{client.IdempotencyKey(s.unique())}, {client.IdempotencyKey(s.unique())}, nil, nil,
	} {
		ids[s.place(order, headers...).OrderID] = true
	}
	if len(ids) != 4 {
		t.Errorf("two keys and two requests without made %d orders, want 4", len(ids))
	}
	for id := range ids {
		if !isULID(id) && len(id) == 26 {
			t.Errorf("orderId %q is no ULID", id)
		}
	}
}

func TestManyAtOnceWithOneKeyMakeOneOrder(t *testing.T) {
	s := begin(t)
	marker := s.unique()
	order, key := &request{Description: marker}, client.IdempotencyKey(s.unique())
	const clients = 16
	answers := make([]*client.Answer, clients)
	errs := make([]error, clients)
	var together sync.WaitGroup
	for i := range clients {
		together.Go(func() { answers[i], errs[i] = s.client.Place(s.Context(), order, key) })
	}
	together.Wait()
	fresh := 0
	ids := map[string]bool{}
	for i, answer := range answers {
		s.must(errs[i])
		switch {
		case answer.Status == http.StatusCreated:
			ids[s.orderIn(answer).OrderID] = true
			if answer.Header.Get(replayedHeader) == "" {
				fresh++
			}
		case answer.Status == http.StatusConflict: // still in progress: an invitation to ask again
		case !s.stage.IsDesk() && answer.FromGateway(): // the account's limits, not the system's answer
		default:
			t.Errorf("want 201 or 409, got %v", answer)
		}
	}
	if len(ids) > 1 || fresh > 1 {
		t.Errorf("%d orders %v, %d answers not marked as replays, want at most one of each", len(ids), ids, fresh)
	}
	placed := s.place(order, key) // now nobody is in the way
	if ids[placed.OrderID] = true; len(ids) != 1 {
		t.Errorf("asking again gave another order: %v", ids)
	}
	s.arrived(placed.OrderID, 1)
	s.must(s.audited(s.Context(), placed.OrderID))
	orders, events, err := s.ledger.OrdersMentioning(s.Context(), marker)
	s.must(err)
	if diff := cmp.Diff([]string{placed.OrderID}, orders); diff != "" {
		t.Errorf("orders made (-want +got):\n%s", diff)
	}
	if len(events) != 1 {
		t.Errorf("events made: %v, want one", events)
	}
}

func TestManyAtOnceWithOneKeyAndDifferentRequests(t *testing.T) {
	s := begin(t)
	key, marker := client.IdempotencyKey(s.unique()), s.unique()
	const clients = 8
	answers := make([]*client.Answer, clients)
	errs := make([]error, clients)
	var together sync.WaitGroup
	for i := range clients {
		together.Go(func() {
			answers[i], errs[i] = s.client.Place(s.Context(), &request{Description: fmt.Sprint(marker, " ", i)}, key)
		})
	}
	together.Wait()
	created := 0
	for i, answer := range answers {
		s.must(errs[i])
		switch {
		case answer.Status == http.StatusCreated:
			created++
		case answer.Status == http.StatusConflict, answer.Status == http.StatusUnprocessableEntity:
		case !s.stage.IsDesk() && answer.FromGateway():
		default:
			t.Errorf("want 201, 409 or 422, got %v", answer)
		}
	}
	orders, events, err := s.ledger.OrdersMentioning(s.Context(), marker)
	s.must(err)
	if created > 1 || len(orders) != created || len(events) != created {
		t.Errorf("%d answers 201, orders %v, events %v, want at most one of each and all equal", created, orders, events)
	}
}

// keyField is how a refusal names the Idempotency-Key.
const keyField = "Idempotency-Key"

func TestIdempotencyKeyIsValidated(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		key   string
		valid bool
		// altered says that what is in front of the functions may drop or change such a header.
		altered bool
	}{
		"one character":         {key: "k", valid: true},
		"255 characters":        {key: strings.Repeat("k", 255), valid: true},
		"256 characters":        {key: strings.Repeat("k", 256)},
		"every printable ASCII": {key: printable(), valid: true},
		"empty":                 {key: "", altered: true},
		"latin-1":               {key: "caf\xe9", altered: true},
		"utf-8":                 {key: "ключ", altered: true},
		"a tab inside":          {key: "a\tb", altered: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			key := tc.key
			if tc.valid && len(key) < 200 {
				key += s.unique()
			} else if tc.valid {
				key = s.unique() + key
				key = key[:255]
			}
			answer, err := s.client.Place(s.Context(), s.order(), client.IdempotencyKey(key))
			s.must(err)
			if tc.altered && !s.stage.IsDesk() && answer.Status != http.StatusUnprocessableEntity {
				t.Logf("the deployed API answers %d", answer.Status)
				return
			}
			if tc.valid {
				s.got(http.StatusCreated)(answer, nil)
				return
			}
			problem, err := s.got(http.StatusUnprocessableEntity)(answer, nil).Problem()
			s.must(err)
			if len(problem.Errors) != 1 || problem.Errors[0].Field != keyField {
				t.Errorf("errors are %v, want one about %s", problem.Errors, keyField)
			}
		})
	}
}

// printable is every printable ASCII character, blanks not at the ends, where HTTP would drop them.
func printable() string {
	var text strings.Builder
	for c := byte('!'); c <= '~'; c++ {
		text.WriteByte(c)
	}
	return text.String()[:47] + " " + text.String()[47:]
}
