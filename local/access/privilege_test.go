package access_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// unproven are the permissions whose use the desk cannot show, with the reason why they are given.
var unproven = map[string]string{
	"xray:PutTelemetryRecords": "Lambda asks for it together with xray:PutTraceSegments; there is no X-Ray on the desk to send either to " +
		"(https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html)",
}

// policy is what roles may do.
type policy struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid, Effect      string
	Action, Resource []string
	Condition        map[string]map[string]string `json:",omitempty"`
}

// permission is one action on one resource that a statement of a policy allows.
type permission struct {
	policy           string // its logical name, FUNCTION-policy
	statement        int
	action, resource int // indexes
	name             string
}

// without is the document with everything it allows but the permission.
func (p permission) without(document string) (string, error) {
	var d policy
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		return "", err
	}
	s := d.Statement[p.statement]
	rest := []statement{
		{s.Sid, s.Effect, slices.Delete(slices.Clone(s.Action), p.action, p.action+1), s.Resource, s.Condition},
		{s.Sid + "Rest", s.Effect, []string{s.Action[p.action]}, slices.Delete(slices.Clone(s.Resource), p.resource, p.resource+1), s.Condition},
	}
	d.Statement = slices.Delete(d.Statement, p.statement, p.statement+1)
	for _, r := range rest {
		if len(r.Action) > 0 && len(r.Resource) > 0 {
			d.Statement = append(d.Statement, r)
		}
	}
	text, err := json.Marshal(d)
	return string(text), err
}

// permissions lists what a policy allows.
func permissions(t *testing.T, name, document string) []permission {
	t.Helper()
	var d policy
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		t.Fatal(err)
	}
	var all []permission
	for i, s := range d.Statement {
		if s.Effect != "Allow" {
			t.Errorf("%s: statement %s does not allow, it is to %s", name, s.Sid, s.Effect)
		}
		for a := range s.Action {
			for r := range s.Resource {
				all = append(all, permission{name, i, a, r, fmt.Sprintf("%s of %s on its resource %d", s.Action[a], s.Sid, r+1)})
			}
		}
	}
	return all
}

// Nothing is denied to a stage whose policies are as they are, and everything works: they are enough. Without any one of their
// permissions something does not work, because of exactly that: each is needed.
func TestEveryPermissionIsNeededAndTheyAreEnough(t *testing.T) {
	everyPermissionIsNeeded(t, nil, func(action string) bool { return true })
}

