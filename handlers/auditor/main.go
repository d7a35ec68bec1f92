// Auditor is the function behind the outbox's own stream: it puts back every event that expired before its delivery.
package main

import (
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"transactional-outbox/handlers/audit"
	"transactional-outbox/handlers/lambdaenv"
)

func main() {
	lambdaenv.Start(func(e *lambdaenv.Environment, db *dynamodb.Client, log *slog.Logger) lambda.Handler {
		return audit.New(db, e.Text("EVENTS_TABLE"), e.Text("FULFILMENTS_TABLE"), e.Duration("EVENT_RETENTION", time.Hour), &audit.Options{Log: log, Count: e.Metrics()})
	})
}
