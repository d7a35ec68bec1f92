package order_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"transactional-outbox/handlers/fault"
	"transactional-outbox/handlers/order"
	"transactional-outbox/handlers/tabletest"
)

func TestCancel(t *testing.T) {
	tables := tabletest.New(t, nil)
	placed := mustPlace(t, newStore(tables.Client, &order.Options{Now: at(noon)}), lamp, "")
	before := tables.Calls()
	s := newStore(tables.Client, &order.Options{Now: at(noon.Add(time.Minute))})
	out, err := s.Cancel(t.Context(), placed.Order.ID, origin(""))
	if err != nil {
		t.Fatal(err)
	}
	want := *placed.Order
	want.Status, want.Version, want.UpdatedAt = order.Cancelled, 2, noon.Add(time.Minute).Truncate(time.Microsecond)
	if diff := cmp.Diff(&want, out.Order); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	stored, err := s.Get(t.Context(), want.ID)
	if diff := cmp.Diff(&want, stored); diff != "" || err != nil {
		t.Errorf("stored (-want +got):\n%s%v", diff, err)
	}
	e := out.Event
	if e.Sequence != 2 || e.Type != "order.cancelled" || e.DataSchema != "/schemas/order.cancelled/1" || e.Data != string(want.AppendJSON(nil)) || len(events(t, tables)) != 2 {
		t.Errorf("event %+v", e)
	}
	calls := tables.Calls()
	if calls["GetItem"]-before["GetItem"] != 2 || calls["TransactWriteItems"]-before["TransactWriteItems"] != 1 { // one read is the test's
		t.Errorf("calls %v after %v", calls, before)
	}
	again, err := s.Cancel(t.Context(), want.ID, origin(""))
	if diff := cmp.Diff(&want, again.Order); diff != "" || err != nil || again.Event != nil {
		t.Errorf("again (-want +got):\n%s%v", diff, err)
	}
	if got := tables.Calls()["TransactWriteItems"]; got != calls["TransactWriteItems"] {
		t.Error("cancelling twice writes twice")
	}
}

func TestWhatIsNotThere(t *testing.T) {
	tables := tabletest.New(t, nil)
	s := newStore(tables.Client, nil)
	for _, id := range []string{"01ARZ3NDEKTSV4RRFFQ69G5FAV", "", "no-ulid", strings.Repeat("x", 5000)} {
		if _, err := s.Get(t.Context(), id); code(err) != fault.NotFound {
			t.Errorf("get %.30q: %v", id, err)
		}
		if _, err := s.Cancel(t.Context(), id, origin("")); code(err) != fault.NotFound {
			t.Errorf("cancel %.30q: %v", id, err)
		}
	}
	if calls := tables.Calls()["GetItem"]; calls != 2 {
		t.Errorf("%d reads, want one for each possible id", calls)
	}
}

func TestConcurrentCancellationsMakeOneEvent(t *testing.T) {
	tables := tabletest.New(t, nil)
	s := newStore(tables.Client, nil)
	id := mustPlace(t, s, lamp, "").Order.ID
	var wait sync.WaitGroup
	for range 16 {
		wait.Go(func() {
			if out, err := s.Cancel(context.Background(), id, origin("")); err != nil || out.Order.Status != order.Cancelled {
				t.Errorf("%+v, %v", out, err)
			}
		})
	}
	wait.Wait()
	if n := len(events(t, tables)); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

// stored is an order as the table has it.
func stored(t *testing.T, status string, version int) map[string]types.AttributeValue {
	t.Helper()
	tables := tabletest.New(t, nil)
	mustPlace(t, newStore(tables.Client, nil), lamp, "")
	item := tables.Items(t, tabletest.Orders)[0]
	item["status"] = &types.AttributeValueMemberS{Value: status}
	item["version"] = &types.AttributeValueMemberN{Value: fmt.Sprint(version)}
	return item
}

func TestCancelGoesOnFromWhatItFinds(t *testing.T) {
	failed := func(item map[string]types.AttributeValue) error {
		return &types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{{Code: aws.String("ConditionalCheckFailed"), Item: item}, {Code: aws.String("None")}}}
	}
	for name, test := range map[string]struct {
		err     error // of the first attempt
		want    fault.Code
		calls   int
		version int64
	}{
		"moved on":          {failed(stored(t, "PLACED", 5)), "", 2, 6},
		"cancelled already": {failed(stored(t, "CANCELLED", 5)), "", 1, 5},
		"gone":              {failed(nil), fault.NotFound, 1, 0},
		"conflict":          {canceled("TransactionConflict", "None"), "", 2, 2},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			db := &fake{
				GetItemFn: func(in *dynamodb.GetItemInput) (*dynamodb.GetItemOutput, error) {
					if !*in.ConsistentRead {
						t.Error("read is not consistent")
					}
					return &dynamodb.GetItemOutput{Item: stored(t, "PLACED", 1)}, nil
				},
				TransactFn: func(*dynamodb.TransactWriteItemsInput) (*dynamodb.TransactWriteItemsOutput, error) {
					if calls++; calls == 1 {
						return nil, test.err
					}
					return &dynamodb.TransactWriteItemsOutput{}, nil
				},
			}
			out, err := newStore(db, nil).Cancel(t.Context(), "01ARZ3NDEKTSV4RRFFQ69G5FAV", origin(""))
			if code(err) != test.want || calls != test.calls || err == nil && out.Order.Version != test.version {
				t.Errorf("got %+v, %v after %d calls", out, err, calls)
			}
		})
	}
}

func TestAnOrderThatNeverStandsStillIsInProgress(t *testing.T) {
	item := stored(t, "PLACED", 1)
	db := &fake{
		GetItemFn: func(*dynamodb.GetItemInput) (*dynamodb.GetItemOutput, error) {
			return &dynamodb.GetItemOutput{Item: item}, nil
		},
		TransactFn: func(*dynamodb.TransactWriteItemsInput) (*dynamodb.TransactWriteItemsOutput, error) {
			return nil, &types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{{Code: aws.String("ConditionalCheckFailed"), Item: item}}}
		},
	}
	if _, err := newStore(db, &order.Options{Attempts: 3}).Cancel(t.Context(), "01ARZ3NDEKTSV4RRFFQ69G5FAV", origin("")); code(err) != fault.InProgress {
		t.Errorf("got %v", err)
	}
}
