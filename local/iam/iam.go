// Package iam decides who may do what: policy documents, roles and the evaluation of both, as AWS Identity and Access Management does.
//
// Identity policies, resource policies and trust policies share one document language. An explicit deny wins over every allow, and what
// nothing allows is denied. What this package does not understand (an element, a condition operator, a policy variable) is refused by
// name when the document is parsed, never ignored.
//
// Condition operators: the String, Arn, Numeric families, Bool and Null; IfExists behind any of them but Null, ForAllValues: and
// ForAnyValue: before any of them but Null. Not supported are dates, binaries, IP addresses and policy variables.
package iam

// Decision is what policies say about a request.
type Decision int

// The decisions, weakest first.
const (
	ImplicitDeny Decision = iota // no statement applies
	Allow                        // a statement allows, and none denies
	ExplicitDeny                 // a statement denies
)

// String returns the decision as AWS's policy simulator words it.
func (d Decision) String() string {
	switch d {
	case Allow:
		return "allowed"
	case ExplicitDeny:
		return "explicitDeny"
	}
	return "implicitDeny"
}

// Principal is who asks. Exactly one of Service, such as "lambda.amazonaws.com", or ARN, such as that of a role, is set. The zero
// Principal matches nothing but "*".
type Principal struct {
	Service string
	ARN     string
}

// Request is one question to a policy.
type Request struct {
	Action    string
	Resource  string
	Principal Principal
	// Context holds the condition keys that are present, by name in any case, such as "aws:SecureTransport": {"true"}.
	Context map[string][]string
}

// Evaluate answers r by this policy alone.
func (p *Policy) Evaluate(r *Request) Decision {
	decision := ImplicitDeny
	for i := range p.statements {
		s := &p.statements[i]
		if !s.applies(r) {
			continue
		}
		if s.deny {
			return ExplicitDeny
		}
		decision = Allow
	}
	return decision
}

func (s *statement) applies(r *Request) bool {
	return s.actions.match(r.Action) && s.resources.match(r.Resource) && s.principals.match(r.Principal) && s.holds(r.Context)
}

// holds reports whether all conditions are met.
func (s *statement) holds(context map[string][]string) bool {
	for i := range s.conditions {
		if !s.conditions[i].holds(context) {
			return false
		}
	}
	return true
}
