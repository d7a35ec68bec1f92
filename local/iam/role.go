package iam

import (
	"strings"
	"sync"

	"transactional-outbox/local/awsapi"
)

// RoleOptions configures [NewRole]. A nil *RoleOptions and every zero field work.
type RoleOptions struct {
	// Account is the account id in the ARN. "" means 000000000000.
	Account string
	// Path is the path in the ARN, with a slash at both ends. "" means "/".
	Path string
	// Context holds the condition keys of every request of the role. Nil means aws:SecureTransport = true and the role's own
	// aws:PrincipalArn and aws:PrincipalAccount.
	Context map[string][]string
}

// Role is an identity that a service assumes. It is safe for concurrent use; changes of its policies take effect with the next check.
type Role struct {
	name    string
	arn     string
	account string
	context map[string][]string

	mu       sync.RWMutex
	trust    *Policy
	policies map[string]*Policy
	// decided remembers what the policies said until they change. It is bounded by the actions and resources there are.
	decided map[question]Decision
}

type question struct{ action, resource string }

// maxDecided bounds the memory of decisions against callers that ask for ever new resources.
const maxDecided = 10000

// NewRole returns a role without policies, which may do nothing. trust is its trust policy.
func NewRole(name, trust string, opts *RoleOptions) (*Role, error) {
	o := RoleOptions{}
	if opts != nil {
		o = *opts
	}
	if o.Account == "" {
		o.Account = "000000000000"
	}
	if o.Path == "" {
		o.Path = "/"
	}
	if name == "" || len(name) > 64 || strings.ContainsFunc(name, func(r rune) bool { return !isNameRune(r) }) {
		return nil, awsapi.Errorf("ValidationError", "The specified value for roleName is invalid. It must contain only alphanumeric characters "+
			"and/or the following: +=,.@_- and be at most 64 characters long.")
	}
	r := &Role{name: name, account: o.Account, arn: "arn:aws:iam::" + o.Account + ":role" + o.Path + name, context: o.Context, policies: map[string]*Policy{}, decided: map[question]Decision{}}
	if r.context == nil {
		r.context = map[string][]string{"aws:SecureTransport": {"true"}, "aws:PrincipalArn": {r.arn}, "aws:PrincipalAccount": {o.Account}}
	}
	if err := r.SetTrust(trust); err != nil {
		return nil, err
	}
	return r, nil
}

func isNameRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("+=,.@_-", r)
}

// Name returns the name of the role.
func (r *Role) Name() string { return r.name }

// ARN returns the ARN of the role.
func (r *Role) ARN() string { return r.arn }

// PutPolicy attaches an identity policy under a name, in place of one of that name.
func (r *Role) PutPolicy(name, document string) error {
	if name == "" || len(name) > 128 || strings.ContainsFunc(name, func(r rune) bool { return !isNameRune(r) }) {
		return awsapi.Errorf("ValidationError", "The specified value for policyName is invalid. It must contain only alphanumeric characters "+
			"and/or the following: +=,.@_- and be at most 128 characters long.")
	}
	p, err := ParsePolicy(document)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.policies[name] = p
	clear(r.decided)
	return nil
}

// DeletePolicy detaches the policy of that name, and reports whether there was one.
func (r *Role) DeletePolicy(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.policies[name]
	delete(r.policies, name)
	clear(r.decided)
	return ok
}

// Policies returns the attached documents by name.
func (r *Role) Policies() map[string]string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	documents := make(map[string]string, len(r.policies))
	for name, p := range r.policies {
		documents[name] = p.document
	}
	return documents
}

// SetTrust replaces the trust policy.
func (r *Role) SetTrust(document string) error {
	p, err := ParseTrustPolicy(document)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trust = p
	return nil
}

// Trust returns the document of the trust policy.
func (r *Role) Trust() string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.trust.document
}

// AssumableBy returns nil if the trust policy lets service, such as "lambda.amazonaws.com", assume the role, and otherwise an
// [*awsapi.Error] with code AccessDenied and status 403.
func (r *Role) AssumableBy(service string) error {
	r.mu.RLock()
	trust := r.trust
	r.mu.RUnlock()
	request := &Request{Action: "sts:AssumeRole", Resource: r.arn, Principal: Principal{Service: service}, Context: map[string][]string{"aws:SourceAccount": {r.account}}}
	if trust.Evaluate(request) == Allow {
		return nil
	}
	return &awsapi.Error{Code: "AccessDenied", Status: 403, Message: "User: " + service + " is not authorized to perform: sts:AssumeRole on resource: " + r.arn}
}

// Decide says what the attached policies together mean for an action on a resource.
func (r *Role) Decide(action, resource string) Decision {
	q := question{action, resource}
	r.mu.RLock()
	decision, known := r.decided[q]
	r.mu.RUnlock()
	if known {
		return decision
	}
	// The write lock is held over the evaluation: a policy that changes meanwhile must not be remembered as it was.
	r.mu.Lock()
	defer r.mu.Unlock()
	decision = r.evaluate(&Request{Action: action, Resource: resource, Principal: Principal{ARN: r.arn}, Context: r.context})
	if len(r.decided) >= maxDecided {
		clear(r.decided)
	}
	r.decided[question{strings.Clone(action), strings.Clone(resource)}] = decision
	return decision
}

// evaluate puts the policies together: the strongest decision stands.
func (r *Role) evaluate(request *Request) Decision {
	decision := ImplicitDeny
	for _, p := range r.policies {
		decision = max(decision, p.Evaluate(request))
	}
	return decision
}
