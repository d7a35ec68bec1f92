package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"transactional-outbox/handlers/alloctest"
	"transactional-outbox/handlers/dynamo"
	"transactional-outbox/handlers/tabletest"
)

// calls are the operations of both clients.
type calls interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

var (
	_ calls = (*dynamodb.Client)(nil)
	_ calls = (*dynamo.Client)(nil)
)

func newClient(t testing.TB, c dynamo.Config) *dynamo.Client {
	t.Helper()
	c.Region, c.KeyID, c.Secret = "eu-west-1", "key", "secret"
	c.Jitter = func(int64) int64 { return 0 }
	client, err := dynamo.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func text(s string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: s} }
func number(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }

type item = map[string]types.AttributeValue

// sameAnswer leaves out what is of the SDK's making: metadata, and whether "no items" is nil.
var sameAnswer = cmp.Options{
	cmpopts.EquateEmpty(),
	cmpopts.IgnoreFields(dynamodb.GetItemOutput{}, "ResultMetadata"), cmpopts.IgnoreFields(dynamodb.UpdateItemOutput{}, "ResultMetadata"),
	cmpopts.IgnoreFields(dynamodb.QueryOutput{}, "ResultMetadata"), cmpopts.IgnoreFields(dynamodb.TransactWriteItemsOutput{}, "ResultMetadata"),
	cmp.FilterPath(func(p cmp.Path) bool { return strings.Contains(p.String(), "noSmithyDocumentSerde") }, cmp.Ignore()),
	cmp.Exporter(func(reflect.Type) bool { return true }),
}

// inner is the error that DynamoDB answered with.
func inner(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api
	}
	return err
}

