package lambda_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/lambda"
)

func TestPermissions(t *testing.T) {
	const principal = "apigateway.amazonaws.com"
	const source = "arn:aws:execute-api:us-east-1:123456789012:abc/$default/GET/orders/{id}"
	s := start(t, function(t), nil)
	for _, test := range []struct {
		name       string
		permission lambda.Permission
		allowed    bool
	}{
		{"any source", lambda.Permission{Principal: principal}, true},
		{"any principal", lambda.Permission{Principal: "*"}, true},
		{"another principal", lambda.Permission{Principal: "events.amazonaws.com"}, false},
		{"this source", lambda.Permission{Principal: principal, SourceARN: source}, true},
		{"wildcards", lambda.Permission{Principal: principal, SourceARN: "arn:aws:execute-api:*:abc/*/GET/*"}, true},
		{"single character", lambda.Permission{Principal: principal, SourceARN: "arn:aws:execute-api:us-east-?:123456789012:ab?/*"}, true},
		{"wildcard that matches nothing", lambda.Permission{Principal: principal, SourceARN: source + "*"}, true},
		{"another method", lambda.Permission{Principal: principal, SourceARN: "arn:aws:execute-api:*:abc/*/POST/*"}, false},
		{"prefix only", lambda.Permission{Principal: principal, SourceARN: "arn:aws:execute-api:us-east-1:123456789012:abc"}, false},
		{"this account", lambda.Permission{Principal: principal, SourceAccount: "123456789012"}, true},
		{"another account", lambda.Permission{Principal: principal, SourceAccount: "210987654321"}, false},
		{"every action", lambda.Permission{Principal: principal, Action: "lambda:*"}, true},
	} {
		test.permission.StatementID = "statement"
		if err := s.AddPermission("hello", test.permission); err != nil {
			t.Fatal(err)
		}
		_, err := s.InvokeAs(t.Context(), principal, source, "hello", []byte(`{"do":"version"}`), nil)
		if test.allowed && err != nil {
			t.Errorf("%s: %v, want it allowed", test.name, err)
		} else if !test.allowed {
			wantCode(t, err, "AccessDeniedException")
			for _, want := range []string{principal, source, arn} {
				if err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("%s: error %v does not name %s", test.name, err, want)
				}
			}
		}
		wantCode(t, s.AddPermission("hello", test.permission), "ResourceConflictException")
		if err := s.RemovePermission("hello", "statement"); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.InvokeAs(t.Context(), principal, source, "hello", nil, nil)
	wantCode(t, err, "AccessDeniedException")
	_, err = s.InvokeAs(t.Context(), principal, source, "nobody", nil, nil)
	wantCode(t, err, "ResourceNotFoundException")
	wantCode(t, s.RemovePermission("hello", "statement"), "ResourceNotFoundException")
	wantCode(t, s.AddPermission("nobody", lambda.Permission{StatementID: "s", Principal: "*"}), "ResourceNotFoundException")
	for _, p := range []lambda.Permission{{Principal: "*"}, {StatementID: "s"}, {StatementID: "s", Principal: "*", Action: "lambda:GetFunction"}} {
		wantCode(t, s.AddPermission("hello", p), "InvalidParameterValueException")
	}
}

// Source ARN patterns match as the regular expressions they stand for.
func TestPermissionPatterns(t *testing.T) {
	nobody := 0
	s := lambda.New(nil)
	t.Cleanup(func() { s.Close() })
	// A function that is always throttled tells allowed from denied without running anything.
	f := lambda.Function{Name: "hello", ARN: arn, Executable: "/nowhere/bootstrap", ReservedConcurrency: &nobody}
	if err := s.Create(f); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab?*]{1,8}`).Draw(t, "pattern")
		source := rapid.StringMatching(`[ab]{0,8}`).Draw(t, "source")
		if err := s.AddPermission("hello", lambda.Permission{StatementID: "s", Principal: "p", SourceARN: pattern}); err != nil {
			t.Fatal(err)
		}
		_, err := s.InvokeAs(t.Context(), "p", source, "hello", nil, nil)
		var refused *awsapi.Error
		if !errors.As(err, &refused) {
			t.Fatalf("error = %v, want an *awsapi.Error", err)
		}
		oracle := regexp.MustCompile("^" + strings.NewReplacer("*", ".*", "?", ".").Replace(pattern) + "$")
		if got, want := refused.Code == "TooManyRequestsException", oracle.MatchString(source); got != want {
			t.Errorf("%q matches %q: %v, want %v", pattern, source, got, want)
		}
		if err := s.RemovePermission("hello", "s"); err != nil {
			t.Fatal(err)
		}
	})
}
