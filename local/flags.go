package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"

	"transactional-outbox/local/faults"
)

// flags are the command line of the desk.
type flags struct {
	stage     string
	listen    string
	awsListen string
	dynamodb  string
	kinesis   string
	outputs   string
	orders    int
	clients   int
	seed      uint64
	faults    string
	mix       *faults.Mix // nil without -faults
	issuer    bool
	trace     string
	profile   string
	verbose   bool
}

// traceID is the form of the trace id in a traceparent header.
var traceID = regexp.MustCompile("^[0-9a-f]{32}$")

// errHelp says that help was asked for and given.
var errHelp = flag.ErrHelp

// usageError is a mistake on the command line.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// parseFlags reads the command line; help goes to out.
func parseFlags(args []string, out io.Writer) (flags, error) {
	var f flags
	set := flag.NewFlagSet("local", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&f.stage, "stage", "local", "`name` of the stage whose configuration is used (Pulumi.<name>.yaml)")
	set.StringVar(&f.listen, "listen", "127.0.0.1:8080", "`address` of the HTTP API; port 0 means any free port")
	set.StringVar(&f.awsListen, "aws-listen", "127.0.0.1:4566", "`address` of the endpoint for the AWS CLI and SDKs; port 0 means any free port")
	set.StringVar(&f.dynamodb, "dynamodb-endpoint", "", "`URL` of a DynamoDB to use in place of the desk's own, such as http://127.0.0.1:8000 of DynamoDB Local")
	set.StringVar(&f.kinesis, "kinesis-endpoint", "", "`URL` of a Kinesis to use in place of the desk's own, such as http://127.0.0.1:4568 of kinesis-mock")
	set.StringVar(&f.outputs, "outputs", "", "`file` that gets the stage's outputs as JSON, as of pulumi stack output --json, when the desk is ready")
	set.IntVar(&f.orders, "orders", 0, "place this `number` of orders, prove that none was lost, doubled or reordered, and end")
	set.IntVar(&f.clients, "clients", 48, "`number` of requests under way at once with -orders")
	set.Uint64Var(&f.seed, "seed", 0, "`seed` of everything random, to repeat a run; 0 means a new one, which is printed")
	set.StringVar(&f.faults, "faults", "", "what goes wrong, as `name=value,...` of "+faults.Names+": probabilities, but for delay and reshard; "+
		"none is perfectly calm; without this flag records are now and then delivered twice, and batches split")
	set.BoolVar(&f.issuer, "issuer", false, "start an identity provider, and let the API in whoever has a token of it (auth jwt), whatever the stage's auth")
	set.StringVar(&f.trace, "trace", "", "show only what belongs to the trace with this `id`, as in a request's traceparent header: 32 hexadecimal digits")
	set.StringVar(&f.profile, "profile", "", "`file` that gets the CPU profile of the desk; those of the functions' processes get its name, the function's and a number; go tool pprof reads them")
	set.BoolVar(&f.verbose, "v", false, "show every line of every log")
	err := set.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(out, "Usage: go run ./local [flags]\n\nRuns the outbox on this machine. Flags, with their defaults:\n\n")
		set.SetOutput(out)
		set.PrintDefaults()
		return f, errHelp
	case err != nil:
		return f, &usageError{err.Error() + "; go run ./local -h shows every flag"}
	case set.NArg() > 0:
		return f, &usageError{fmt.Sprintf("unexpected argument %q; go run ./local -h shows every flag", set.Arg(0))}
	case f.orders < 0:
		return f, &usageError{"-orders must not be negative"}
	case f.issuer && f.orders > 0:
		return f, &usageError{"-issuer and -orders do not go together: the trial has no token"}
	case f.trace != "" && !traceID.MatchString(f.trace):
		return f, &usageError{fmt.Sprintf("-trace %s is not a trace id: 32 hexadecimal digits in lower case", f.trace)}
	case f.clients < 1:
		return f, &usageError{"-clients must be at least 1"}
	}
	if f.faults != "" {
		mix, err := faults.Parse(f.faults)
		if err != nil {
			return f, &usageError{"-faults: " + strings.ReplaceAll(err.Error(), "\n", "\n-faults: ")}
		}
		f.mix = &mix
	}
	if f.seed == 0 {
		f.seed = rand.Uint64N(1 << 32)
	}
	return f, nil
}