// One story, told to two tables by two clients: what they answer must not differ, and neither what is stored.
func TestBothClientsAnswerTheSame(t *testing.T) {
	put := func(id, token string) *dynamodb.TransactWriteItemsInput {
		return &dynamodb.TransactWriteItemsInput{ClientRequestToken: aws.String(token), TransactItems: []types.TransactWriteItem{
			{Put: &types.Put{TableName: aws.String("orders"), Item: item{"orderId": text(id), "text": text("é\"\\\n\u0001😀"), "version": number("1")}, ConditionExpression: aws.String("attribute_not_exists(orderId)"),
				ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}},
			{Put: &types.Put{TableName: aws.String("events"), Item: item{"orderId": text(id), "sequence": number("1"), "m": &types.AttributeValueMemberM{Value: item{"l": &types.AttributeValueMemberL{Value: []types.AttributeValue{
				&types.AttributeValueMemberB{Value: []byte{0, 255, 62, 63}}, &types.AttributeValueMemberBOOL{Value: true}, &types.AttributeValueMemberNULL{Value: true}, &types.AttributeValueMemberM{Value: item{}}, &types.AttributeValueMemberL{Value: []types.AttributeValue{}},
			}}}}}}},
		}}
	}
	move := func(token, from, to string) *dynamodb.TransactWriteItemsInput {
		return &dynamodb.TransactWriteItemsInput{ClientRequestToken: aws.String(token), TransactItems: []types.TransactWriteItem{
			{Update: &types.Update{TableName: aws.String("orders"), Key: item{"orderId": text("a")}, UpdateExpression: aws.String("SET #v = :to"), ConditionExpression: aws.String("#v = :from"),
				ExpressionAttributeNames: map[string]string{"#v": "version"}, ExpressionAttributeValues: item{":from": number(from), ":to": number(to)}, ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}},
			{Put: &types.Put{TableName: aws.String("events"), Item: item{"orderId": text("a"), "sequence": number(to)}}},
		}}
	}
	update := func(change func(*dynamodb.UpdateItemInput)) *dynamodb.UpdateItemInput {
		in := &dynamodb.UpdateItemInput{TableName: aws.String("fulfilments"), Key: item{"orderId": text("a")}, UpdateExpression: aws.String("SET #n = :n"),
			ExpressionAttributeNames: map[string]string{"#n": "n"}, ExpressionAttributeValues: item{":n": number("1")}, ReturnValues: types.ReturnValueAllNew}
		if change != nil {
			change(in)
		}
		return in
	}
	query := func(change func(*dynamodb.QueryInput)) *dynamodb.QueryInput {
		in := &dynamodb.QueryInput{TableName: aws.String("events"), KeyConditionExpression: aws.String("orderId = :o"), ExpressionAttributeValues: item{":o": text("a")}, ConsistentRead: aws.Bool(true)}
		if change != nil {
			change(in)
		}
		return in
	}
	story := []any{
		put("a", "token-1"), put("a", "token-1"), put("a", "token-2"), put("b", "token-3"), move("token-4", "1", "2"), move("token-5", "1", "2"), put("", "token-6"),
		&dynamodb.GetItemInput{TableName: aws.String("orders"), Key: item{"orderId": text("a")}, ConsistentRead: aws.Bool(true)},
		&dynamodb.GetItemInput{TableName: aws.String("orders"), Key: item{"orderId": text("none")}},
		&dynamodb.GetItemInput{TableName: aws.String("orders"), Key: item{"orderId": text("a")}, ProjectionExpression: aws.String("#v"), ExpressionAttributeNames: map[string]string{"#v": "version"}},
		&dynamodb.GetItemInput{TableName: aws.String("missing"), Key: item{"orderId": text("a")}},
		&dynamodb.GetItemInput{TableName: aws.String("orders"), Key: item{"id": text("a")}},
		update(nil), update(nil),
		update(func(in *dynamodb.UpdateItemInput) {
			in.ConditionExpression = aws.String("#n = :other")
			in.ExpressionAttributeValues[":other"] = number("2")
			in.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
		}),
		update(func(in *dynamodb.UpdateItemInput) {
			in.ConditionExpression = aws.String("attribute_not_exists(orderId)")
		}),
		update(func(in *dynamodb.UpdateItemInput) { in.UpdateExpression = aws.String("SET SET") }),
		query(nil),
		query(func(in *dynamodb.QueryInput) { in.Limit = aws.Int32(1) }),
		query(func(in *dynamodb.QueryInput) {
			in.ScanIndexForward, in.Limit, in.ExclusiveStartKey = aws.Bool(false), aws.Int32(5), item{"orderId": text("a"), "sequence": number("2")}
		}),
		query(func(in *dynamodb.QueryInput) { in.Select = types.SelectCount }),
		query(func(in *dynamodb.QueryInput) { in.FilterExpression = aws.String("attribute_exists(m)") }),
		query(func(in *dynamodb.QueryInput) { in.IndexName = aws.String("index") }),
	}
	left, right := tabletest.New(t, nil), tabletest.New(t, nil)
	ours := newClient(t, dynamo.Config{Endpoint: right.URL, Token: "token"})
	for i, in := range story {
		sdkOut, sdkErr := perform(left.Client, in)
		ourOut, ourErr := perform(ours, in)
		if (sdkErr == nil) != (ourErr == nil) {
			t.Fatalf("%d, %T: SDK %v, ours %v", i, in, sdkErr, ourErr)
		}
		if sdkErr != nil {
			if diff := cmp.Diff(inner(sdkErr), inner(ourErr), sameAnswer); diff != "" || dynamo.Classify(sdkErr) != dynamo.Classify(ourErr) {
				t.Errorf("%d, %T: errors (-SDK +ours):\n%s", i, in, diff)
			}
		} else if diff := cmp.Diff(sdkOut, ourOut, sameAnswer); diff != "" {
			t.Errorf("%d, %T: (-SDK +ours):\n%s", i, in, diff)
		}
	}
	for _, table := range []string{"orders", "events", "fulfilments"} {
		if diff := cmp.Diff(left.Items(t, table), right.Items(t, table), sameAnswer); diff != "" {
			t.Errorf("%s (-SDK +ours):\n%s", table, diff)
		}
	}
}

func perform(c calls, in any) (any, error) {
	ctx := context.Background()
	switch in := in.(type) {
	case *dynamodb.GetItemInput:
		return c.GetItem(ctx, in)
	case *dynamodb.UpdateItemInput:
		return c.UpdateItem(ctx, in)
	case *dynamodb.QueryInput:
		return c.Query(ctx, in)
	case *dynamodb.TransactWriteItemsInput:
		return c.TransactWriteItems(ctx, in)
	}
	return nil, fmt.Errorf("no such input: %T", in)
}

