package order_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"transactional-outbox/handlers/alloctest"
	"transactional-outbox/handlers/fault"
	"transactional-outbox/handlers/order"
	"transactional-outbox/handlers/outbox"
	"transactional-outbox/handlers/tabletest"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 123456789, time.UTC)

const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func newStore(db order.DynamoDB, o *order.Options) *order.Store {
	all := order.Options{EventsTable: tabletest.Events, Source: "/test/orders", Retention: time.Hour}
	if o != nil {
		all.Now, all.MaxEventSize, all.Attempts = o.Now, o.MaxEventSize, o.Attempts
	}
	all.Jitter = func(int64) int64 { return 0 }
	return order.NewStore(db, tabletest.Orders, &all)
}

func at(now time.Time) func() time.Time { return func() time.Time { return now } }

func origin(key string) *order.Origin {
	return &order.Origin{Caller: "anonymous", IdempotencyKey: key, TraceParent: trace, CorrelationID: "conversation", RequestID: "request"}
}

var lamp = &order.Request{Description: "lamp", CustomerID: "c-1", Items: []order.Item{{SKU: "s", Quantity: 2, UnitPrice: 350}}}

func code(err error) fault.Code {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Code
	}
	return ""
}

func mustPlace(t testing.TB, s *order.Store, r *order.Request, key string) *order.Outcome {
	t.Helper()
	out, err := s.Place(t.Context(), r, origin(key))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func events(t testing.TB, tables *tabletest.Tables) []*outbox.Event {
	t.Helper()
	var list []*outbox.Event
	for _, item := range tables.Items(t, tabletest.Events) {
		e, err := outbox.FromItem(item)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

func TestPlaceWritesOrderAndEventAtOnce(t *testing.T) {
	tables := tabletest.New(t, nil)
	s := newStore(tables.Client, &order.Options{Now: at(noon)})
	out := mustPlace(t, s, lamp, "")

	stamp := noon.Truncate(time.Microsecond)
	want := &order.Order{ID: out.Order.ID, Status: order.Placed, Version: 1, Description: "lamp", CustomerID: "c-1", Items: lamp.Items,
		RequestHash: lamp.Hash(), CreatedAt: stamp, UpdatedAt: stamp}
	if diff := cmp.Diff(want, out.Order); diff != "" || !order.ValidID(out.Order.ID) {
		t.Errorf("outcome %s (-want +got):\n%s", out.Order.ID, diff)
	}
	stored, err := s.Get(t.Context(), out.Order.ID)
	if diff := cmp.Diff(want, stored); diff != "" || err != nil {
		t.Errorf("stored (-want +got):\n%s%v", diff, err)
	}
	wantEvent := &outbox.Event{
		OrderID: want.ID, Sequence: 1, ID: out.Event.ID, Source: "/test/orders", Type: "order.placed", Time: stamp, DataContentType: "application/json",
		DataSchema: "/schemas/order.placed/1", TraceParent: out.Event.TraceParent, CorrelationID: "conversation", CausationID: "request",
		ExpiresAt: noon.Add(time.Hour).Truncate(time.Second),
		Data: `{"orderId":"` + want.ID + `","status":"PLACED","version":1,"description":"lamp","customerId":"c-1","items":[{"sku":"s","quantity":2,"unitPrice":350}],` +
			`"createdAt":"2026-11-24T12:00:00.123456Z","updatedAt":"2026-11-24T12:00:00.123456Z"}`,
	}
	if diff := cmp.Diff([]*outbox.Event{wantEvent}, events(t, tables)); diff != "" || !order.ValidID(out.Event.ID) {
		t.Errorf("event %s (-want +got):\n%s", out.Event.ID, diff)
	}
	if got := out.Event.TraceParent; !strings.HasPrefix(got, trace[:36]) || got[36:52] == trace[36:52] || !outbox.ValidTrace(got) {
		t.Errorf("trace %s is no child of %s", got, trace)
	}
	if calls := tables.Calls(); calls["TransactWriteItems"] != 1 || calls["PutItem"] != 0 {
		t.Errorf("calls %v", calls)
	}
}

func TestPlaceAgainWithTheSameKeyReplaysTheFirst(t *testing.T) {
	tables := tabletest.New(t, nil)
	s := newStore(tables.Client, nil)
	first := mustPlace(t, s, lamp, "key")
	if _, err := s.Cancel(t.Context(), first.Order.ID, origin("")); err != nil {
		t.Fatal(err)
	}
	again := mustPlace(t, s, lamp, "key")
	if diff := cmp.Diff(first.Order, again.Order); diff != "" || again.Event != nil {
		t.Errorf("a replay is the order as it was placed (-want +got):\n%s", diff)
	}
	if n := len(events(t, tables)); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
	_, err := s.Place(t.Context(), &order.Request{Description: "another"}, origin("key"))
	if code(err) != fault.KeyReused {
		t.Errorf("the key with another request: %v", err)
	}
}

func TestKeysOfDifferentCallersAndTheirPartsDoNotMix(t *testing.T) {
	s := newStore(tabletest.New(t, nil).Client, nil)
	seen := map[string]bool{}
	for _, from := range []*order.Origin{
		{Caller: "a", IdempotencyKey: "bc"}, {Caller: "ab", IdempotencyKey: "c"}, {Caller: "anonymous", IdempotencyKey: "bc"}, {Caller: "a", IdempotencyKey: "BC"},
		{Caller: "a"}, {Caller: "a"},
	} {
		out, err := s.Place(t.Context(), lamp, from)
		if err != nil {
			t.Fatal(err)
		}
		if seen[out.Order.ID] {
			t.Errorf("%+v has the id of another", from)
		}
		seen[out.Order.ID] = true
	}
}

func TestConcurrentRetriesMakeOneOrder(t *testing.T) {
	tables := tabletest.New(t, nil)
	s := newStore(tables.Client, nil)
	const clients = 16
	outcomes := make([]*order.Outcome, clients)
	var wait sync.WaitGroup
	for i := range clients {
		wait.Go(func() {
			out, err := s.Place(context.Background(), lamp, origin("key"))
			if err != nil {
				t.Error(err)
				return
			}
			outcomes[i] = out
		})
	}
	wait.Wait()
	if t.Failed() {
		return
	}
	written := 0
	for _, out := range outcomes {
		if out.Event != nil {
			written++
		}
		if diff := cmp.Diff(outcomes[0].Order, out.Order); diff != "" {
			t.Errorf("two clients see different orders:\n%s", diff)
		}
	}
	if n := len(tables.Items(t, tabletest.Orders)); n != 1 || written != 1 || len(events(t, tables)) != 1 {
		t.Errorf("%d orders, %d written, %d events; want 1 of each", n, written, len(events(t, tables)))
	}
}

// fake answers with what its functions say.
type fake struct {
	GetItemFn  func(*dynamodb.GetItemInput) (*dynamodb.GetItemOutput, error)
	TransactFn func(*dynamodb.TransactWriteItemsInput) (*dynamodb.TransactWriteItemsOutput, error)
}

func (f *fake) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return f.GetItemFn(in)
}

func (f *fake) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return f.TransactFn(in)
}

func canceled(codes ...string) error {
	err := &types.TransactionCanceledException{}
	for _, c := range codes {
		err.CancellationReasons = append(err.CancellationReasons, types.CancellationReason{Code: aws.String(c)})
	}
	return err
}

// lossy performs the first transaction and loses the answer, as a network may.
type lossy struct {
	order.DynamoDB
	lost bool
}

func (l *lossy) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if l.lost {
		return l.DynamoDB.TransactWriteItems(ctx, in, o...)
	}
	l.lost = true
	if _, err := l.DynamoDB.TransactWriteItems(ctx, in, o...); err != nil {
		return nil, err
	}
	in.ClientRequestToken = aws.String("forgotten") // as after ten minutes
	return l.DynamoDB.TransactWriteItems(ctx, in, o...)
}

