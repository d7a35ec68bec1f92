package iam

import (
	"maps"
	"strings"

	"transactional-outbox/local/awsapi"
)

// Authorizer returns what a session of this role may do, session being what AWS puts behind the role's name, such as the name of the
// Lambda function. Its errors are AWS's: AccessDeniedException with the text of the service that the action belongs to.
func (r *Role) Authorizer(session string) awsapi.Authorizer {
	user := r.SessionARN(session)
	return func(action, resource string) error {
		if decision := r.Decide(action, resource); decision != Allow {
			return Denied(user, action, resource, decision, "identity")
		}
		return nil
	}
}

// AuthorizerFor is Authorizer for requests that come with these condition keys beside the role's own, such as kms:ViaService where a
// service asks another in the name of the session.
func (r *Role) AuthorizerFor(session string, context map[string][]string) awsapi.Authorizer {
	user := r.SessionARN(session)
	full := maps.Clone(r.context)
	maps.Copy(full, context)
	return func(action, resource string) error {
		r.mu.RLock()
		decision := r.evaluate(&Request{Action: action, Resource: resource, Principal: Principal{ARN: r.arn}, Context: full})
		r.mu.RUnlock()
		if decision != Allow {
			return Denied(user, action, resource, decision, "identity")
		}
		return nil
	}
}

// SessionARN returns the ARN under which a session of the role appears.
func (r *Role) SessionARN(session string) string {
	return "arn:aws:sts::" + r.account + ":assumed-role/" + r.name + "/" + session
}

// Denied returns AWS's error for a decision other than Allow. policyType is what kind of policy decided: "identity" or "resource".
func Denied(user, action, resource string, decision Decision, policyType string) *awsapi.Error {
	if rest, ok := strings.CutPrefix(action, "sqs:"); ok {
		// SQS reports actions in lower case.
		action = "sqs:" + strings.ToLower(rest)
	}
	text := "User: " + user + " is not authorized to perform: " + action + " on resource: " + resource
	if decision == ExplicitDeny {
		text += " with an explicit deny in " + article(policyType) + policyType + "-based policy"
	} else {
		text += " because no " + policyType + "-based policy allows the " + action + " action"
	}
	denied := &awsapi.Error{Code: "AccessDeniedException", Message: text}
	if strings.HasPrefix(action, "sqs:") || strings.HasPrefix(action, "lambda:") {
		denied.Status = 403
	}
	return denied
}

func article(policyType string) string {
	if policyType == "identity" {
		return "an "
	}
	return "a "
}
