package lambdaenv

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Start runs a function: it reads the environment, has wire make the handler of it, opens a connection, and serves invocations
// until Lambda ends the process. wire must not use the client yet. A function whose environment is incomplete says so and ends
// with status 1, which Lambda takes for a failed initialisation.
func Start(wire func(e *Environment, db *dynamodb.Client, log *slog.Logger) lambda.Handler) {
	log := slog.New(lambdacontext.NewLogHandler())
	e := Read(os.LookupEnv)
	db := e.DynamoDB()
	handler := wire(e, db, log)
	if err := e.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	Warm(db)
	lambda.Start(handler)
}
