package lambda

import (
	"fmt"
	"slices"
	"strings"

	"transactional-outbox/local/awsapi"
)

const invokeAction = "lambda:InvokeFunction"

// Permission is a statement of a function's resource-based policy: who else may invoke the function.
type Permission struct {
	// StatementID is unique within the function. Required.
	StatementID string
	// Action must be lambda:InvokeFunction, lambda:* or *. "" means lambda:InvokeFunction.
	Action string
	// Principal is the service that may invoke the function, such as apigateway.amazonaws.com. Required.
	Principal string
	// SourceARN restricts the permission to a source; * and ? are wildcards (ArnLike). "" means any source.
	SourceARN string
	// SourceAccount restricts the permission to sources of an account. "" means any account.
	SourceAccount string
}

// AddPermission adds a statement to a function's policy. A statement id that exists is a ResourceConflictException.
func (s *Service) AddPermission(function string, permission Permission) error {
	if permission.Action == "" {
		permission.Action = invokeAction
	}
	switch {
	case permission.StatementID == "":
		return invalid("Permission.StatementID is required")
	case permission.Principal == "":
		return invalid("Permission.Principal is required")
	case !slices.Contains([]string{invokeAction, "lambda:*", "*"}, permission.Action):
		return invalid("Permission.Action " + permission.Action + " is not supported here: use " + invokeAction)
	}
	p, err := s.pool(function)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, other := range p.permissions {
		if other.StatementID == permission.StatementID {
			return &awsapi.Error{Code: "ResourceConflictException", Status: 409, Message: fmt.Sprintf(
				"The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.",
				permission.StatementID)}
		}
	}
	p.permissions = append(p.permissions, permission)
	return nil
}

// RemovePermission removes a statement from a function's policy. One that does not exist is a ResourceNotFoundException.
func (s *Service) RemovePermission(function, statementID string) error {
	p, err := s.pool(function)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.permissions)
	p.permissions = slices.DeleteFunc(p.permissions, func(other Permission) bool { return other.StatementID == statementID })
	if len(p.permissions) == n {
		return &awsapi.Error{Code: "ResourceNotFoundException", Status: 404, Message: fmt.Sprintf("Statement %s is not found in resource policy.", statementID)}
	}
	return nil
}

// permit returns an AccessDeniedException unless a statement lets principal invoke the function for sourceARN. Lambda does not tell
// what is missing; here the message does.
func (p *pool) permit(principal, sourceARN string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, statement := range p.permissions {
		if statement.allows(principal, sourceARN) {
			return nil
		}
	}
	return &awsapi.Error{Code: "AccessDeniedException", Status: 403, Message: fmt.Sprintf(
		"%s is not authorized to perform: %s on resource: %s because no resource-based policy statement allows it for source %s",
		principal, invokeAction, p.config.ARN, sourceARN)}
}

func (permission *Permission) allows(principal, sourceARN string) bool {
	if permission.Principal != principal && permission.Principal != "*" {
		return false
	}
	if permission.SourceAccount != "" {
		parts := strings.SplitN(sourceARN, ":", 6)
		if len(parts) < 6 || parts[4] != permission.SourceAccount {
			return false
		}
	}
	return permission.SourceARN == "" || like(permission.SourceARN, sourceARN)
}

// like tells whether s matches pattern, in which * is any text and ? any character.
func like(pattern, s string) bool {
	star, mark := -1, 0 // where to resume when the text after the last * does not match
	i, j := 0, 0
	for i < len(s) {
		switch {
		case j < len(pattern) && pattern[j] == '*':
			star, mark = j, i
			j++
		case j < len(pattern) && (pattern[j] == '?' || pattern[j] == s[i]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	for j < len(pattern) && pattern[j] == '*' {
		j++
	}
	return j == len(pattern)
}
