package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"transactional-outbox/e2e/client"
	"transactional-outbox/e2e/ledger"
	"transactional-outbox/e2e/stage"
	"transactional-outbox/e2e/wait"
)

// scenario is one test with the means to play its part: a client of its own, the owner's view of the tables, and random
// data that depends on nothing but the seed and the test's name.
type scenario struct {
	*testing.T
	client *client.Client
	ledger *ledger.Ledger
	stage  *stage.Stage
	rand   *rand.Rand
	serial int
}

// begin starts a scenario beside the others.
func begin(t *testing.T) *scenario {
	t.Helper()
	t.Parallel()
	return beginIn(t)
}

// beginIn starts a scenario that runs where the test runs: as a subtest, say.
func beginIn(t *testing.T) *scenario {
	t.Helper()
	name := fnv.New64a()
	name.Write([]byte(t.Name()))
	s := &scenario{
		T:      t,
		client: client.New(suite.stage.APIURL),
		ledger: ledger.Of(suite.stage),
		stage:  suite.stage,
		rand:   rand.New(rand.NewPCG(suite.seed, name.Sum64())),
	}
	s.client.Described = suite.contract.Answer
	s.client.Authorize = suite.stage.Authorize
	s.client.Broken = func(err error) { t.Errorf("every answer: %v", err) }
	t.Cleanup(s.client.Close)
	return s
}

// beginAsOwner starts a scenario that writes past the API; it is skipped, and named at the end, unless that is allowed.
func beginAsOwner(t *testing.T) *scenario {
	t.Helper()
	if !suite.destructive {
		suite.mu.Lock()
		suite.skipped = append(suite.skipped, t.Name())
		suite.mu.Unlock()
		t.Skip("writes past the API; needs -destructive")
	}
	return begin(t)
}

// unique returns a text that nothing else contains.
func (s *scenario) unique() string {
	s.serial++
	return fmt.Sprintf("e2e-%s-%s-%d", suite.nonce, strings.NewReplacer("/", ".", " ", "_").Replace(s.Name()), s.serial)
}

// order returns a random valid order.
func (s *scenario) order() *request {
	order := &request{Description: s.unique() + " " + s.words()}
	if s.rand.IntN(2) == 0 {
		order.CustomerID = fmt.Sprintf("customer-%d", s.rand.IntN(1000))
	}
	for range s.rand.IntN(4) {
		order.Items = append(order.Items, client.Item{
			SKU:       fmt.Sprintf("sku-%d", s.rand.IntN(1000)),
			Quantity:  1 + s.rand.Int64N(10000),
			UnitPrice: s.rand.Int64N(1 << 40),
		})
	}
	return order
}

// words are some words of many scripts.
func (s *scenario) words() string {
	lexicon := []string{"coffee", "Grüße", "コーヒー", "кофе", "قهوة", "☕", "𝄞", `"quoted"`, `back\slash`, "tab\tbed", "<b>&amp;</b>", "null"}
	words := make([]string, 1+s.rand.IntN(5))
	for i := range words {
		words[i] = lexicon[s.rand.IntN(len(lexicon))]
	}
	return strings.Join(words, " ")
}

// request is the body of POST /orders.
type request struct {
	Description string        `json:"description"`
	CustomerID  string        `json:"customerId,omitempty"`
	Items       []client.Item `json:"items,omitempty"`
}

// got insists that a request was answered, with the wanted status.
func (s *scenario) got(status int) func(*client.Answer, error) *client.Answer {
	return func(answer *client.Answer, err error) *client.Answer {
		s.Helper()
		if err != nil {
			s.Fatal(err)
		}
		if answer.Status != status {
			s.Fatalf("want %d, got %v", status, answer)
		}
		return answer
	}
}

// place places the order and returns it as answered.
func (s *scenario) place(order *request, headers ...client.Header) client.Order {
	s.Helper()
	return s.orderIn(s.got(http.StatusCreated)(s.client.Place(s.Context(), order, headers...)))
}

// cancel cancels the order and returns it as answered.
func (s *scenario) cancel(orderID string) client.Order {
	s.Helper()
	return s.orderIn(s.got(http.StatusOK)(s.client.Cancel(s.Context(), orderID)))
}

func (s *scenario) orderIn(answer *client.Answer) client.Order {
	s.Helper()
	order, err := answer.Order()
	s.must(err)
	return order
}

// eventually waits until the condition holds.
func (s *scenario) eventually(condition func(context.Context) error) {
	s.Helper()
	s.must(wait.Until(s.Context(), suite.patience, condition))
}

// arrived waits until the consumer has applied the order's events up to sequence, and returns the API's view of it.
func (s *scenario) arrived(orderID string, sequence int64) client.Fulfilment {
	s.Helper()
	var fulfilment client.Fulfilment
	s.eventually(func(ctx context.Context) error {
		answer, err := s.client.Fulfilment(ctx, orderID)
		if err != nil {
			return err
		}
		if answer.Status == http.StatusNotFound {
			return fmt.Errorf("no fulfilment of %s yet", orderID)
		}
		if !answer.OK() {
			return wait.Stop(fmt.Errorf("%v", answer))
		}
		if fulfilment, err = answer.Fulfilment(); err != nil {
			return wait.Stop(err)
		}
		if fulfilment.LastSequence < sequence {
			return fmt.Errorf("fulfilment of %s is at %d, want %d", orderID, fulfilment.LastSequence, sequence)
		}
		return nil
	})
	return fulfilment
}

// audited waits until tables and consumer agree on the order.
func (s *scenario) audited(ctx context.Context, orderID string) error {
	return wait.Until(ctx, suite.patience, func(ctx context.Context) error {
		order, err := s.ledger.Order(ctx, orderID)
		if err != nil {
			return wait.Stop(err)
		}
		events, err := s.ledger.Events(ctx, orderID)
		if err != nil {
			return wait.Stop(err)
		}
		fulfilment, err := s.ledger.Fulfilment(ctx, orderID)
		if err != nil {
			return wait.Stop(err)
		}
		if found := ledger.Audit(order, events, fulfilment); len(found) > 0 {
			return fmt.Errorf("order %s: %s", orderID, strings.Join(found, "; "))
		}
		return nil
	})
}

func (s *scenario) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// object reads a JSON object for comparison.
func (s *scenario) object(text []byte) map[string]any {
	s.Helper()
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil {
		s.Fatalf("%v in %s", err, text)
	}
	return object
}