func TestOwnWriteWhoseAnswerWasLostIsSuccess(t *testing.T) {
	for _, key := range []string{"", "key"} {
		tables := tabletest.New(t, nil)
		out := mustPlace(t, newStore(&lossy{DynamoDB: tables.Client}, nil), lamp, key)
		if out.Event == nil || len(events(t, tables)) != 1 || events(t, tables)[0].ID != out.Event.ID {
			t.Errorf("key %q: got %+v", key, out)
		}
	}
	tables := tabletest.New(t, nil)
	placed := mustPlace(t, newStore(tables.Client, nil), lamp, "")
	out, err := newStore(&lossy{DynamoDB: tables.Client}, nil).Cancel(t.Context(), placed.Order.ID, origin(""))
	if err != nil || out.Order.Status != order.Cancelled || out.Event == nil || len(events(t, tables)) != 2 {
		t.Errorf("cancel: %+v, %v", out, err)
	}
}

func TestPlaceFailures(t *testing.T) {
	for name, test := range map[string]struct {
		errs  []error // of one attempt after another; the last one stays
		want  fault.Code
		calls int
		wait  time.Duration
	}{
		"conflicts that end":       {[]error{canceled("TransactionConflict", "None"), canceled("None", "TransactionConflict"), nil}, "", 3, 0},
		"conflicts that do not":    {[]error{canceled("TransactionConflict", "None")}, fault.InProgress, 8, time.Second},
		"an attempt still running": {[]error{&types.TransactionInProgressException{}}, fault.InProgress, 8, time.Second},
		"throttled":                {[]error{&types.ProvisionedThroughputExceededException{}}, fault.Throttled, 1, time.Second},
		"throttled in part":        {[]error{canceled("None", "ThrottlingError")}, fault.Throttled, 1, time.Second},
		"server's failure":         {[]error{&types.InternalServerError{}}, fault.Unavailable, 1, time.Second},
		"no answer":                {[]error{context.DeadlineExceeded}, fault.Unavailable, 1, time.Second},
		"refused":                  {[]error{&types.ResourceNotFoundException{}}, "", 1, 0},
		"an item refused":          {[]error{canceled("ValidationError", "None")}, "", 1, 0},
		"event without order":      {[]error{canceled("None", "ConditionalCheckFailed")}, "", 1, 0},
		"order that is none":       {[]error{canceled("ConditionalCheckFailed", "None")}, "", 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			tokens := map[string]bool{}
			db := &fake{TransactFn: func(in *dynamodb.TransactWriteItemsInput) (*dynamodb.TransactWriteItemsOutput, error) {
				err := test.errs[min(calls, len(test.errs)-1)]
				calls++
				tokens[*in.ClientRequestToken] = true
				return &dynamodb.TransactWriteItemsOutput{}, err
			}}
			_, err := newStore(db, nil).Place(t.Context(), lamp, origin("key"))
			if last := test.errs[len(test.errs)-1]; (err == nil) != (last == nil) || code(err) != test.want {
				t.Errorf("got %v, want code %q", err, test.want)
			}
			if f, ok := errors.AsType[*fault.Error](err); ok && f.RetryAfter != test.wait {
				t.Errorf("retry after %s, want %s", f.RetryAfter, test.wait)
			}
			if calls != test.calls || len(tokens) != calls {
				t.Errorf("%d calls with %d tokens, want %d", calls, len(tokens), test.calls)
			}
		})
	}
}