func TestAttributeValuesAreReadBack(t *testing.T) {
	tables := tabletest.New(t, nil)
	ours := newClient(t, dynamo.Config{Endpoint: tables.URL})
	var value func(depth int) *rapid.Generator[types.AttributeValue]
	value = func(depth int) *rapid.Generator[types.AttributeValue] {
		return rapid.Custom(func(t *rapid.T) types.AttributeValue {
			switch rapid.IntRange(0, 4+2*min(depth, 1)).Draw(t, "kind") {
			case 0:
				return text(rapid.String().Draw(t, "S"))
			case 1:
				return number(fmt.Sprint(rapid.Int64().Draw(t, "N")))
			case 2:
				return &types.AttributeValueMemberB{Value: rapid.SliceOf(rapid.Byte()).Draw(t, "B")}
			case 3:
				return &types.AttributeValueMemberBOOL{Value: rapid.Bool().Draw(t, "BOOL")}
			case 4:
				return &types.AttributeValueMemberNULL{Value: true}
			case 5:
				return &types.AttributeValueMemberL{Value: rapid.SliceOfN(value(depth-1), 0, 3).Draw(t, "L")}
			}
			return &types.AttributeValueMemberM{Value: rapid.MapOfN(rapid.StringN(1, 10, -1), value(depth-1), 0, 3).Draw(t, "M")}
		})
	}
	rapid.Check(t, func(rt *rapid.T) {
		want := value(2).Draw(rt, "value")
		key := item{"orderId": text("a")}
		_, err := ours.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: aws.String("orders"), Key: key, UpdateExpression: aws.String("SET v = :v"), ExpressionAttributeValues: item{":v": want}})
		if err != nil {
			rt.Fatal(err)
		}
		for _, c := range []calls{ours, tables.Client} {
			got, err := c.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("orders"), Key: key})
			if err != nil {
				rt.Fatal(err)
			}
			if diff := cmp.Diff(want, got.Item["v"], sameAnswer); diff != "" {
				rt.Fatalf("%T (-want +got):\n%s", c, diff)
			}
		}
	})
	sets := item{"orderId": text("sets"), "ss": &types.AttributeValueMemberSS{Value: []string{"a"}}, "ns": &types.AttributeValueMemberNS{Value: []string{"1"}}, "bs": &types.AttributeValueMemberBS{Value: [][]byte{{1, 255}}}}
	tables.Put(t, "orders", sets)
	got, err := ours.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("orders"), Key: item{"orderId": text("sets")}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sets, got.Item, sameAnswer); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Every member of an input is sent, or refused by name; a new version of the SDK cannot add one that is left out in silence.
func TestNoMemberIsLeftOutInSilence(t *testing.T) {
	var sent atomic.Pointer[string]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		text := string(body)
		sent.Store(&text)
		fmt.Fprint(w, "{}")
	}))
	defer server.Close()
	client := newClient(t, dynamo.Config{Endpoint: server.URL})
	check := func(name string, in any, err error) {
		t.Helper()
		told := ""
		if err != nil {
			told = err.Error()
		} else if body := sent.Load(); body != nil {
			told = *body
		}
		if !strings.Contains(told, name) {
			t.Errorf("%T: %s is neither sent nor refused: %s", in, name, told)
		}
	}
	for _, in := range []any{&dynamodb.GetItemInput{}, &dynamodb.UpdateItemInput{}, &dynamodb.QueryInput{}, &dynamodb.TransactWriteItemsInput{}} {
		for i := range reflect.TypeOf(in).Elem().NumField() {
			fresh := reflect.New(reflect.TypeOf(in).Elem())
			if tx, ok := fresh.Interface().(*dynamodb.TransactWriteItemsInput); ok {
				tx.ClientRequestToken = aws.String("token")
			}
			if field := fresh.Type().Elem().Field(i); field.IsExported() {
				fill(fresh.Elem().Field(i))
				_, err := perform(client, fresh.Interface())
				check(field.Name, in, err)
			}
		}
	}
	for _, action := range []any{&types.Put{}, &types.Update{}, &types.Delete{}, &types.ConditionCheck{}} {
		for i := range reflect.TypeOf(action).Elem().NumField() {
			fresh := reflect.New(reflect.TypeOf(action).Elem())
			field := fresh.Type().Elem().Field(i)
			if !field.IsExported() {
				continue
			}
			fill(fresh.Elem().Field(i))
			var one types.TransactWriteItem
			name := field.Name
			switch a := fresh.Interface().(type) {
			case *types.Put:
				one.Put = a
			case *types.Update:
				one.Update = a
			case *types.Delete:
				one.Delete, name = a, "Delete"
			case *types.ConditionCheck:
				one.ConditionCheck, name = a, "ConditionCheck"
			}
			_, err := client.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{ClientRequestToken: aws.String("token"), TransactItems: []types.TransactWriteItem{one}})
			check(name, action, err)
		}
	}
	_, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{}, func(*dynamodb.Options) {})
	check("options of the call", "option", err)
	_, err = client.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{})
	check("ClientRequestToken", "token", err)
	_, err = client.GetItem(t.Context(), &dynamodb.GetItemInput{Key: item{"a": &types.AttributeValueMemberSS{}}})
	check("AttributeValueMemberSS", "set", err)
}

