package iam

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"transactional-outbox/local/awsapi"
)

// Policy is a parsed policy document. It never changes and is safe for concurrent use.
type Policy struct {
	document   string
	statements []statement
}

// statement is one statement, ready to be asked.
type statement struct {
	sid        string
	deny       bool
	actions    patterns
	resources  patterns
	principals principals
	conditions []condition
}

// kind is where a policy is attached, which decides what a statement must have.
type kind int

const (
	identity kind = iota
	resource
	trust
)

// ParsePolicy parses an identity policy: one without principals. The error names what is wrong and is an [*awsapi.Error] with code
// MalformedPolicyDocument.
func ParsePolicy(document string) (*Policy, error) { return parse(document, identity) }

// ParseResourcePolicy parses a policy of a resource, such as a queue: every statement has a principal.
func ParseResourcePolicy(document string) (*Policy, error) { return parse(document, resource) }

// ParseTrustPolicy parses the trust policy of a role: every statement has a principal and none has a resource.
func ParseTrustPolicy(document string) (*Policy, error) { return parse(document, trust) }

// Document returns the text that was parsed.
func (p *Policy) Document() string { return p.document }

// ConditionKeys lists the keys that conditions of the policy look at, in lower case and in order.
func (p *Policy) ConditionKeys() []string {
	var keys []string
	for _, s := range p.statements {
		for _, c := range s.conditions {
			keys = append(keys, c.key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// DeniesNamed reports whether a Deny statement is about particular principals, rather than about everybody. Who does not know the caller
// of a request cannot evaluate such a policy.
func (p *Policy) DeniesNamed() bool {
	return slices.ContainsFunc(p.statements, func(s statement) bool { return s.deny && !s.principals.anyone })
}

// wireDocument and wireStatement are the document as it is written.
type wireDocument struct {
	Version   string
	Id        string
	Statement oneOrMore[wireStatement]
}

type wireStatement struct {
	Sid          string
	Effect       string
	Action       oneOrMore[string]
	NotAction    oneOrMore[string]
	Resource     oneOrMore[string]
	NotResource  oneOrMore[string]
	Principal    jsontext.Value
	NotPrincipal jsontext.Value
	Condition    map[string]map[string]oneOrMore[jsontext.Value]
}

// oneOrMore is a list that may be written as its only element. It is nil if it is absent.
type oneOrMore[T any] []T

// UnmarshalJSONFrom reads either form.
func (l *oneOrMore[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*l = oneOrMore[T]{}
	if dec.PeekKind() == '[' {
		return json.UnmarshalDecode(dec, (*[]T)(l))
	}
	var one T
	if err := json.UnmarshalDecode(dec, &one); err != nil {
		return err
	}
	*l = oneOrMore[T]{one}
	return nil
}

func parse(document string, k kind) (*Policy, error) {
	var wire wireDocument
	if err := json.Unmarshal([]byte(document), &wire, json.RejectUnknownMembers(true)); err != nil {
		return nil, malformed("%s", plain(err))
	}
	switch wire.Version {
	case "2012-10-17", "2008-10-17", "":
	default:
		return nil, malformed("the policy version %q is neither 2012-10-17 nor 2008-10-17", wire.Version)
	}
	if len(wire.Statement) == 0 {
		return nil, malformed("a policy has at least one Statement")
	}
	p := &Policy{document: document}
	for i := range wire.Statement {
		s, err := compile(&wire.Statement[i], k)
		if err != nil {
			return nil, malformed("statement %d%s: %s", i+1, quoteSid(wire.Statement[i].Sid), err)
		}
		if s.sid != "" && slices.ContainsFunc(p.statements, func(other statement) bool { return other.sid == s.sid }) {
			return nil, malformed("the Sid %q is used twice", s.sid)
		}
		p.statements = append(p.statements, *s)
	}
	return p, nil
}

func compile(w *wireStatement, k kind) (*statement, error) {
	s := &statement{sid: w.Sid, deny: w.Effect == "Deny"}
	if w.Effect != "Allow" && w.Effect != "Deny" {
		return nil, fmt.Errorf("the Effect is Allow or Deny, not %q", w.Effect)
	}
	var err error
	if s.actions, err = newPatterns("Action", w.Action, "NotAction", w.NotAction); err != nil {
		return nil, err
	}
	for _, a := range s.actions.all {
		if a != "*" && !strings.Contains(a, ":") {
			return nil, fmt.Errorf("the action %q has no service: actions are written like sqs:SendMessage", a)
		}
	}
	s.actions.fold()
	if k == trust {
		if w.Resource != nil || w.NotResource != nil {
			return nil, fmt.Errorf("a trust policy has no Resource")
		}
		s.resources = patterns{all: []string{"*"}}
	} else if s.resources, err = newPatterns("Resource", w.Resource, "NotResource", w.NotResource); err != nil {
		return nil, err
	}
	for _, r := range s.resources.all {
		if r != "*" && !strings.HasPrefix(r, "arn:") {
			return nil, fmt.Errorf("the resource %q is neither an ARN nor *", r)
		}
		if strings.Contains(r, "${") {
			return nil, fmt.Errorf("policy variables are not supported: %q", r)
		}
	}
	if len(w.NotPrincipal) > 0 {
		return nil, fmt.Errorf("the element NotPrincipal is not supported")
	}
	if k == identity {
		if len(w.Principal) > 0 {
			return nil, fmt.Errorf("an identity policy has no Principal")
		}
		s.principals = principals{anyone: true}
	} else if s.principals, err = newPrincipals(w.Principal); err != nil {
		return nil, err
	}
	s.conditions, err = newConditions(w.Condition)
	return s, err
}

func malformed(format string, args ...any) error {
	return awsapi.Errorf("MalformedPolicyDocument", "Syntax errors in policy: "+format+".", args...)
}

func quoteSid(sid string) string {
	if sid == "" {
		return ""
	}
	return fmt.Sprintf(" (%q)", sid)
}

// plain words a decoding error without naming Go types.
func plain(err error) string {
	var semantic *json.SemanticError
	if !errors.As(err, &semantic) {
		return "the document is no valid JSON"
	}
	if semantic.Err == json.ErrUnknownName {
		return fmt.Sprintf("the element %s is not known", strings.TrimPrefix(string(semantic.JSONPointer), "/"))
	}
	return fmt.Sprintf("a JSON %s cannot stand at %s", semantic.JSONKind, semantic.JSONPointer)
}
