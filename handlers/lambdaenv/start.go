package lambdaenv

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"transactional-outbox/handlers/dynamo"
)

// Serve runs a function: it reads the environment, has wire make the handler, opens a connection, and serves invocations until
// Lambda ends the process. wire must not use the client yet. A function whose environment is not complete says so and ends with
// status 1, which Lambda takes for a failed initialisation.
func Serve(wire func(e *Environment, db *dynamo.Client, log *slog.Logger) lambda.Handler) {
	profile()
	e := Read(os.LookupEnv)
	db := e.Client()
	handler := wire(e, db, slog.New(lambdacontext.NewLogHandler()))
	e.exitUnlessComplete()
	// While a function starts it has more processor time than most memory sizes give it later, and nobody waits for an answer yet.
	ctx, cancel := context.WithTimeout(context.Background(), warmTimeout)
	db.Warm(ctx)
	cancel()
	lambda.Start(handler)
}

// Start is Serve with the SDK's client.
func Start(wire func(e *Environment, db *dynamodb.Client, log *slog.Logger) lambda.Handler) {
	profile()
	e := Read(os.LookupEnv)
	handler := wire(e, e.DynamoDB(), slog.New(lambdacontext.NewLogHandler()))
	e.exitUnlessComplete()
	lambda.Start(handler)
}

func (e *Environment) exitUnlessComplete() {
	if err := e.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
