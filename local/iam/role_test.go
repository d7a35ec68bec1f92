package iam_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/iam"
)

func newRole(tb testing.TB) *iam.Role {
	tb.Helper()
	r, err := iam.NewRole("placeorder", lambda, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestAuthorizerAnswersInTheWordsOfTheService(t *testing.T) {
	r := newRole(t)
	if err := r.PutPolicy("p", document(
		`{"Effect":"Allow","Action":"dynamodb:GetItem","Resource":"`+table+`"}`,
		`{"Effect":"Deny","Action":"dynamodb:DeleteItem","Resource":"`+table+`"}`)); err != nil {
		t.Fatal(err)
	}
	const user = "User: arn:aws:sts::000000000000:assumed-role/placeorder/session is not authorized to perform: "
	tests := []struct{ name, action, resource, want string }{
		{"allowed", "dynamodb:GetItem", table, ""},
		{"nothing said", "dynamodb:PutItem", table, user + "dynamodb:PutItem on resource: " + table + " because no identity-based policy allows the dynamodb:PutItem action"},
		{"denied", "dynamodb:DeleteItem", table, user + "dynamodb:DeleteItem on resource: " + table + " with an explicit deny in an identity-based policy"},
		{"sqs", "sqs:SendMessage", queue, user + "sqs:sendmessage on resource: " + queue + " because no identity-based policy allows the sqs:sendmessage action"},
	}
	authorize := r.Authorizer("session")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := authorize(tt.action, tt.resource)
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var denied *awsapi.Error
			if !errors.As(err, &denied) {
				t.Fatalf("error = %v", err)
			}
			if diff := cmp.Diff([]string{"AccessDeniedException", tt.want}, []string{denied.Code, denied.Message}); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPolicyChangesTakeEffectAtOnce(t *testing.T) {
	r := newRole(t)
	authorize := r.Authorizer("s")
	check := func(when string, allowed bool) {
		t.Helper()
		if err := authorize("dynamodb:GetItem", table); (err == nil) != allowed {
			t.Errorf("%s: %v, want allowed = %t", when, err, allowed)
		}
	}
	put := func(name, effect string) {
		t.Helper()
		if err := r.PutPolicy(name, document(`{"Effect":"`+effect+`","Action":"dynamodb:*","Resource":"*"}`)); err != nil {
			t.Fatal(err)
		}
	}
	check("without policies", false)
	put("a", "Allow")
	check("with an allow", true)
	put("b", "Deny")
	check("with a deny beside it", false)
	if !r.DeletePolicy("b") || r.DeletePolicy("b") {
		t.Error("DeletePolicy does not report whether there was one")
	}
	check("with the deny gone", true)
	put("a", "Deny")
	check("with the allow replaced", false)
}

func TestAssumableBy(t *testing.T) {
	r := newRole(t)
	if err := r.AssumableBy("lambda.amazonaws.com"); err != nil {
		t.Error(err)
	}
	want := "AccessDenied: User: ec2.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::000000000000:role/placeorder"
	if err := r.AssumableBy("ec2.amazonaws.com"); err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

// words are few, so that random patterns meet random requests often.
var (
	actions   = []string{"sqs:SendMessage", "sqs:ReceiveMessage", "dynamodb:PutItem", "dynamodb:GetItem"}
	resources = []string{table, table + "/index/a", queue, queue + "2"}
)

// drawDocument draws a policy of a few statements.
func drawDocument(t *rapid.T) string {
	var statements []string
	for range rapid.IntRange(1, 4).Draw(t, "statements") {
		statements = append(statements, fmt.Sprintf(`{"Effect":%q,%q:[%q],%q:[%q]}`,
			rapid.SampledFrom([]string{"Allow", "Deny"}).Draw(t, "effect"),
			rapid.SampledFrom([]string{"Action", "NotAction"}).Draw(t, "action element"),
			rapid.SampledFrom(append([]string{"*", "sqs:*", "dynamodb:?etItem", "*:*Item"}, actions...)).Draw(t, "action"),
			rapid.SampledFrom([]string{"Resource", "NotResource"}).Draw(t, "resource element"),
			rapid.SampledFrom(append([]string{"*", table + "*", "arn:aws:sqs:*", "arn:*2"}, resources...)).Draw(t, "resource")))
	}
	return document(statements...)
}

func TestDenyAlwaysWins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawDocument(t)
		p, err := iam.ParsePolicy(text)
		if err != nil {
			t.Fatal(err)
		}
		action, resource := rapid.SampledFrom(actions).Draw(t, "asked action"), rapid.SampledFrom(resources).Draw(t, "asked resource")
		r, err := iam.NewRole("r", lambda, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{
			"random": text,
			"all":    document(`{"Effect":"Allow","Action":"*","Resource":"*"}`),
			"deny":   document(fmt.Sprintf(`{"Effect":"Deny","Action":%q,"Resource":%q}`, action, resource)),
		} {
			if err := r.PutPolicy(name, text); err != nil {
				t.Fatal(err)
			}
		}
		if got := r.Decide(action, resource); got != iam.ExplicitDeny {
			t.Fatalf("decision = %s although denied", got)
		}
		r.DeletePolicy("deny")
		want := iam.Allow
		if p.Evaluate(&iam.Request{Action: action, Resource: resource}) == iam.ExplicitDeny {
			want = iam.ExplicitDeny
		}
		if got := r.Decide(action, resource); got != want {
			t.Fatalf("decision = %s, want %s", got, want)
		}
	})
}

func TestRememberedDecisionsAreThoseOfThePolicies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, err := iam.NewRole("r", lambda, nil)
		if err != nil {
			t.Fatal(err)
		}
		current := map[string]*iam.Policy{}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			name := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "policy")
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0:
				text := drawDocument(t)
				if err := r.PutPolicy(name, text); err != nil {
					t.Fatal(err)
				}
				current[name], _ = iam.ParsePolicy(text)
			case 1:
				r.DeletePolicy(name)
				delete(current, name)
			default:
				action, resource := rapid.SampledFrom(actions).Draw(t, "action"), rapid.SampledFrom(resources).Draw(t, "resource")
				want := iam.ImplicitDeny
				for _, p := range current {
					want = max(want, p.Evaluate(&iam.Request{Action: action, Resource: resource}))
				}
				if got := r.Decide(action, resource); got != want {
					t.Fatalf("decision = %s, want %s", got, want)
				}
			}
		}
	})
}

func TestChecksAllocateNothing(t *testing.T) {
	r := newRole(t)
	if err := r.PutPolicy("p", document(`{"Effect":"Allow","Action":"dynamodb:*","Resource":"*"}`)); err != nil {
		t.Fatal(err)
	}
	authorize := r.Authorizer("s")
	if allocs := testing.AllocsPerRun(100, func() { _ = authorize("dynamodb:PutItem", table) }); allocs != 0 {
		t.Errorf("a check allocates %v times, want 0", allocs)
	}
}

func BenchmarkAuthorizer(b *testing.B) {
	r := newRole(b)
	if err := r.PutPolicy("p", document(`{"Effect":"Allow","Action":"dynamodb:*","Resource":"`+table+`"}`)); err != nil {
		b.Fatal(err)
	}
	authorize := r.Authorizer("s")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := authorize("dynamodb:PutItem", table); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