// With a customer managed key the same is true of what may be done with the key.
func TestEveryPermissionForTheKeyIsNeededAndTheyAreEnough(t *testing.T) {
	everyPermissionIsNeeded(t, map[string]string{"kmsKeyArn": "arn:aws:kms:eu-west-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
		func(action string) bool { return strings.HasPrefix(action, "kms:") })
}

// everyPermissionIsNeeded shows it of the permissions that picks wants, in a stage with changes to its configuration.
func everyPermissionIsNeeded(t *testing.T, changes map[string]string, picks func(action string) bool) {
	var mu sync.Mutex
	documents := map[string]string{}
	s, err := start(t, changes, func(name, document string) string {
		mu.Lock()
		defer mu.Unlock()
		documents[name] = document
		return document
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.works(t); err != nil {
		t.Fatalf("with all permissions: %v; denied: %+v", err, s.denials)
	}
	if len(s.denials) > 0 {
		t.Fatalf("with all permissions, denied: %+v", s.denials)
	}

	if len(documents) < 5 {
		t.Fatalf("%d policies, want one for each of at least 5 functions", len(documents))
	}
	used := map[string]bool{}
	n := 0
	for name, document := range documents {
		for _, p := range permissions(t, name, document) {
			var d policy
			if err := json.Unmarshal([]byte(document), &d); err != nil {
				t.Fatal(err)
			}
			action := d.Statement[p.statement].Action[p.action]
			if _, ok := unproven[action]; ok {
				used[action] = true
				continue
			}
			if !picks(action) {
				continue
			}
			if n++; testing.Short() && n%5 != 0 {
				continue
			}
			t.Run(strings.TrimSuffix(name, "-policy")+" without "+p.name, func(t *testing.T) {
				t.Parallel()
				p.isNeeded(t, changes, action)
			})
		}
	}
	for action := range unproven {
		if !used[action] {
			t.Errorf("nobody has %s any more", action)
		}
	}
}

// isNeeded starts a stage without the permission and insists that it does not work.
func (p permission) isNeeded(t *testing.T, changes map[string]string, action string) {
	var resource string
	s, err := start(t, changes, func(name, document string) string {
		if name != p.policy {
			return document
		}
		var d policy
		if err := json.Unmarshal([]byte(document), &d); err != nil {
			t.Error(err)
		}
		resource = d.Statement[p.statement].Resource[p.resource]
		changed, err := p.without(document)
		if err != nil {
			t.Error(err)
		}
		return changed
	})
	if s == nil {
		t.Fatal(err)
	}
	if err == nil {
		err = s.works(t)
	}
	if err == nil {
		t.Fatalf("everything works without it; denied: %+v", s.denials)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.denials) == 0 {
		t.Fatalf("nothing was denied, but: %v", err)
	}
	for _, d := range s.denials {
		if !strings.Contains(d.Caller, "/"+strings.TrimSuffix(p.policy, "-policy")+"-function-") || d.Action != action ||
			d.Resource != "*" && !strings.HasPrefix(d.Resource, strings.TrimSuffix(resource, "*")) {
			t.Errorf("denied: %+v, which is not what was taken away: %s on %s", d, action, resource)
		}
	}
}

// works uses a stage as clients, consumers, time and operators do, and reports the first thing that does not happen.
func (s *running) works(t *testing.T) error {
	t.Helper()
	request := func(method, path, body string, status int) func() (bool, error) {
		return func() (bool, error) {
			a := s.ask(t, anybody, method, path, body)
			if a.status >= 500 {
				return false, fmt.Errorf("%d %s", a.status, a.body)
			}
			return a.status == status, nil
		}
	}
	reaches := func(orderID string, sequence int) func() (bool, error) {
		return func() (bool, error) {
			a := s.ask(t, anybody, "GET", "/orders/"+orderID+"/fulfilment", "")
			if a.status >= 500 {
				return false, fmt.Errorf("%d %s", a.status, a.body)
			}
			return strings.Contains(a.body, fmt.Sprintf(`"lastSequence":%d,`, sequence)), nil
		}
	}
	placed := s.place(t, anybody, "key")
	if placed.status != 201 {
		return fmt.Errorf("place an order: %d %s", placed.status, placed.body)
	}
	orderID := placed.order.OrderID
	const expired = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
	for _, step := range []struct {
		what string
		done func() (bool, error)
	}{
		{"read the order", request("GET", "/orders/"+orderID, "", 200)},
		{"the consumer applies the placement", reaches(orderID, 1)},
		{"cancel the order", request("POST", "/orders/"+orderID+"/cancel", "", 200)},
		{"the consumer applies the cancellation", reaches(orderID, 2)},
		{"the consumer forgets the order", s.call("DeleteItem", `{"TableName":%q,"Key":{"orderId":{"S":%q}}}`, s.output("fulfilmentsTable"), orderID)},
		{"the cancellation is sent again", s.call("UpdateItem", `{"TableName":%q,"Key":{"orderId":{"S":%q},"sequence":{"N":"2"}},
			"UpdateExpression":"SET republishedAt = :now","ExpressionAttributeValues":{":now":{"S":"2026-01-01T00:00:00.000000Z"}}}`, s.output("eventsTable"), orderID)},
		{"the consumer fills the gap", reaches(orderID, 2)},
		{"an order is parked", s.call("PutItem", `{"TableName":%q,"Item":{"orderId":{"S":%q},"lastSequence":{"N":"0"},"updatedAt":{"S":"2026-01-01T00:00:00.000000Z"},
			"parked":{"M":{"reason":{"S":"rule"},"detail":{"S":"by a test"},"sequence":{"N":"1"},"at":{"S":"2026-01-01T00:00:00.000000Z"}}}}}`, s.output("fulfilmentsTable"), expired)},
		{"its event is about to expire", s.call("PutItem", `{"TableName":%q,"Item":{"orderId":{"S":%q},"sequence":{"N":"1"},"eventId":{"S":%q},"source":{"S":"/test"},
			"type":{"S":"order.placed"},"time":{"S":"2026-01-01T00:00:00.000000Z"},"data":{"S":"{}"},"expiresAt":{"N":"1767225600"}}}`, s.output("eventsTable"), expired, expired)},
		{"its event expires", func() (bool, error) { return s.cloud.ExpireDue() == 1, nil }},
		{"the auditor puts it back", func() (bool, error) { return s.logged("auditor-handler-function: event resurrected"), nil }},
		{"a refused read", request("GET", "/orders/none", "", 404)},
		{"placeorder's log", func() (bool, error) { return s.logged("placeorder-function: order placed"), nil }},
		{"cancelorder's log", func() (bool, error) { return s.logged("cancelorder-function: order cancelled"), nil }},
		{"getorder's log", func() (bool, error) { return s.logged("getorder-function: request refused"), nil }},
		{"the consumer's log", func() (bool, error) { return s.logged("fulfilment-handler-function: batch done"), nil }},
	} {
		if err := s.until(step.what, step.done); err != nil {
			return err
		}
	}
	return nil
}

// call performs an operation of DynamoDB as the desk's owner.
func (s *running) call(operation, request string, args ...any) func() (bool, error) {
	return func() (bool, error) {
		_, err := s.cloud.Tables().Call(context.Background(), nil, operation, fmt.Appendf(nil, request, args...))
		return err == nil, err
	}
}
