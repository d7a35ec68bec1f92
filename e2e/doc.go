// Package e2e is the acceptance suite: it drives a whole stage from outside, over HTTP and AWS's APIs only, and compares
// what it sees with what the tables and the stream hold. It knows nothing of the handlers' or the desk's code, so the
// same tests hold for one machine and for a deployed stage.
//
// On the desk, which the suite builds, starts and ends by itself:
//
//	go test ./e2e
//
// On desks that run on DynamoDB Local, or on DynamoDB Local and kinesis-mock, after one on the desk's own engines (docs/conformance.md):
//
//	go run ./tools/witnesses go test -count=1 ./e2e -engines own,dynamodb,both
//
// Against a desk that is already running (go run ./local -outputs outputs.json), which is left running:
//
//	go test ./e2e -outputs outputs.json
//
// Against a deployed stage; credentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN (for
// instance by `eval "$(aws configure export-credentials --format env)"`), everything else from the stack's outputs. They
// also sign the requests to an API that asks for that (auth: iam); one that asks for tokens (auth: jwt) gets the one in
// API_TOKEN:
//
//	pulumi stack output --json --stack outbox > outputs.json
//	go test ./e2e -outputs outputs.json -timeout 20m
//
// Flags of the suite:
//
//	-outputs FILE   stack outputs as JSON; empty means: build and start a desk
//	-stage NAME     the stage whose configuration the desk uses that the suite starts; default local
//	-engines LIST   what that desk runs on: own (default), dynamodb, kinesis or both; several with commas, one after the
//	                other, each with a desk and all tests of its own; the others need what tools/witnesses starts
//	-api-url URL    overrides the outputs' apiUrl, for a custom domain
//	-destructive    also run the tests that write to the tables, the stream and the queue as the stage's owner;
//	                default true on the desk that the suite starts, false with -outputs
//	-seed N         seed of the random data; 0 means: pick one. The seed in use is printed.
//
// Tests that need -destructive touch only orders of their own and remove what they wrote by hand. Without the flag they
// are skipped one by one and named in the last line of the output. A few expectations hold only where the network in
// front of the functions is under the suite's control; they say so where they are weakened for a deployed stage.
package e2e