// fill sets a field to something other than its zero value.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.String:
		v.SetString("X")
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	}
}

// update is one conditional update as the consumer makes it.
func update() *dynamodb.UpdateItemInput {
	return &dynamodb.UpdateItemInput{
		TableName: aws.String("fulfilments"), Key: item{"orderId": text("01KAV8Q3ZJ4M5T6W7X8Y9Z0ABC")},
		UpdateExpression:    aws.String("SET lastSequence = :sequence, #status = :to, lastEventId = :id, updatedAt = :now REMOVE lastCount"),
		ConditionExpression: aws.String("lastSequence = :before AND attribute_not_exists(parked) AND #status = :from0"), ExpressionAttributeNames: map[string]string{"#status": "status"},
		ExpressionAttributeValues: item{
			":before": number("1"), ":sequence": number("2"), ":to": text("CANCELLED"), ":from0": text("REQUESTED"),
			":id": text("01KAV8Q3ZJ4M5T6W7X8Y9Z0ABD"), ":now": text("2026-11-24T12:00:00.123456Z"),
		},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
}

// answer is a network without a network.
func answer(body string) http.RoundTripper {
	return roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body))}, nil
	})
}

// A few of them are those of the network that is none.
func TestAllocationsAreBounded(t *testing.T) {
	client := func(body string) *dynamo.Client {
		return newClient(t, dynamo.Config{Endpoint: "http://127.0.0.1", Transport: answer(body), Token: "token"})
	}
	writes := client("{}")
	reads := client(`{"Item":{"orderId":{"S":"01KAV8Q3ZJ4M5T6W7X8Y9Z0ABC"},"status":{"S":"REQUESTED"},"lastSequence":{"N":"1"},"lastEventId":{"S":"01KAV8Q3ZJ4M5T6W7X8Y9Z0ABD"}}}`)
	one, ctx := update(), context.Background()
	get := &dynamodb.GetItemInput{TableName: aws.String("fulfilments"), Key: one.Key}
	put := func() types.TransactWriteItem {
		return types.TransactWriteItem{Put: &types.Put{TableName: aws.String("orders"), Item: one.ExpressionAttributeValues, ConditionExpression: aws.String("attribute_not_exists(orderId)")}}
	}
	transaction := &dynamodb.TransactWriteItemsInput{ClientRequestToken: aws.String("token"), TransactItems: []types.TransactWriteItem{put(), put()}}
	alloctest.Hold(t,
		alloctest.Path{Name: "UpdateItem", Most: 30, Run: func() error { _, err := writes.UpdateItem(ctx, one); return err }},
		alloctest.Path{Name: "GetItem", Most: 36, Run: func() error { _, err := reads.GetItem(ctx, get); return err }},
		alloctest.Path{Name: "TransactWriteItems", Most: 30, Run: func() error { _, err := writes.TransactWriteItems(ctx, transaction); return err }},
	)
}

func BenchmarkUpdateItem(b *testing.B) {
	in, answer := update(), answer("{}")
	b.Run("direct", func(b *testing.B) {
		client := newClient(b, dynamo.Config{Endpoint: "http://127.0.0.1", Transport: answer, Token: "token"})
		b.ReportAllocs()
		for b.Loop() {
			if _, err := client.UpdateItem(context.Background(), in); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("SDK", func(b *testing.B) {
		client := dynamodb.New(dynamodb.Options{Region: "eu-west-1", BaseEndpoint: aws.String("http://127.0.0.1"), HTTPClient: &http.Client{Transport: answer},
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret", SessionToken: "token"}, nil
			})})
		b.ReportAllocs()
		for b.Loop() {
			if _, err := client.UpdateItem(context.Background(), in); err != nil {
				b.Fatal(err)
			}
		}
	})
}
