package projection_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"transactional-outbox/handlers/projection"
	"transactional-outbox/handlers/tabletest"
)

// Whatever comes behind a failure in the order's sequence is sent again, even what the stream had before it.
func TestAFailureTakesTheRestOfItsOrderAlong(t *testing.T) {
	tables := tabletest.New(t, nil)
	failing := &fake{UpdateFn: func(in *dynamodb.UpdateItemInput) (*dynamodb.UpdateItemOutput, error) {
		if n := in.ExpressionAttributeValues[":sequence"].(*types.AttributeValueMemberN).Value; n == "2" {
			return nil, &types.ProvisionedThroughputExceededException{}
		}
		return tables.Client.UpdateItem(t.Context(), in)
	}}
	s := story("o", 4)
	out := consumer(failing, nil).Consume(t.Context(), deliver(records(s[2], s[1], s[0], s[3], story("p", 1)[0], s[0])...))
	if diff := cmp.Diff(projection.Outcome{Records: 6, Applied: 2, Duplicates: 1, Failed: 3, Failures: []string{"1001", "1000", "1003"}}, out); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(&want{1, "OPEN", "o-1", ""}, seen(states(t, tables)["o"])); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNothingThatMightPassLaterParks(t *testing.T) {
	for name, err := range map[string]error{
		"throttled":         &types.ProvisionedThroughputExceededException{},
		"conflict":          &types.TransactionConflictException{},
		"server's failure":  &types.InternalServerError{},
		"no answer":         context.DeadlineExceeded,
		"broken connection": errors.New("connection reset by peer"),
		"table is missing":  &types.ResourceNotFoundException{},
	} {
		for _, in := range []string{"update", "query"} {
			t.Run(name+" in "+in, func(t *testing.T) {
				tables := tabletest.New(t, nil)
				db := &fake{
					UpdateFn: func(u *dynamodb.UpdateItemInput) (*dynamodb.UpdateItemOutput, error) {
						if in == "update" {
							return nil, err
						}
						return tables.Client.UpdateItem(t.Context(), u)
					},
					QueryFn: func(*dynamodb.QueryInput) (*dynamodb.QueryOutput, error) { return nil, err },
				}
				out := consumer(db, nil).Consume(t.Context(), deliver(records(story("o", 3)[2])...))
				if diff := cmp.Diff(projection.Outcome{Records: 1, Failed: 1, Failures: []string{"1000"}}, out); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if s := states(t, tables)["o"]; s != nil {
					t.Errorf("got %+v", s)
				}
			})
		}
	}
}

// A client that repeats a call whose answer was lost meets its own write.
func TestOwnWriteWhoseAnswerWasLostCountsAsApplied(t *testing.T) {
	tables := tabletest.New(t, nil)
	twice := &fake{UpdateFn: func(in *dynamodb.UpdateItemInput) (*dynamodb.UpdateItemOutput, error) {
		if _, err := tables.Client.UpdateItem(t.Context(), in); err != nil {
			return nil, err
		}
		return tables.Client.UpdateItem(t.Context(), in)
	}}
	var log bytes.Buffer
	c := consumer(twice, &projection.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	out := c.Consume(t.Context(), deliver(append(records(story("o", 2)...), record(event("o", 3, "explode"), nil))...))
	if diff := cmp.Diff(projection.Outcome{Records: 3, Applied: 2, Parked: 1}, out); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := strings.Count(log.String(), "order parked"); n != 1 {
		t.Errorf("parked is told %d times:\n%s", n, log.String())
	}
}

func TestAStateThatNeverStandsStillIsTriedLater(t *testing.T) {
	var calls atomic.Int32
	db := &fake{UpdateFn: func(*dynamodb.UpdateItemInput) (*dynamodb.UpdateItemOutput, error) {
		calls.Add(1)
		return nil, &types.ConditionalCheckFailedException{Item: map[string]types.AttributeValue{
			"orderId": &types.AttributeValueMemberS{Value: "o"}, "lastSequence": &types.AttributeValueMemberN{Value: "1"}, "status": &types.AttributeValueMemberS{Value: "OPEN"},
		}}
	}}
	out := consumer(db, nil).Consume(t.Context(), deliver(records(story("o", 2)[1])...))
	if out.Failed != 1 || calls.Load() > 20 {
		t.Errorf("%+v after %d calls", out, calls.Load())
	}
}

func TestTheDeadlineLeavesTimeToTell(t *testing.T) {
	tables := tabletest.New(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	out := consumer(tables.Client, &projection.Options{Margin: 2 * time.Hour}).Consume(ctx, deliver(records(story("o", 2)...)...))
	if diff := cmp.Diff(projection.Outcome{Records: 2, Failed: 2, Failures: []string{"1000", "1001"}}, out); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestConcurrencyIsBounded(t *testing.T) {
	var now, most atomic.Int32
	gate := make(chan struct{})
	db := &fake{UpdateFn: func(*dynamodb.UpdateItemInput) (*dynamodb.UpdateItemOutput, error) {
		n := now.Add(1)
		defer now.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		if n == 3 {
			close(gate) // three are in here at once, and a fourth must not come
		}
		<-gate
		return &dynamodb.UpdateItemOutput{}, nil
	}}
	var list []string
	for i := range 12 {
		list = append(list, records(story(fmt.Sprint("o", i), 1)...)...)
	}
	once := &fake{UpdateFn: db.UpdateFn}
	out := consumer(once, &projection.Options{Concurrency: 3}).Consume(t.Context(), deliver(list[:3]...))
	if out.Applied != 3 || most.Load() != 3 {
		t.Errorf("%+v with at most %d at once, want 3", out, most.Load())
	}
}
