// Ledger is the function behind the stream of payments: it enters each into the ledger, once.
package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/change"
	"transactional-outbox/handlers/lambdaenv"
)

func main() {
	lambdaenv.Start(func(e *lambdaenv.Environment, db *dynamodb.Client, log *slog.Logger) lambda.Handler {
		b := &book{db: db, table: e.Text("ENTRIES_TABLE"), log: log}
		return lambda.NewHandler(b.enter)
	})
}

// book is the ledger.
type book struct {
	db    *dynamodb.Client
	table string
	log   *slog.Logger
}

// enter enters the payments of a batch and reports those that have to come again, by sequence number.
func (b *book) enter(ctx context.Context, batch events.KinesisEvent) (events.KinesisEventResponse, error) {
	var response events.KinesisEventResponse
	var record change.Record
	for _, delivered := range batch.Records {
		err := record.Decode(string(delivered.Kinesis.Data))
		if err == nil {
			err = b.entry(ctx, &record)
		}
		if err != nil {
			b.log.ErrorContext(ctx, "payment not entered", "error", err.Error())
			response.BatchItemFailures = append(response.BatchItemFailures, events.KinesisBatchItemFailure{ItemIdentifier: delivered.Kinesis.SequenceNumber})
		}
	}
	return response, nil
}

// entry writes effect and position in one conditional update: a record that comes again finds the position taken.
func (b *book) entry(ctx context.Context, r *change.Record) error {
	id, _ := r.Keys.Lookup("paymentId", "S")
	sequence, _ := r.Keys.Lookup("sequence", "N")
	amount, ok := r.NewImage.Lookup("amount", "N")
	if !ok {
		return errors.New("event without an amount")
	}
	_, err := b.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:           aws.String(b.table),
		Key:                 map[string]types.AttributeValue{"paymentId": &types.AttributeValueMemberS{Value: id}},
		UpdateExpression:    aws.String("SET lastSequence = :sequence ADD amount :amount"),
		ConditionExpression: aws.String("attribute_not_exists(lastSequence) OR lastSequence < :sequence"),
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":sequence": &types.AttributeValueMemberN{Value: sequence}, ":amount": &types.AttributeValueMemberN{Value: amount},
		},
	})
	if _, duplicate := errors.AsType[*types.ConditionalCheckFailedException](err); duplicate {
		return nil
	}
	return err
}
