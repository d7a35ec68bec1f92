package e2e_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/e2e/client"
	"transactional-outbox/e2e/ledger"
)

// instant is how the system writes times: RFC 3339 in UTC, always with microseconds.
const instant = "2006-01-02T15:04:05.000000Z"

func TestOrderTravelsFromRequestToFulfilment(t *testing.T) {
	s := begin(t)
	asked := s.order()
	before := time.Now()
	answer := s.got(http.StatusCreated)(s.client.Place(s.Context(), asked))
	placed := s.orderIn(answer)

	if got, want := answer.Header.Get("Location"), "/orders/"+placed.OrderID; got != want {
		t.Errorf("Location is %q, want %q", got, want)
	}
	if replayed := answer.Header.Values("Idempotent-Replayed"); len(replayed) > 0 {
		t.Errorf("a new order is announced as Idempotent-Replayed: %v", replayed)
	}
	want := client.Order{
		OrderID: placed.OrderID, Status: "PLACED", Version: 1, CreatedAt: placed.CreatedAt, UpdatedAt: placed.UpdatedAt,
		Description: asked.Description, CustomerID: asked.CustomerID, Items: asked.Items,
	}
	if diff := cmp.Diff(want, placed); diff != "" {
		t.Errorf("placed order (-want +got):\n%s", diff)
	}
	created, err := time.Parse(instant, placed.CreatedAt)
	if err != nil || created.Before(before.Add(-time.Minute)) || created.After(time.Now().Add(time.Minute)) {
		t.Errorf("createdAt %q is not now: %v", placed.CreatedAt, err)
	}
	shown := s.got(http.StatusOK)(s.client.Order(s.Context(), placed.OrderID))
	if diff := cmp.Diff(s.object(answer.Body), s.object(shown.Body)); diff != "" {
		t.Errorf("GET shows another order than POST (-post +get):\n%s", diff)
	}

	fulfilment := s.arrived(placed.OrderID, 1)
	if want := (client.Fulfilment{OrderID: placed.OrderID, Status: "REQUESTED", LastSequence: 1}); fulfilment != want {
		t.Errorf("fulfilment is %+v, want %+v", fulfilment, want)
	}
	s.must(s.audited(s.Context(), placed.OrderID))
}

func TestPlacedOrderIsOneItemInEachTable(t *testing.T) {
	s := begin(t)
	answer := s.got(http.StatusCreated)(s.client.Place(s.Context(), s.order()))
	placed := s.orderIn(answer)
	s.arrived(placed.OrderID, 1)

	order, err := s.ledger.Order(s.Context(), placed.OrderID)
	s.must(err)
	wantOrder := &ledger.Order{
		OrderID: placed.OrderID, Status: "PLACED", Version: 1, Description: placed.Description, CustomerID: placed.CustomerID,
		RequestHash: order.RequestHash, CreatedAt: placed.CreatedAt, UpdatedAt: placed.CreatedAt,
	}
	for _, item := range placed.Items {
		wantOrder.Items = append(wantOrder.Items, ledger.Item(item))
	}
	if diff := cmp.Diff(wantOrder, order); diff != "" {
		t.Errorf("item of the orders table (-want +got):\n%s", diff)
	}

	events, err := s.ledger.Events(s.Context(), placed.OrderID)
	s.must(err)
	if len(events) != 1 {
		t.Fatalf("%d events, want 1", len(events))
	}
	s.checkEnvelope(events[0], 1, "order.placed", placed.CreatedAt)
	if diff := cmp.Diff(s.object(answer.Body), s.object([]byte(events[0].Data))); diff != "" {
		t.Errorf("the payload is not the whole order (-order +payload):\n%s", diff)
	}

	fulfilment, err := s.ledger.Fulfilment(s.Context(), placed.OrderID)
	s.must(err)
	wantFulfilment := &ledger.Fulfilment{
		OrderID: placed.OrderID, Status: "REQUESTED", LastSequence: 1, LastEventID: events[0].EventID, UpdatedAt: fulfilment.UpdatedAt,
	}
	if diff := cmp.Diff(wantFulfilment, fulfilment); diff != "" {
		t.Errorf("item of the fulfilments table (-want +got):\n%s", diff)
	}
	if _, err := time.Parse(instant, fulfilment.UpdatedAt); err != nil {
		t.Errorf("fulfilment's updatedAt: %v", err)
	}
}

// checkEnvelope holds an event to CloudEvents' attributes as this system fills them.
func (s *scenario) checkEnvelope(event ledger.Event, sequence int64, kind, at string) {
	s.Helper()
	want := event
	want.Sequence = sequence
	want.Type = kind
	want.Source = "/transactional-outbox/" + s.stage.Stage + "/orders"
	want.Time = at
	want.ContentType = "application/json"
	want.Schema = "/schemas/" + kind + "/1"
	want.RepublishedAt = ""
	if diff := cmp.Diff(want, event); diff != "" {
		s.Errorf("envelope of event %d (-want +got):\n%s", sequence, diff)
	}
	if !isULID(event.EventID) {
		s.Errorf("eventId %q is no ULID", event.EventID)
	}
	// The outbox has to keep an event for longer than the stream keeps its record, which is a day at least.
	if kept := time.Until(time.Unix(event.ExpiresAt, 0)); kept < 24*time.Hour {
		s.Errorf("expiresAt %d is %v from now, want more than a day", event.ExpiresAt, kept)
	}
}

