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

// Whatever comes behind a failure in the order's sequence is sent again: the rest of the run, what the stream had before it, what a gap
// separates from it, and what could never be applied.
func TestAFailureTakesTheRestOfItsOrderAlong(t *testing.T) {
	s := story("o", 6)
	poison := event("o", 4, "explode")
	other := story("p", 1)[0]
	for name, test := range map[string]struct {
		fails    string // the position of the write that fails
		records  []string
		outcome  projection.Outcome
		position *want
	}{
		"the whole run":        {"4", records(s[2], s[1], s[0], s[3], other, s[0]), projection.Outcome{Applied: 1, Failed: 5, Failures: []string{"1002", "1005", "1001", "1000", "1003"}}, nil},
		"what a gap follows":   {"2", records(s[5], s[0], s[1], s[4], other), projection.Outcome{Applied: 1, Failed: 4, Failures: []string{"1001", "1002", "1003", "1000"}}, nil},
		"before the gap":       {"6", records(s[0], s[1], s[4], s[5], other), projection.Outcome{Applied: 3, Failed: 2, Failures: []string{"1002", "1003"}}, &want{2, "CLOSED", "o-2", ""}},
		"what is to be parked": {"3", records(s[0], s[1], s[2], poison, s[4], other), projection.Outcome{Applied: 1, Failed: 5, Failures: []string{"1000", "1001", "1002", "1003", "1004"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			tables := tabletest.New(t, nil)
			putEvents(t, tables, s...)
			failing := &fake{
				UpdateFn: func(in *dynamodb.UpdateItemInput) (*dynamodb.UpdateItemOutput, error) {
					if n, ok := in.ExpressionAttributeValues[":sequence"].(*types.AttributeValueMemberN); ok && n.Value == test.fails {
						return nil, &types.ProvisionedThroughputExceededException{}
					}
					return tables.Client.UpdateItem(t.Context(), in)
				},
				QueryFn: func(in *dynamodb.QueryInput) (*dynamodb.QueryOutput, error) {
					return tables.Client.Query(t.Context(), in)
				},
			}
			out := consumer(failing, nil).Consume(t.Context(), deliver(test.records...))
			test.outcome.Records = len(test.records)
			if diff := cmp.Diff(test.outcome, out); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.position, seen(states(t, tables)["o"])); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What a failure in the middle of a long gap cannot take away: all but the last events that were read.
func TestALongGapIsFilledInParts(t *testing.T) {
	const length = 2500
	s := story("o", length)
	var written []string
	db := &fake{
		UpdateFn: func(in *dynamodb.UpdateItemInput) (*dynamodb.UpdateItemOutput, error) {
			if len(written) == 0 { // the guess
				written = append(written, "0")
				return nil, &types.ConditionalCheckFailedException{}
			}
			value := func(name string) string {
				return in.ExpressionAttributeValues[name].(*types.AttributeValueMemberN).Value
			}
			written = append(written, fmt.Sprintf("%s-%s (%s)", value(":before"), value(":sequence"), value(":count")))
			return &dynamodb.UpdateItemOutput{}, nil
		},
		QueryFn: func(in *dynamodb.QueryInput) (*dynamodb.QueryOutput, error) {
			out := new(dynamodb.QueryOutput)
			first := 0
			if in.ExclusiveStartKey != nil {
				first = 700
			}
			for _, e := range s[first : length-1] {
				out.Items = append(out.Items, e.Item())
				if first == 0 && len(out.Items) == 700 {
					out.LastEvaluatedKey = map[string]types.AttributeValue{"orderId": &types.AttributeValueMemberS{Value: "o"}}
					break
				}
			}
			return out, nil
		},
	}
	out := consumer(db, nil).Consume(t.Context(), deliver(records(s[length-1])...))
	if diff := cmp.Diff(projection.Outcome{Records: 1, Applied: length, GapsFilled: length - 1}, out); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"0", "0-1000 (1000)", "1000-2000 (1000)", "2000-2500 (500)"}, written); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
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
