// Pay is the function behind POST /payments.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/fault"
	"transactional-outbox/handlers/httpapi"
	"transactional-outbox/handlers/lambdaenv"
)

func main() {
	lambdaenv.Start(func(e *lambdaenv.Environment, db *dynamodb.Client, log *slog.Logger) lambda.Handler {
		t := &till{db: db, payments: e.Text("PAYMENTS_TABLE"), events: e.Text("EVENTS_TABLE")}
		return &httpapi.Server{Log: log, Routes: map[string]httpapi.Handler{"POST /payments": t.pay}}
	})
}

// till takes payments.
type till struct {
	db               *dynamodb.Client
	payments, events string
}

// payment is what a client pays.
type payment struct {
	Amount   int64  `json:"amount"` // in minor units
	Currency string `json:"currency"`
}

// pay writes a payment and the event that tells of it in one transaction: both or neither.
func (t *till) pay(ctx context.Context, r *httpapi.Request) (*httpapi.Response, error) {
	body, err := r.JSONBody()
	if err != nil {
		return nil, err
	}
	var p payment
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return nil, &fault.Error{Code: fault.Malformed, Detail: "The body is not a payment.", Err: err}
	}
	if p.Amount <= 0 || len(p.Currency) != 3 {
		return nil, &fault.Error{Code: fault.Invalid, Detail: "A payment has a positive amount and a currency of three letters."}
	}
	id, now := rand.Text(), time.Now().UTC()
	paymentItem := map[string]types.AttributeValue{
		"paymentId": text(id), "version": number(1), "amount": number(p.Amount), "currency": text(p.Currency),
	}
	event := map[string]types.AttributeValue{
		"paymentId": text(id), "sequence": number(1), "type": text("payment.taken"), "time": text(now.Format(time.RFC3339Nano)),
		"amount": number(p.Amount), "currency": text(p.Currency), "expiresAt": number(now.Add(30 * 24 * time.Hour).Unix()),
	}
	if _, err := t.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		put(t.payments, paymentItem), put(t.events, event),
	}}); err != nil {
		return nil, fmt.Errorf("take payment %s: %w", id, err)
	}
	return &httpapi.Response{Status: 201, Location: "/payments/" + id, Body: []byte(`{"paymentId":"` + id + `"}`)}, nil
}

func put(table string, item map[string]types.AttributeValue) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{
		TableName: aws.String(table), Item: item, ConditionExpression: aws.String("attribute_not_exists(paymentId)"),
	}}
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