// isULID tells whether text is a ULID in its canonical form: 26 characters of Crockford's alphabet, at most 128 bits.
func isULID(text string) bool {
	if len(text) != 26 || text[0] > '7' {
		return false
	}
	for _, c := range text {
		if !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z') || c == 'I' || c == 'L' || c == 'O' || c == 'U' {
			return false
		}
	}
	return true
}

func TestEventContinuesTheClientsTrace(t *testing.T) {
	t.Parallel()
	const trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for name, tc := range map[string]struct{ header, want string }{
		"a trace given":   {"00-" + trace + "-" + span + "-01", "00-" + trace + "-[0-9a-f]{16}-01"},
		"none given":      {"", "00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]"},
		"nonsense given":  {"nonsense", "00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]"},
		"zeros as a span": {"00-" + trace + "-0000000000000000-01", "00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]"},
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			var headers []client.Header
			if tc.header != "" {
				headers = append(headers, client.Header{Name: "traceparent", Value: tc.header})
			}
			placed := s.place(s.order(), headers...)
			events, err := s.ledger.Events(s.Context(), placed.OrderID)
			s.must(err)
			got := events[0].TraceParent
			if matched, err := regexp.MatchString("^"+tc.want+"$", got); err != nil || !matched || strings.Contains(got, span) {
				t.Errorf("the event's traceparent is %q, want %s with a span of its own", got, tc.want)
			}
		})
	}
}

func TestEventCarriesTheClientsCorrelationID(t *testing.T) {
	s := begin(t)
	id := s.unique()
	placed := s.place(s.order(), client.Header{Name: "X-Correlation-Id", Value: id})
	events, err := s.ledger.Events(s.Context(), placed.OrderID)
	s.must(err)
	if got := events[0].CorrelationID; got != id {
		t.Errorf("the event's correlationId is %q, want %q", got, id)
	}
}

func TestCancelledOrderHasASecondEvent(t *testing.T) {
	s := begin(t)
	placed := s.place(s.order())
	answer := s.got(http.StatusOK)(s.client.Cancel(s.Context(), placed.OrderID))
	cancelled := s.orderIn(answer)
	want := placed
	want.Status, want.Version, want.UpdatedAt = "CANCELLED", 2, cancelled.UpdatedAt
	if diff := cmp.Diff(want, cancelled); diff != "" {
		t.Errorf("cancelled order (-want +got):\n%s", diff)
	}

	fulfilment := s.arrived(placed.OrderID, 2)
	if want := (client.Fulfilment{OrderID: placed.OrderID, Status: "CANCELLED", LastSequence: 2}); fulfilment != want {
		t.Errorf("fulfilment is %+v, want %+v", fulfilment, want)
	}
	s.must(s.audited(s.Context(), placed.OrderID))
	order, err := s.ledger.Order(s.Context(), placed.OrderID)
	s.must(err)
	events, err := s.ledger.Events(s.Context(), placed.OrderID)
	s.must(err)
	s.checkEnvelope(events[0], 1, "order.placed", placed.CreatedAt)
	s.checkEnvelope(events[1], 2, "order.cancelled", order.UpdatedAt)
	if diff := cmp.Diff(s.object(answer.Body), s.object([]byte(events[1].Data))); diff != "" {
		t.Errorf("the payload is not the whole order (-order +payload):\n%s", diff)
	}
}

func TestCancellingAgainChangesNothing(t *testing.T) {
	s := begin(t)
	placed := s.place(s.order())
	first := s.got(http.StatusOK)(s.client.Cancel(s.Context(), placed.OrderID))
	for range 3 {
		again := s.got(http.StatusOK)(s.client.Cancel(s.Context(), placed.OrderID))
		if diff := cmp.Diff(s.object(first.Body), s.object(again.Body)); diff != "" {
			t.Errorf("cancelled again (-first +again):\n%s", diff)
		}
	}
	s.arrived(placed.OrderID, 2)
	s.must(s.audited(s.Context(), placed.OrderID))
}

func TestUnknownOrderIsNotFound(t *testing.T) {
	t.Parallel()
	for name, orderID := range map[string]string{
		"never given":         "01ARZ3NDEKTSV4RRFFQ69G5FAV",
		"too short":           "01ARZ3NDEK",
		"too long":            "01ARZ3NDEKTSV4RRFFQ69G5FAV01ARZ3NDEKTSV4RRFFQ69G5FAV",
		"no ULID":             "not-an-order",
		"escaped characters":  "%E2%98%95%20%22",
		"looks like a key":    "order%23event",
		"very long":           longText(3000),
		"like a traversal":    "..%2F..%2Fetc",
		"a space":             "%20",
		"a percent character": "%25",
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			s.got(http.StatusNotFound)(s.client.Order(s.Context(), orderID))
			s.got(http.StatusNotFound)(s.client.Fulfilment(s.Context(), orderID))
			s.got(http.StatusNotFound)(s.client.Cancel(s.Context(), orderID))
		})
	}
}

func longText(length int) string {
	text := make([]byte, length)
	for i := range text {
		text[i] = 'a' + byte(i%26)
	}
	return string(text)
}
