// Placeorder is the function behind POST /orders.
package main

import (
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"transactional-outbox/handlers/dynamo"
	"transactional-outbox/handlers/httpapi"
	"transactional-outbox/handlers/lambdaenv"
	"transactional-outbox/handlers/metrics"
	"transactional-outbox/handlers/order"
	"transactional-outbox/handlers/orderapi"
)

func main() {
	lambdaenv.Serve(func(e *lambdaenv.Environment, db *dynamo.Client, log *slog.Logger) lambda.Handler {
		count := e.Metrics()
		store := order.NewStore(db, e.Text("ORDERS_TABLE"), &order.Options{
			EventsTable: e.Text("EVENTS_TABLE"),
			Source:      e.Text("EVENT_SOURCE"),
			Retention:   e.Duration("EVENT_RETENTION", time.Minute),
			Conflict:    func() { count.Add(metrics.TransactionConflicts, 1) },
		})
		return &httpapi.Server{Log: log, Count: count, Routes: map[string]httpapi.Handler{orderapi.RoutePlace: orderapi.Place(store, log)}}
	})
}
