package faults

import (
	"math"
	"time"

	"transactional-outbox/local/lambda"
)

// The middle of an invocation is somewhere between these moments after its start, short ones as likely as long ones: a request
// writes within a millisecond or two, a batch takes a hundred times as long.
const (
	earliestKill = 250 * time.Microsecond
	latestKill   = 64 * time.Millisecond
)

// Kill is the Fault hook of package lambda: it decides about the process of each invocation.
func (i *Injector) Kill(string, string) lambda.Fault {
	yes, detail := i.crash.hit(i.mix.Crash)
	if !yes {
		return lambda.Fault{}
	}
	switch moment := detail * 3; {
	case moment < 1:
		i.crashedBefore.Add(1)
		return lambda.Fault{Kill: lambda.Before}
	case moment < 2:
		i.crashedAfter.Add(1)
		return lambda.Fault{Kill: lambda.After}
	default:
		i.crashedDuring.Add(1)
		span := math.Log(float64(latestKill) / float64(earliestKill))
		return lambda.Fault{Kill: lambda.During, Delay: time.Duration(float64(earliestKill) * math.Exp(span*(moment-2)))}
	}
}
