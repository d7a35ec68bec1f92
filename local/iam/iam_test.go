package iam_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/iam"
)

const (
	table  = "arn:aws:dynamodb:us-east-1:000000000000:table/orders"
	queue  = "arn:aws:sqs:us-east-1:000000000000:dead"
	lambda = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`
)

func document(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

func TestEvaluate(t *testing.T) {
	allow := func(action, resource string) string {
		return `{"Effect":"Allow","Action":` + action + `,"Resource":` + resource + `}`
	}
	tests := []struct {
		name, document   string
		action, resource string
		want             iam.Decision
	}{
		{"exact", document(allow(`"dynamodb:PutItem"`, `"`+table+`"`)), "dynamodb:PutItem", table, iam.Allow},
		{"single statement without a list", `{"Version":"2012-10-17","Statement":` + allow(`"dynamodb:PutItem"`, `"`+table+`"`) + `}`, "dynamodb:PutItem", table, iam.Allow},
		{"another action", document(allow(`"dynamodb:PutItem"`, `"`+table+`"`)), "dynamodb:GetItem", table, iam.ImplicitDeny},
		{"another resource", document(allow(`"dynamodb:PutItem"`, `"`+table+`"`)), "dynamodb:PutItem", table + "2", iam.ImplicitDeny},
		{"actions are case-blind", document(allow(`["DynamoDB:putitem"]`, `"`+table+`"`)), "dynamodb:PutItem", table, iam.Allow},
		{"resources are not", document(allow(`"dynamodb:*"`, `"`+strings.Replace(table, "orders", "Orders", 1)+`"`)), "dynamodb:PutItem", table, iam.ImplicitDeny},
		{"stars in actions", document(allow(`"dynamodb:*Item"`, `"*"`)), "dynamodb:PutItem", table, iam.Allow},
		{"question marks", document(allow(`"dynamodb:?utItem"`, `"*"`)), "dynamodb:PutItem", table, iam.Allow},
		{"an index is not its table", document(allow(`"dynamodb:*"`, `"`+table+`"`)), "dynamodb:Query", table + "/index/i", iam.ImplicitDeny},
		{"all indexes", document(allow(`"dynamodb:*"`, `"`+table+`/index/*"`)), "dynamodb:Query", table + "/index/i", iam.Allow},
		{"all streams", document(allow(`"dynamodb:*"`, `"`+table+`/stream/*"`)), "dynamodb:GetRecords", table + "/stream/2026-11-24T00:00:00.000", iam.Allow},
		{"deny wins", document(allow(`"*"`, `"*"`), `{"Effect":"Deny","Action":"dynamodb:PutItem","Resource":"*"}`), "dynamodb:PutItem", table, iam.ExplicitDeny},
		{"deny wins whatever the order", document(`{"Effect":"Deny","Action":"dynamodb:PutItem","Resource":"*"}`, allow(`"*"`, `"*"`)), "dynamodb:PutItem", table, iam.ExplicitDeny},
		{"all but an action", document(`{"Effect":"Allow","NotAction":"dynamodb:Delete*","Resource":"*"}`), "dynamodb:DeleteItem", table, iam.ImplicitDeny},
		{"all but another action", document(`{"Effect":"Allow","NotAction":"dynamodb:Delete*","Resource":"*"}`), "dynamodb:PutItem", table, iam.Allow},
		{"all but a resource", document(`{"Effect":"Deny","Action":"*","NotResource":"` + table + `"}`), "dynamodb:PutItem", queue, iam.ExplicitDeny},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := iam.ParsePolicy(tt.document)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Evaluate(&iam.Request{Action: tt.action, Resource: tt.resource}); got != tt.want {
				t.Errorf("decision = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestConditions(t *testing.T) {
	tests := []struct {
		condition string
		context   map[string][]string
		want      bool
	}{
		{`{"StringEquals":{"aws:x":"a"}}`, map[string][]string{"AWS:X": {"a"}}, true},
		{`{"StringEquals":{"aws:x":["a","b"]}}`, map[string][]string{"aws:x": {"b"}}, true},
		{`{"StringEquals":{"aws:x":"a"}}`, map[string][]string{"aws:x": {"A"}}, false},
		{`{"StringEquals":{"aws:x":"a"}}`, nil, false},
		{`{"StringEquals":{"aws:x":"a","aws:y":"b"}}`, map[string][]string{"aws:x": {"a"}}, false},
		{`{"StringEquals":{"aws:x":"a"},"Bool":{"aws:y":true}}`, map[string][]string{"aws:x": {"a"}, "aws:y": {"true"}}, true},
		{`{"StringEqualsIfExists":{"aws:x":"a"}}`, nil, true},
		{`{"StringEqualsIfExists":{"aws:x":"a"}}`, map[string][]string{"aws:x": {"b"}}, false},
		{`{"StringNotEquals":{"aws:x":["a","b"]}}`, map[string][]string{"aws:x": {"b"}}, false},
		{`{"StringNotEquals":{"aws:x":["a","b"]}}`, map[string][]string{"aws:x": {"c"}}, true},
		{`{"StringNotEquals":{"aws:x":"a"}}`, nil, true},
		{`{"StringEqualsIgnoreCase":{"aws:x":"a"}}`, map[string][]string{"aws:x": {"A"}}, true},
		{`{"StringLike":{"aws:x":"a*c?"}}`, map[string][]string{"aws:x": {"abbcd"}}, true},
		{`{"StringNotLike":{"aws:x":"a*"}}`, map[string][]string{"aws:x": {"abbcd"}}, false},
		{`{"ArnLike":{"aws:x":"arn:aws:sqs:*:*:dead*"}}`, map[string][]string{"aws:x": {queue}}, true},
		{`{"ArnEquals":{"aws:x":"arn:aws:*:dead"}}`, map[string][]string{"aws:x": {queue}}, false},
		{`{"ArnNotEquals":{"aws:x":"` + queue + `"}}`, map[string][]string{"aws:x": {queue}}, false},
		{`{"NumericLessThan":{"s3:max-keys":"10"}}`, map[string][]string{"s3:max-keys": {"9"}}, true},
		{`{"NumericGreaterThanEquals":{"s3:max-keys":10}}`, map[string][]string{"s3:max-keys": {"9"}}, false},
		{`{"NumericLessThan":{"s3:max-keys":"10"}}`, map[string][]string{"s3:max-keys": {"nine"}}, false},
		{`{"Bool":{"aws:SecureTransport":"false"}}`, map[string][]string{"aws:SecureTransport": {"true"}}, false},
		{`{"Null":{"aws:x":"true"}}`, nil, true},
		{`{"Null":{"aws:x":"false"}}`, map[string][]string{"aws:x": {"a"}}, true},
		{`{"ForAllValues:StringEquals":{"aws:x":["a","b"]}}`, map[string][]string{"aws:x": {"a", "b"}}, true},
		{`{"ForAllValues:StringEquals":{"aws:x":["a","b"]}}`, map[string][]string{"aws:x": {"a", "c"}}, false},
		{`{"ForAllValues:StringEquals":{"aws:x":["a","b"]}}`, nil, true},
		{`{"ForAnyValue:StringEquals":{"aws:x":["a","b"]}}`, map[string][]string{"aws:x": {"a", "c"}}, true},
		{`{"ForAnyValue:StringEquals":{"aws:x":["a","b"]}}`, nil, false},
		{`{"ForAnyValue:StringNotEquals":{"aws:x":"a"}}`, nil, false},
		{`{"ForAnyValue:StringEqualsIfExists":{"aws:x":"a"}}`, nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.condition, func(t *testing.T) {
			p, err := iam.ParsePolicy(document(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":` + tt.condition + `}`))
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Evaluate(&iam.Request{Action: "sqs:SendMessage", Resource: queue, Context: tt.context}); (got == iam.Allow) != tt.want {
				t.Errorf("in the context %v: %s, want allowed = %t", tt.context, got, tt.want)
			}
		})
	}
}

