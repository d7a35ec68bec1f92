package expression_test

import (
	"errors"
	"testing"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/dynamodb/attribute"
	"transactional-outbox/local/dynamodb/expression"
)

func attributes(t *testing.T, text string) attribute.Map {
	t.Helper()
	var m attribute.Map
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

const item = `{"s":{"S":"hello"},"n":{"N":"5"},"b":{"B":"AAE="},"t":{"BOOL":true},"z":{"NULL":true},"ss":{"SS":["x","y"]},"ns":{"NS":["1","2"]},
	"l":{"L":[{"S":"x"},{"N":"7"},{"M":{"k":{"S":"deep"}}}]},"m":{"M":{"k":{"N":"1"},"o p":{"S":"q"}}},"e":{"S":""},"n2":{"N":"5.0"}}`

const names = `{"#n":"n","#op":"o p","#status":"status"}`

const values = `{":s":{"S":"hello"},":he":{"S":"he"},":five":{"N":"5"},":one":{"N":"1"},":nine":{"N":"9"},":x":{"S":"x"},":t":{"BOOL":true},":S":{"S":"S"},
	":bad":{"S":"BAD"},":l":{"L":[{"S":"z"}]},":sx":{"SS":["x"]},":sz":{"SS":["z"]},":m":{"M":{"k":{"N":"1"},"o p":{"S":"q"}}},":ss":{"SS":["y","x"]}}`

func arguments(t *testing.T) *expression.Arguments {
	t.Helper()
	a := &expression.Arguments{}
	if err := json.Unmarshal([]byte(names), &a.Names); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(values), &a.Values); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestConditions(t *testing.T) {
	it := attributes(t, item)
	var cache expression.Cache
	for _, row := range []struct {
		text string
		want bool
	}{
		{"s = :s", true}, {"s <> :s", false}, {"#n = :five", true}, {"n = n2", true}, {"n <> n2", false}, {"s = :five", false}, {"s <> :five", true},
		{"n < :nine", true}, {"n <= :five", true}, {"n > :five", false}, {"n >= :five", true}, {"n > :s", false}, {"absent < :five", false},
		{"absent = :five", false}, {"absent <> :five", true}, {"NOT absent = :five", true}, {"absent = absent2", false},
		{"n BETWEEN :one AND :nine", true}, {"n between :one and :one", false}, {":five BETWEEN :one AND n", true},
		{"s IN (:x, :s)", true}, {"s in (:x)", false}, {"absent IN (:x)", false},
		{"attribute_exists(s)", true}, {"attribute_exists(absent)", false}, {"attribute_not_exists(m.k)", false}, {"attribute_not_exists(m.j)", true},
		{"attribute_exists(l[2].k)", true}, {"attribute_exists(l[3])", false}, {"attribute_exists(s.k)", false}, {"attribute_exists(m[0])", false},
		{"m.#op = l[9] OR attribute_exists(m.#op)", true}, {"attribute_type(s, :S)", true}, {"attribute_type(n, :S)", false}, {"attribute_type(absent, :S)", false},
		{"begins_with(s, :he)", true}, {"begins_with(s, :x)", false}, {"begins_with(absent, :x)", false}, {"contains(s, :he)", true},
		{"contains(ss, :x)", true}, {"contains(ss, :he)", false}, {"contains(l, :x)", true}, {"contains(ns, :one)", true}, {"contains(ns, :x)", false},
		{"size(s) = :five", true}, {"size(ss) < :nine", true}, {"size(l) > :one AND size(m) > :one", true}, {"size(n) > :one", false}, {":five > size(e)", true},
		{"m = :m", true}, {"ss = :ss", true}, {"t = :t", true}, {"NOT (s = :s AND n = :one)", true}, {"n = :one OR n = :nine AND s = :s OR t = :t", true},
		{"n = :five OR n = :nine AND s = :x", true}, {"(n = :five OR n = :nine) AND s = :x", false}, {"NOT n = :one AND s = :s", true}, {"((s = :s) AND (n = :five)) OR (t = :s)", true},
		{"(s) = (:s)", true}, {"s=:s AND(n=:five)", true}, {"l[ 0 ] = :x", true}, {"m . k = :one", true},
	} {
		p, err := arguments(t).Condition(&cache, "ConditionExpression", &row.text)
		if err != nil {
			t.Errorf("%s: %v", row.text, err)
			continue
		}
		if got := p.Holds(it); got != row.want {
			t.Errorf("%s: got %t, want %t", row.text, got, row.want)
		}
	}
}

func TestConditionFaults(t *testing.T) {
	var cache expression.Cache
	for _, row := range []struct{ text, want string }{
		{"", "The expression can not be empty;"},
		{"a = ", `Syntax error; token: "<EOF>", near: "="`},
		{"a = :s b", `Syntax error; token: "b", near: ":s b"`},
		{"_a = :s", `Syntax error; token: "_", near: "_a"`},
		{"a = :s AND", `Syntax error; token: "<EOF>", near: "AND"`},
		{"a BETWEEN b AND a", "The first operand must be distinct from the remaining operands for this operator or function; operator: BETWEEN, first operand: [a]"},
		{":l BETWEEN a AND b", "Incorrect operand type for operator or function; operator or function: BETWEEN, operand type: L"},
		{"a[01] = :s", `Syntax error; token: "1", near: "01]"`},
		{"a IN (:s, a)", "The first operand must be distinct from the remaining operands for this operator or function; operator: IN, first operand: [a]"},
		{"a[:x] = :s", `Syntax error; token: ":x", near: "[:x]"`},
		{"a BETWEEN :s OR :x", `Syntax error; token: "OR", near: ":s OR :x"`},
		{"(a = :s", `Syntax error; token: "<EOF>", near: ":s"`},
		{"a", `Syntax error; token: "<EOF>", near: "a"`},
		{"((a = :s))", "The expression has redundant parentheses;"},
		{"((a)) = :s", "The expression has redundant parentheses;"},
		{"status = :s", "Attribute name is a reserved keyword; reserved keyword: status"},
		{"a.Status = :s", "Attribute name is a reserved keyword; reserved keyword: Status"},
		{"#q = :s", "An expression attribute name used in the document path is not defined; attribute name: #q"},
		{"a = :q", "An expression attribute value used in expression is not defined; attribute value: :q"},
		{"exists(a)", "Invalid function name; function: exists"},
		{"ATTRIBUTE_EXISTS(a)", "Invalid function name; function: ATTRIBUTE_EXISTS"},
		{"size(a)", "The function is not allowed to be used this way in an expression; function: size"},
		{"begins_with(a, :s) = :t", "The function is not allowed to be used this way in an expression; function: begins_with"},
		{"attribute_exists(a, b)", "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2"},
		{"attribute_exists(:s)", "Operator or function requires a document path; operator or function: attribute_exists"},
		{"begins_with(a, :one)", "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N"},
		{"attribute_type(a, :bad)", "Invalid attribute type name found; type: BAD, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"},
		{"attribute_type(a, :one)", "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: N"},
		{"size(:one) = :one", "Incorrect operand type for operator or function; operator or function: size, operand type: N"},
		{"a = a", "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [a]"},
		{"a.b[1] = a.b[1]", "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [a, b, [1]]"},
		{"a BETWEEN :nine AND :one", "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:9}, upper bound operand: AttributeValue: {N:1}"},
		{"a BETWEEN :one AND :s", "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:hello}"},
	} {
		_, err := arguments(t).Condition(&cache, "ConditionExpression", &row.text)
		expect(t, row.text, err, "Invalid ConditionExpression: "+row.want)
	}
}

func expect(t *testing.T, text string, err error, want string) {
	t.Helper()
	var invalid *attribute.Invalid
	if !errors.As(err, &invalid) || invalid.Text != want {
		t.Errorf("%s\n got: %v\nwant: %s", text, err, want)
	}
}

func TestUpdates(t *testing.T) {
	var cache expression.Cache
	for _, row := range []struct{ old, text, want string }{
		{`{}`, "SET a = :one", `{"a":{"N":"1"}}`},
		{`{"a":{"N":"1"},"b":{"N":"2"}}`, "SET a = b, b = a", `{"a":{"N":"2"},"b":{"N":"1"}}`},
		{`{"a":{"N":"1"}}`, "SET a = a + :nine", `{"a":{"N":"10"}}`},
		{`{"a":{"N":"1"}}`, "SET a = :nine - a", `{"a":{"N":"8"}}`},
		{`{}`, "set a = if_not_exists(a, :five) + :one", `{"a":{"N":"6"}}`},
		{`{"l":{"L":[{"S":"a"}]}}`, "SET l = list_append(l, :l)", `{"l":{"L":[{"S":"a"},{"S":"z"}]}}`},
		{`{"l":{"L":[{"S":"a"}]}}`, "SET l = list_append(:l, if_not_exists(l, :l))", `{"l":{"L":[{"S":"z"},{"S":"a"}]}}`},
		{`{"l":{"L":[{"S":"a"}]}}`, "SET l[84] = :one, l[37] = :five, l[17] = :nine", `{"l":{"L":[{"S":"a"},{"N":"9"},{"N":"5"},{"N":"1"}]}}`},
		{`{"l":{"L":[{"N":"2"},{"N":"3"},{"N":"4"},{"N":"5"},{"N":"6"},{"N":"7"}]}}`, "REMOVE l[1] SET l[3] = :nine", `{"l":{"L":[{"N":"2"},{"N":"4"},{"N":"9"},{"N":"6"},{"N":"7"}]}}`},
		{`{"l":{"L":[{"N":"2"},{"N":"3"},{"N":"4"}]}}`, "REMOVE l[0], l[2], l[7]", `{"l":{"L":[{"N":"3"}]}}`},
		{`{"m":{"M":{"x":{"N":"1"},"y":{"L":[{"M":{}}]}}},"b":{"S":""}}`, "SET m.z = :one, m.y[0].#status = :x REMOVE m.x, b", `{"m":{"M":{"y":{"L":[{"M":{"status":{"S":"x"}}}]},"z":{"N":"1"}}}}`},
		{`{"m":{"M":{"x":{"N":"1"}}}}`, "REMOVE m.x", `{"m":{"M":{}}}`},
		{`{}`, "ADD a :five", `{"a":{"N":"5"}}`},
		{`{"a":{"N":"1"},"m":{"M":{}}}`, "ADD a :five, m.c :one", `{"a":{"N":"6"},"m":{"M":{"c":{"N":"1"}}}}`},
		{`{"s":{"SS":["a"]}}`, "ADD s :ss, #n :sx", `{"n":{"SS":["x"]},"s":{"SS":["a","x","y"]}}`},
		{`{"s":{"SS":["x","y"]},"r":{"SS":["x"]}}`, "DELETE s :sx, r :sx, q :sx", `{"s":{"SS":["y"]}}`},
		{`{"a":{"S":"x"}}`, "REMOVE a SET b = a", `{"b":{"S":"x"}}`},
	} {
		old := attributes(t, row.old)
		before := string(old.AppendJSON(nil))
		change, err := arguments(t).Update(&cache, &row.text)
		if err != nil {
			t.Errorf("%s: %v", row.text, err)
			continue
		}
		got, err := change.Apply(old)
		if err != nil || string(got.AppendJSON(nil)) != row.want {
			t.Errorf("%s: got %s, %v, want %s", row.text, got.AppendJSON(nil), err, row.want)
		}
		if after := string(old.AppendJSON(nil)); after != before {
			t.Errorf("%s changed the old item from %s to %s", row.text, before, after)
		}
	}
}

func TestUpdateFaults(t *testing.T) {
	var cache expression.Cache
	const prefix = "Invalid UpdateExpression: "
	for _, row := range []struct{ text, want string }{
		{"INVALID SYNTAX HERE", prefix + `Syntax error; token: "INVALID", near: "INVALID SYNTAX"`},
		{"ADD hits : incr", prefix + `Syntax error; token: ":", near: "hits : incr"`},
		{"SET :a = :one", prefix + `Syntax error; token: ":a", near: "SET :a ="`},
		{"SET a = :one SET b = :one", prefix + `The "SET" section can only be used once in an update expression;`},
		{"SET a = :one + :one + :one", prefix + `Syntax error; token: "+", near: ":one + :one"`},
		{"SET a = :one, a = :five", prefix + "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]"},
		{"SET #n = :one REMOVE n", prefix + "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [n], path two: [n]"},
		{"SET a.b = :one, a.b.c[1] = :five", prefix + "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, b, c, [1]]"},
		{"SET a.b = :one, a[1] = :five", prefix + "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, [1]]"},
		{"SET status = :one", prefix + "Attribute name is a reserved keyword; reserved keyword: status"},
		{"SET a = nope(b)", prefix + "Invalid function name; function: nope"},
		{"SET a = size(b)", prefix + "The function is not allowed in an update expression; function: size"},
		{"SET a = list_append(:l)", prefix + "Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 1"},
		{"SET a = list_append(:l, :one)", prefix + "Incorrect operand type for operator or function; operator or function: list_append, operand type: N"},
		{"SET a = list_append(list_append(:l, :l), :l)", prefix + "The function is not allowed to be used this way in an expression; function: list_append"},
		{"SET a = if_not_exists(:l, :one)", prefix + "Operator or function requires a document path; operator or function: if_not_exists"},
		{"SET a = :s + :one", prefix + "Incorrect operand type for operator or function; operator or function: +, operand type: S"},
		{"ADD a :s", prefix + "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND"},
		{"DELETE a :one", prefix + "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND"},
		{"SET a = absent", "The provided expression refers to an attribute that does not exist in the item"},
		{"SET a = s + :one", "An operand in the update expression has an incorrect data type"},
		{"ADD s :one", "An operand in the update expression has an incorrect data type"},
		{"ADD ss :one", "An operand in the update expression has an incorrect data type"},
		{"SET absent.a = :one", "The document path provided in the update expression is invalid for update"},
		{"SET s.a = :one", "The document path provided in the update expression is invalid for update"},
		{"SET m[0] = :one", "The document path provided in the update expression is invalid for update"},
		{"REMOVE absent.a", "The document path provided in the update expression is invalid for update"},
		{"REMOVE s[1]", "The document path provided in the update expression is invalid for update"},
	} {
		change, err := arguments(t).Update(&cache, &row.text)
		if err == nil {
			_, err = change.Apply(attributes(t, item))
		}
		expect(t, row.text, err, row.want)
	}
}

func TestProjections(t *testing.T) {
	var cache expression.Cache
	for _, row := range []struct{ text, want string }{
		{"s", `{"s":{"S":"hello"}}`},
		{"s, absent, #n", `{"n":{"N":"5"},"s":{"S":"hello"}}`},
		{"m.k", `{"m":{"M":{"k":{"N":"1"}}}}`},
		{"m.k, m.#op, m.q", `{"m":{"M":{"k":{"N":"1"},"o p":{"S":"q"}}}}`},
		{"l[2].k, l[0]", `{"l":{"L":[{"S":"x"},{"M":{"k":{"S":"deep"}}}]}}`},
		{"l[9], m.q, s.t, ss[0]", `{}`},
	} {
		s, err := arguments(t).Projection(&cache, &row.text)
		if err != nil {
			t.Errorf("%s: %v", row.text, err)
			continue
		}
		if got := string(s.Of(attributes(t, item)).AppendJSON(nil)); got != row.want {
			t.Errorf("%s: got %s, want %s", row.text, got, row.want)
		}
	}
	for _, row := range []struct{ text, want string }{
		{"!!!", `Syntax error; token: "!", near: "!!"`},
		{"a-b", `Syntax error; token: "-", near: "a-b"`},
		{"a, a", "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]"},
		{"a, b,", `Syntax error; token: "<EOF>", near: ","`},
		{"#absent", "An expression attribute name used in the document path is not defined; attribute name: #absent"},
	} {
		_, err := arguments(t).Projection(&cache, &row.text)
		expect(t, row.text, err, "Invalid ProjectionExpression: "+row.want)
	}
}

func TestParsingEndsOnAnyText(t *testing.T) {
	for _, text := range []string{"((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((", "NOT NOT NOT NOT", "a[", "a.", "a.b[99999999999999999999] = :s", "#", ":", "a = (((((((((((((((((((((((((((((((:s"} {
		if _, err := expression.ParseCondition(text); err == nil {
			t.Errorf("%s was accepted", text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("a = :s AND (NOT size(b.c[1]) > :n)")
	f.Add("SET a = if_not_exists(a, :z) + :one REMOVE b ADD c :d")
	f.Fuzz(func(t *testing.T, text string) {
		expression.ParseCondition(text)
		expression.ParseUpdate(text)
		expression.ParseProjection(text)
	})
}
