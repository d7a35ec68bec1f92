package dynamodb_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb"
)

// TestFeedsAreCompleteAndInOrder lets several writers raise counters in transactions of two, while several feeds read: each must see
// every value of every counter, in order.
func TestFeedsAreCompleteAndInOrder(t *testing.T) {
	const writers, rounds, counters, feeds = 4, 250, 8, 3
	e, _ := newEngine(t)
	var reading, writing sync.WaitGroup
	for range feeds {
		f, err := e.Feed("hash")
		if err != nil {
			t.Fatal(err)
		}
		reading.Go(func() {
			defer f.Close()
			last := map[string]int{}
			for n := 0; n < writers*rounds*2; {
				ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
				changes, err := f.Next(ctx, 7)
				cancel()
				if err != nil {
					t.Errorf("after %d changes: %v", n, err)
					return
				}
				n += len(changes)
				for _, c := range changes {
					image := ask[map[string]map[string]string](t, string(c.NewImage))
					value, _ := strconv.Atoi(image["n"]["N"])
					key := image["pk"]["S"]
					if value != last[key]+1 {
						t.Errorf("counter %s went from %d to %d", key, last[key], value)
					}
					last[key] = value
				}
			}
		})
	}
	for w := range writers {
		seed := uint64(time.Now().UnixNano())
		t.Logf("writer %d: seed %d", w, seed)
		random := rand.New(rand.NewPCG(seed, 0))
		writing.Go(func() {
			for range rounds {
				a := random.IntN(counters)
				b := (a + 1 + random.IntN(counters-1)) % counters
				raise := func(n int) string {
					return fmt.Sprintf(`{"Update":{"TableName":"hash","Key":{"pk":{"S":"%d"}},"UpdateExpression":"ADD n :one","ExpressionAttributeValues":{":one":{"N":"1"}}}}`, n)
				}
				if got := call(e, "TransactWriteItems", `{"TransactItems":[`+raise(a)+`,`+raise(b)+`]}`); got != "{}" {
					t.Error(got)
				}
			}
		})
	}
	writing.Wait()
	reading.Wait()
}

// TestTransactionsAreAtomicForReaders moves amounts between two accounts while others read both: the sum must never change.
func TestTransactionsAreAtomicForReaders(t *testing.T) {
	e, _ := newEngine(t)
	must(t, e, "PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"},"n":{"N":"100"}}}`)
	must(t, e, "PutItem", `{"TableName":"hash","Item":{"pk":{"S":"b"},"n":{"N":"0"}}}`)
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for range 300 {
				call(e, "TransactWriteItems", `{"TransactItems":[{"Update":{"TableName":"hash","Key":{"pk":{"S":"a"}},"UpdateExpression":"ADD n :n","ExpressionAttributeValues":{":n":{"N":"-1"}}}},`+
					`{"Update":{"TableName":"hash","Key":{"pk":{"S":"b"}},"UpdateExpression":"ADD n :n","ExpressionAttributeValues":{":n":{"N":"1"}}}}]}`)
			}
		})
		all.Go(func() {
			for range 300 {
				got := ask[struct {
					Responses []struct{ Item map[string]map[string]string }
				}](t, call(e, "TransactGetItems",
					`{"TransactItems":[{"Get":{"TableName":"hash","Key":{"pk":{"S":"b"}}}},{"Get":{"TableName":"hash","Key":{"pk":{"S":"a"}}}}]}`))
				b, _ := strconv.Atoi(got.Responses[0].Item["n"]["N"])
				a, _ := strconv.Atoi(got.Responses[1].Item["n"]["N"])
				if a+b != 100 {
					t.Errorf("%d + %d", a, b)
				}
			}
		})
	}
	all.Wait()
}

func TestCloseEndsWaitingFeeds(t *testing.T) {
	e := dynamodb.New(nil)
	must(t, e, "CreateTable", createHash)
	f, err := e.Feed("hash")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_, err := f.Next(context.Background(), 0)
		ended <- err
	}()
	e.Close()
	e.Close()
	if err := <-ended; !errors.Is(err, dynamodb.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
	if got := call(e, "PutItem", `{"TableName":"hash","Item":{"pk":{"S":"a"}}}`); got != "ResourceNotFoundException: Requested resource not found" {
		t.Errorf("after Close: %s", got)
	}
}

// hook refuses or loses what its fields say.
type hook struct{ refuse, lose string }

func (h *hook) Before(_ context.Context, operation string, _ []byte) error {
	if operation == h.refuse {
		return awsapi.Errorf("ThrottlingException", "Rate exceeded")
	}
	return nil
}

func (h *hook) After(_ context.Context, operation string, _, response []byte, err error) ([]byte, error) {
	if operation == h.lose {
		return nil, &awsapi.Error{Code: "InternalServerError", Status: 500}
	}
	return response, err
}

func TestHookAndStats(t *testing.T) {
	h := &hook{}
	e := dynamodb.New(&dynamodb.Options{Hook: h})
	defer e.Close()
	must(t, e, "CreateTable", createHash)
	const put = `{"TableName":"hash","Item":{"pk":{"S":"a"}}}`
	h.refuse = "PutItem"
	run(t, e, []step{
		{"PutItem", put, `ThrottlingException: Rate exceeded`},
		{"GetItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}}}`, `{}`},
	})
	h.refuse, h.lose = "", "PutItem"
	run(t, e, []step{
		{"PutItem", put, `InternalServerError`},
		{"GetItem", `{"TableName":"hash","Key":{"pk":{"S":"a"}}}`, `{"Item":{"pk":{"S":"a"}}}`},
	})
	s := e.Stats()
	if s.Calls["PutItem"] != 2 || s.Failed["PutItem"] != 2 || s.Calls["GetItem"] != 2 || s.Failed["GetItem"] != 0 || s.ItemsWritten != 1 || s.ItemsRead != 1 {
		t.Errorf("got %+v", s)
	}
}
