package lambda

import "time"

// Moment is a point in the course of an invocation.
type Moment int

// The moments at which a [Fault] can kill the process.
const (
	// Never: nothing goes wrong.
	Never Moment = iota
	// Before: the process is killed before it sees the invocation.
	Before
	// During: the process is killed while it works on the invocation.
	During
	// After: the process is killed when it has done its work and answered; the answer is lost.
	After
)

// Fault tells how an invocation's process is killed. The invocation then fails as if the process had crashed.
type Fault struct {
	Kill Moment
	// Delay is how long after its start an invocation is killed; used with During. An invocation that is faster survives.
	Delay time.Duration
}
