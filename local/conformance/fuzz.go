package conformance

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Request is one request of a random sequence. Its body may have ${NAME} in it, for a value that an earlier answer of the same endpoint has left
// behind under that name.
type Request struct {
	Operation, Body string
	// Keep are the values that the answer leaves behind.
	Keep []Keep
}

// Fuzz sends random sequences of requests to an engine and its witness, and compares the answers.
type Fuzz struct {
	// Ours and Theirs are the two endpoints.
	Ours, Theirs *Endpoint
	// Fresh, if set, makes endpoints without data before each play, which then need no Cleanup.
	Fresh func() (ours, theirs *Endpoint)
	// Setup are the requests that precede every sequence, Cleanup those that follow it, so that each begins without data. Their answers
	// are not compared.
	Setup, Cleanup []Request
	// Ready, if set, is a request that is repeated after Setup until its answer is as it says.
	Ready Step
	// Generate draws one request.
	Generate func(*rand.Rand) Request
	// Length is the number of requests in a sequence.
	Length int
	// Differences are the answers that may differ. A pair of answers that matches a row is no failure, provided both or neither
	// succeeded: else what follows is not comparable, so Generate must not draw it.
	Differences []*Difference
	// Accepted counts the requests that both have answered with success.
	Accepted int
	// Reached counts by ID how often each difference was met.
	Reached map[string]int
}

// Failure is a sequence after which the answers to its last request differ.
type Failure struct {
	Seed         uint64
	Requests     []Request
	Ours, Theirs string
}

func (f *Failure) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: after %d requests:\n", f.Seed, len(f.Requests))
	for _, r := range f.Requests {
		fmt.Fprintf(&b, "%s %s\n", r.Operation, r.Body)
	}
	fmt.Fprintf(&b, "  ours %s\ntheirs %s", f.Ours, f.Theirs)
	return b.String()
}

// Run plays the sequence of one seed. A [*Failure], already shrunk, is returned as the error if answers differ.
func (f *Fuzz) Run(ctx context.Context, seed uint64) error {
	random := rand.New(rand.NewPCG(seed, seed))
	requests := make([]Request, f.Length)
	for i := range requests {
		requests[i] = f.Generate(random)
	}
	failure, err := f.play(ctx, requests)
	if err != nil || failure == nil {
		return err
	}
	failure = f.shrink(ctx, failure)
	failure.Seed = seed
	return failure
}

// play sends the requests to both and returns the first difference.
func (f *Fuzz) play(ctx context.Context, requests []Request) (*Failure, error) {
	if f.Fresh != nil {
		f.Ours, f.Theirs = f.Fresh()
	}
	for _, e := range []*Endpoint{f.Ours, f.Theirs} {
		for _, r := range f.Setup {
			if _, err := e.Call(ctx, r.Operation, []byte(r.Body)); err != nil {
				return nil, err
			}
		}
		if f.Ready.Operation != "" {
			if _, err := until(ctx, e, f.Ready, []byte(f.Ready.Request)); err != nil {
				return nil, err
			}
		}
		defer func() {
			for _, r := range f.Cleanup {
				// What is left over shows in the next sequence.
				_, _ = e.Call(ctx, r.Operation, []byte(r.Body))
			}
		}()
	}
	// DynamoDB Local writes numbers that it has calculated, and those inside lists and maps, in its own way, which the tables list.
	ourView, theirView := View{NumbersByValue: true}, View{NumbersByValue: true}
	ourValues, theirValues := kept{}, kept{}
	for i, r := range requests {
		ours, err := ourValues.call(ctx, f.Ours, r)
		if err != nil {
			return nil, err
		}
		theirs, err := theirValues.call(ctx, f.Theirs, r)
		if err != nil {
			return nil, err
		}
		if ours.Status == 200 {
			f.Accepted++
		}
		our, their := ourView.Text(r.Operation, ours), theirView.Text(r.Operation, theirs)
		if our == their {
			continue
		}
		if row := find(f.Differences, r.Operation, our, their); row != nil && (ours.Status == 200) == (theirs.Status == 200) {
			if f.Reached == nil {
				f.Reached = map[string]int{}
			}
			f.Reached[row.ID]++
			continue
		}
		return &Failure{Requests: slices.Clone(requests[:i+1]), Ours: our, Theirs: their}, nil
	}
	return nil, nil
}

// kept are the values that the answers of one endpoint have left behind.
type kept map[string]string

func (k kept) call(ctx context.Context, e *Endpoint, r Request) (Answer, error) {
	answer, err := e.Call(ctx, r.Operation, []byte(expand(r.Body, k)))
	for _, keep := range r.Keep {
		if value := pick(answer.Body, keep.Path); value != "" {
			k[keep.Name] = value
		}
	}
	return answer, err
}

// shrink leaves out requests as long as the answers to the last still differ: half of them at a time, then a quarter, down to one.
func (f *Fuzz) shrink(ctx context.Context, failure *Failure) *Failure {
	for size := len(failure.Requests) / 2; size > 0; {
		smaller := false
		for start := 0; start+size < len(failure.Requests); {
			without := slices.Delete(slices.Clone(failure.Requests), start, start+size)
			if again, err := f.play(ctx, without); err == nil && again != nil {
				failure, smaller = again, true
			} else {
				start += size
			}
		}
		if !smaller || size > 1 {
			size /= 2
		}
	}
	return failure
}
