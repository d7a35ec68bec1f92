// Getorder is the function behind GET /orders/{orderId} and GET /orders/{orderId}/fulfilment.
package main

import (
	"log/slog"

	"github.com/aws/aws-lambda-go/lambda"

	"transactional-outbox/handlers/dynamo"
	"transactional-outbox/handlers/httpapi"
	"transactional-outbox/handlers/lambdaenv"
	"transactional-outbox/handlers/order"
	"transactional-outbox/handlers/orderapi"
	"transactional-outbox/handlers/projection"
)

func main() {
	lambdaenv.Serve(func(e *lambdaenv.Environment, db *dynamo.Client, log *slog.Logger) lambda.Handler {
		orders := order.NewStore(db, e.Text("ORDERS_TABLE"), nil)
		states := &projection.Reader{DynamoDB: db, Table: e.Text("FULFILMENTS_TABLE")}
		return &httpapi.Server{Log: log, Routes: map[string]httpapi.Handler{
			orderapi.RouteGet:        orderapi.Get(orders),
			orderapi.RouteFulfilment: orderapi.Fulfilment(states),
		}}
	})
}
