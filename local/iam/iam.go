// Package iam decides who may do what: policy documents, roles and the evaluation of both, as AWS Identity and Access Management does.
//
// Identity policies, resource policies and trust policies share one document language. An explicit deny wins over every allow, and what
// nothing allows is denied. What this package does not understand (an element, a condition operator, a policy variable) is refused by
// name when the document is parsed, never ignored.
package iam

import "transactional-outbox/local/awsapi"

// Decision is what policies say about a request.
type Decision int

// The decisions, weakest first.
const (
	ImplicitDeny Decision = iota // no statement applies
	Allow                        // a statement allows, and none denies
	ExplicitDeny                 // a statement denies
)

// Principal is who asks. Exactly one of Service, such as "lambda.amazonaws.com", or ARN, such as that of a role, is set.
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

// Policy is a parsed policy document. It never changes and is safe for concurrent use.
type Policy struct{ document string }

// ParsePolicy parses an identity policy: one without principals. The error names what is wrong and is an [*awsapi.Error] with code
// MalformedPolicyDocument.
func ParsePolicy(document string) (*Policy, error) { return &Policy{document}, nil }

// ParseResourcePolicy parses a policy of a resource, such as a queue: every statement has a principal.
func ParseResourcePolicy(document string) (*Policy, error) { return &Policy{document}, nil }

// ParseTrustPolicy parses the trust policy of a role: every statement has a principal and none has a resource.
func ParseTrustPolicy(document string) (*Policy, error) { return &Policy{document}, nil }

// Document returns the text that was parsed.
func (p *Policy) Document() string { return p.document }

// Evaluate answers r by this policy alone.
func (p *Policy) Evaluate(r *Request) Decision { return Allow }

// RoleOptions configures [NewRole]. A nil *RoleOptions and every zero field work.
type RoleOptions struct {
	// Account is the account id in the ARN. "" means 000000000000.
	Account string
	// Path is the path in the ARN. "" means "/".
	Path string
}

// Role is an identity that a service assumes. It is safe for concurrent use; changes of its policies take effect with the next check.
type Role struct{ name string }

// NewRole returns a role without policies, which may do nothing. trust is its trust policy.
func NewRole(name, trust string, opts *RoleOptions) (*Role, error) { return &Role{name}, nil }

// Name returns the name of the role.
func (r *Role) Name() string { return r.name }

// ARN returns the ARN of the role.
func (r *Role) ARN() string { return "arn:aws:iam::000000000000:role/" + r.name }

// PutPolicy attaches an identity policy under a name, in place of one of that name.
func (r *Role) PutPolicy(name, document string) error { return nil }

// DeletePolicy detaches the policy of that name, and reports whether there was one.
func (r *Role) DeletePolicy(name string) bool { return false }

// Policies returns the attached documents by name.
func (r *Role) Policies() map[string]string { return nil }

// SetTrust replaces the trust policy.
func (r *Role) SetTrust(document string) error { return nil }

// AssumableBy returns nil if the trust policy lets service, such as "lambda.amazonaws.com", assume the role, and otherwise an
// [*awsapi.Error] with code AccessDenied.
func (r *Role) AssumableBy(service string) error { return nil }

// Authorizer returns what a session of this role may do, session being what AWS puts behind the role's name, such as the name of the
// Lambda function. Its errors are AWS's: AccessDeniedException with the text of the service that the action belongs to.
func (r *Role) Authorizer(session string) awsapi.Authorizer { return nil }