func TestWhatIsNotUnderstoodIsRefusedByName(t *testing.T) {
	const all = `"Effect":"Allow","Action":"*","Resource":"*"`
	tests := []struct{ name, document, want string }{
		{"no json", `{`, "the document is no valid JSON"},
		{"element", document(`{` + all + `,"Colour":"red"}`), "the element Statement/0/Colour is not known"},
		{"wrong type", `{"Version":1,"Statement":[]}`, "a JSON number cannot stand at /Version"},
		{"version", `{"Version":"2020-01-01","Statement":{` + all + `}}`, `the policy version "2020-01-01" is neither 2012-10-17 nor 2008-10-17`},
		{"no statement", `{"Version":"2012-10-17"}`, "a policy has at least one Statement"},
		{"effect", document(`{"Effect":"allow","Action":"*","Resource":"*"}`), `statement 1: the Effect is Allow or Deny, not "allow"`},
		{"no action", document(`{"Sid":"a","Effect":"Allow","Resource":"*"}`), `statement 1 ("a"): Action or NotAction is missing`},
		{"both actions", document(`{` + all + `,"NotAction":"*"}`), "statement 1: Action and NotAction exclude each other"},
		{"action without service", document(`{"Effect":"Allow","Action":"PutItem","Resource":"*"}`), `statement 1: the action "PutItem" has no service: actions are written like sqs:SendMessage`},
		{"no resource", document(`{"Effect":"Allow","Action":"*"}`), "statement 1: Resource or NotResource is missing"},
		{"resource is no arn", document(`{"Effect":"Allow","Action":"*","Resource":"orders"}`), `statement 1: the resource "orders" is neither an ARN nor *`},
		{"policy variable", document(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}"}`), `statement 1: policy variables are not supported: "arn:aws:s3:::${aws:username}"`},
		{"principal", document(`{` + all + `,"Principal":"*"}`), "statement 1: an identity policy has no Principal"},
		{"operator", document(`{` + all + `,"Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}`), "statement 1: the condition operator IpAddress is not supported"},
		{"operator with a suffix it cannot have", document(`{` + all + `,"Condition":{"NullIfExists":{"a":"true"}}}`), "statement 1: the condition operator NullIfExists is not supported"},
		{"value", document(`{` + all + `,"Condition":{"Bool":{"a":"yes"}}}`), `statement 1: condition Bool of a: "yes" is neither true nor false`},
		{"sid twice", document(`{"Sid":"a",`+all+`}`, `{"Sid":"a",`+all+`}`), `the Sid "a" is used twice`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := iam.ParsePolicy(tt.document)
			if err == nil {
				t.Fatal("the document was accepted")
			}
			if diff := cmp.Diff("MalformedPolicyDocument: Syntax errors in policy: "+tt.want+".", err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestResourcePolicies(t *testing.T) {
	p, err := iam.ParseResourcePolicy(document(
		`{"Effect":"Allow","Principal":{"AWS":"000000000000"},"Action":"sqs:SendMessage","Resource":"`+queue+`"}`,
		`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/a"},"Action":"sqs:*","Resource":"`+queue+`"}`,
		`{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"`+queue+`"}`,
		`{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"`+queue+`","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		who    iam.Principal
		secure string
		want   iam.Decision
	}{
		{"somebody of the account", iam.Principal{ARN: "arn:aws:iam::000000000000:role/x"}, "true", iam.Allow},
		{"the named role of another", iam.Principal{ARN: "arn:aws:iam::111111111111:role/a"}, "true", iam.Allow},
		{"another role of it", iam.Principal{ARN: "arn:aws:iam::111111111111:role/b"}, "true", iam.ImplicitDeny},
		{"the named service", iam.Principal{Service: "sns.amazonaws.com"}, "true", iam.Allow},
		{"another service", iam.Principal{Service: "s3.amazonaws.com"}, "true", iam.ImplicitDeny},
		{"nobody in particular", iam.Principal{}, "true", iam.ImplicitDeny},
		{"without TLS", iam.Principal{ARN: "arn:aws:iam::000000000000:role/x"}, "false", iam.ExplicitDeny},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := p.Evaluate(&iam.Request{Action: "sqs:SendMessage", Resource: queue, Principal: tt.who, Context: map[string][]string{"aws:SecureTransport": {tt.secure}}})
			if got != tt.want {
				t.Errorf("decision = %s, want %s", got, tt.want)
			}
		})
	}
	if p.DeniesNamed() {
		t.Error("DeniesNamed = true, want false: everybody is denied alike")
	}
}
