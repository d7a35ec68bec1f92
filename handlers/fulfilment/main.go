// Fulfilment is the function behind the stream of events: it keeps the state of every order's fulfilment.
package main

import (
	"log/slog"

	"github.com/aws/aws-lambda-go/lambda"

	"transactional-outbox/handlers/dynamo"
	"transactional-outbox/handlers/fold"
	"transactional-outbox/handlers/lambdaenv"
	"transactional-outbox/handlers/projection"
)

func main() {
	lambdaenv.Serve(func(e *lambdaenv.Environment, db *dynamo.Client, log *slog.Logger) lambda.Handler {
		return projection.New(db, e.Text("EVENTS_TABLE"), e.Text("FULFILMENTS_TABLE"), fold.Rule(), &projection.Options{Log: log, Count: e.Metrics()})
	})
}
