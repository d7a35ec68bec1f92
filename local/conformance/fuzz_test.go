package conformance_test

import (
	"errors"
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/conformance"
)

var (
	operations = flag.Int("operations", 10_000, "random requests that are sent to an engine and its witness; a fifth of them with -short")
	seed       = flag.Uint64("seed", 0, "first seed of the random requests; 0 means a new one, which is printed")
)

// sequence is how many requests are made before all data is deleted.
const sequence = 2000

func TestFuzzDynamoDB(t *testing.T) {
	url, present := reach(t, conformance.DynamoDBWitness)
	if !present {
		t.Skipf("%s is not set: there is nothing to compare with", conformance.DynamoDBWitness)
	}
	setup, cleanup := conformance.DynamoDBTables()
	f := &conformance.Fuzz{
		Ours: startDynamoDB(t), Theirs: &conformance.Endpoint{URL: url, AccessKey: account(), Service: awsapi.DynamoDB},
		Setup: setup, Cleanup: cleanup, Generate: conformance.DynamoDBRequest, Length: sequence, Differences: differences(t, "DynamoDB"),
	}
	fuzz(t, f, differences(t, "DynamoDB, random requests"))
}

// enough is after how many random requests each row that is only there for them must have been met.
const enough = 10_000

// fuzz runs sequences of consecutive seeds until enough requests have been made. Answers may also differ as in rows.
func fuzz(t *testing.T, f *conformance.Fuzz, rows []*conformance.Difference) {
	f.Differences = append(f.Differences, rows...)
	first := *seed
	if first == 0 {
		first = rand.Uint64N(1 << 40)
	}
	t.Logf("seed %d", first)
	begun, made, at, wanted := time.Now(), 0, first, *operations
	if testing.Short() {
		wanted /= 5
	}
	for ; made < wanted; at++ {
		if err := f.Run(t.Context(), at); err != nil {
			var failure *conformance.Failure
			if errors.As(err, &failure) {
				t.Fatalf("after %d requests without a difference: %v", made, err)
			}
			t.Fatal(err)
		}
		made += f.Length
		if made%10_000 < f.Length {
			t.Logf("%d requests so far, seed %d", made, at)
		}
	}
	t.Logf("%d requests without an unlisted difference, %d of them accepted, seeds %d to %d, in %v", made, f.Accepted, first, at-1,
		time.Since(begun).Round(time.Second))
	for _, row := range rows {
		if made >= enough && f.Reached[row.ID] == 0 {
			t.Errorf("difference %s is listed, but no random request met it", row.ID)
		}
	}
}