func TestPlaceRefusesAnEventThatWouldNotPass(t *testing.T) {
	tables := tabletest.New(t, nil)
	s := newStore(tables.Client, &order.Options{MaxEventSize: 1200})
	mustPlace(t, s, &order.Request{Description: strings.Repeat("a", 100)}, "")
	_, err := s.Place(t.Context(), &order.Request{Description: strings.Repeat("a", 1000)}, origin(""))
	if code(err) != fault.TooLarge || len(events(t, tables)) != 1 {
		t.Errorf("got %v", err)
	}
}

// The largest request there is makes an event that passes, so 413 for size alone needs other limits than today's.
func TestTheLargestRequestPasses(t *testing.T) {
	r := &order.Request{Description: strings.Repeat("\u0001", 1000), CustomerID: strings.Repeat("\u0001", 128)}
	for range 100 {
		r.Items = append(r.Items, order.Item{SKU: strings.Repeat("\u0001", 64), Quantity: 10000, UnitPrice: 1<<53 - 1})
	}
	tables := tabletest.New(t, nil)
	out := mustPlace(t, newStore(tables.Client, nil), r, "")
	if size := out.Event.Size(); size > order.MaxEventSize/2 {
		t.Errorf("%d bytes", size)
	}
}

func BenchmarkPlace(b *testing.B) {
	db := &fake{TransactFn: func(*dynamodb.TransactWriteItemsInput) (*dynamodb.TransactWriteItemsOutput, error) {
		return &dynamodb.TransactWriteItemsOutput{}, nil
	}}
	s := newStore(db, nil)
	r := &order.Request{Description: "blue desk with lamp and shelf"}
	from := origin("")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Place(context.Background(), r, from); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAllocationsAreBounded(t *testing.T) {
	const body = `{"description":"two desks and a lamp","customerId":"c-1","items":[{"sku":"desk","quantity":2,"unitPrice":25000},{"sku":"lamp","quantity":1,"unitPrice":4900}]}`
	var item map[string]types.AttributeValue
	db := &fake{
		TransactFn: func(in *dynamodb.TransactWriteItemsInput) (*dynamodb.TransactWriteItemsOutput, error) {
			if item == nil {
				item = in.TransactItems[0].Put.Item
			}
			return &dynamodb.TransactWriteItemsOutput{}, nil
		},
		GetItemFn: func(*dynamodb.GetItemInput) (*dynamodb.GetItemOutput, error) {
			return &dynamodb.GetItemOutput{Item: item}, nil
		},
	}
	s, from, ctx := newStore(db, nil), origin(""), context.Background()
	request, err := order.ParseRequest(body)
	if err != nil {
		t.Fatal(err)
	}
	placed := mustPlace(t, s, request, "")
	alloctest.Hold(t,
		alloctest.Path{Name: "parse a request", Most: 2, Run: func() error { _, err := order.ParseRequest(body); return err }},
		alloctest.Path{Name: "place", Most: 78, Run: func() error { _, err := s.Place(ctx, request, from); return err }},
		alloctest.Path{Name: "cancel", Most: 66, Run: func() error { _, err := s.Cancel(ctx, placed.Order.ID, from); return err }},
		alloctest.Path{Name: "get", Most: 9, Run: func() error { _, err := s.Get(ctx, placed.Order.ID); return err }},
	)
}

// A step that is not Cancel's: only from where it may be taken, and once.
func TestAdvanceTakesAStepOnce(t *testing.T) {
	tables := tabletest.New(t, nil)
	store := newStore(tables.Client, nil)
	ship := order.Transition{From: []order.Status{order.Placed}, To: "SHIPPED", Event: "order.shipped", Schema: "/schemas/order.shipped/1"}
	placed := mustPlace(t, store, lamp, "")
	for attempt, wantEvent := range []bool{true, false} {
		out, err := store.Advance(t.Context(), placed.Order.ID, ship, origin(""))
		if err != nil || out.Order.Status != "SHIPPED" || out.Order.Version != 2 || (out.Event != nil) != wantEvent {
			t.Errorf("attempt %d: %+v, %v", attempt, out, err)
		}
	}
	_, err := store.Cancel(t.Context(), placed.Order.ID, origin(""))
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != fault.Invalid {
		t.Errorf("cancel what is shipped: %v", err)
	}
	if n := len(events(t, tables)); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}
