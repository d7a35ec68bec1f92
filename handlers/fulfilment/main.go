// Fulfilment is the function behind the stream of events: it keeps the state of every order's fulfilment.
package main

import (
	"log/slog"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"transactional-outbox/handlers/fold"
	"transactional-outbox/handlers/lambdaenv"
	"transactional-outbox/handlers/projection"
)

func main() {
	lambdaenv.Start(func(e *lambdaenv.Environment, db *dynamodb.Client, log *slog.Logger) lambda.Handler {
		return projection.New(db, e.Text("EVENTS_TABLE"), e.Text("FULFILMENTS_TABLE"), fold.Rule(), &projection.Options{Log: log})
	})
}
