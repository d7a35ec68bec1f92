// Package orderapi is the order service's HTTP API: what each route takes and answers. It has neither rules nor storage of
// its own.
package orderapi

import (
	"context"
	"log/slog"
	"strconv"

	"transactional-outbox/handlers/fault"
	"transactional-outbox/handlers/httpapi"
	"transactional-outbox/handlers/jsonscan"
	"transactional-outbox/handlers/metrics"
	"transactional-outbox/handlers/order"
	"transactional-outbox/handlers/outbox"
	"transactional-outbox/handlers/projection"
)

// Keys of the routes, as API Gateway names them.
const (
	RoutePlace      = "POST /orders"
	RouteCancel     = "POST /orders/{orderId}/cancel"
	RouteGet        = "GET /orders/{orderId}"
	RouteFulfilment = "GET /orders/{orderId}/fulfilment"
)

// Place answers POST /orders.
func Place(store *order.Store, log *slog.Logger) httpapi.Handler {
	return func(ctx context.Context, r *httpapi.Request) (*httpapi.Response, error) {
		body, err := r.JSONBody()
		if err != nil {
			return nil, err
		}
		request, err := order.ParseRequest(body)
		if err = checkKey(r, err); err != nil {
			return nil, err
		}
		out, err := store.Place(ctx, request, origin(r))
		if err != nil {
			return nil, err
		}
		count := metrics.OrdersPlaced
		if out.Event == nil {
			count = metrics.OrdersReplayed
			log.LogAttrs(ctx, slog.LevelInfo, "order replayed", slog.String("orderId", out.Order.ID), traceID(r.TraceParent))
		} else {
			logEvent(ctx, log, "order placed", out.Event)
		}
		return &httpapi.Response{
			Status: 201, Location: "/orders/" + out.Order.ID, Replayed: out.Event == nil, Body: out.Order.AppendJSON(nil), Count: count,
		}, nil
	}
}

// checkKey adds what is wrong with the idempotency key to what is wrong with the request, so that a client learns of both.
func checkKey(r *httpapi.Request, err error) error {
	if r.IdempotencyKey == nil {
		return err
	}
	field, valid := order.CheckKey(*r.IdempotencyKey)
	if valid {
		return err
	}
	switch f, _ := err.(*fault.Error); {
	case err == nil:
		return &fault.Error{Code: fault.Invalid, Detail: "The request breaks the rules listed in errors.", Fields: []fault.Field{field}}
	case f != nil && f.Code == fault.Invalid:
		f.Fields = append([]fault.Field{field}, f.Fields...)
	}
	return err
}

// Cancel answers POST /orders/{orderId}/cancel.
func Cancel(store *order.Store, log *slog.Logger) httpapi.Handler {
	return advance(log, "order cancelled", metrics.OrdersCancelled, store.Cancel)
}

// Advance answers a route that takes an order, by path parameter orderId, one step on. message is logged with the step's event.
func Advance(store *order.Store, log *slog.Logger, message string, t order.Transition) httpapi.Handler {
	return advance(log, message, metrics.None, func(ctx context.Context, id string, from *order.Origin) (*order.Outcome, error) {
		return store.Advance(ctx, id, t, from)
	})
}

func advance(
	log *slog.Logger, message string, count metrics.Metric, step func(context.Context, string, *order.Origin) (*order.Outcome, error),
) httpapi.Handler {
	return func(ctx context.Context, r *httpapi.Request) (*httpapi.Response, error) {
		if err := r.EmptyBody(); err != nil {
			return nil, err
		}
		out, err := step(ctx, r.OrderID, origin(r))
		if err != nil {
			return nil, err
		}
		response := &httpapi.Response{Status: 200, Body: out.Order.AppendJSON(nil)}
		if out.Event != nil {
			logEvent(ctx, log, message, out.Event)
			response.Count = count
		}
		return response, nil
	}
}

// Get answers GET /orders/{orderId}.
func Get(store *order.Store) httpapi.Handler {
	return func(ctx context.Context, r *httpapi.Request) (*httpapi.Response, error) {
		o, err := store.Get(ctx, r.OrderID)
		if err != nil {
			return nil, err
		}
		return &httpapi.Response{Status: 200, Body: o.AppendJSON(nil)}, nil
	}
}

// Fulfilment answers GET /orders/{orderId}/fulfilment: where the consumer stands. It is not found as long as no event of the
// order has had an effect, unless the order was parked before its first.
func Fulfilment(states *projection.Reader) httpapi.Handler {
	return func(ctx context.Context, r *httpapi.Request) (*httpapi.Response, error) {
		if !order.ValidID(r.OrderID) {
			return nil, notArrived()
		}
		s, err := states.Get(ctx, r.OrderID)
		if err != nil {
			return nil, err
		}
		if s == nil || s.LastSequence == 0 && s.Parked == nil {
			return nil, notArrived()
		}
		return &httpapi.Response{Status: 200, Body: appendState(nil, s)}, nil
	}
}

func notArrived() error {
	return &fault.Error{Code: fault.NotFound, Detail: "Nothing is known about the fulfilment of this order, or not yet."}
}

func appendState(dst []byte, s *projection.State) []byte {
	dst = append(dst, `{"orderId":`...)
	dst = jsonscan.AppendString(dst, s.OrderID)
	if s.Status != "" {
		dst = append(dst, `,"status":`...)
		dst = jsonscan.AppendString(dst, s.Status)
	}
	dst = append(dst, `,"lastSequence":`...)
	dst = strconv.AppendInt(dst, s.LastSequence, 10)
	if s.LastEventID != "" {
		dst = append(dst, `,"lastEventId":`...)
		dst = jsonscan.AppendString(dst, s.LastEventID)
	}
	if s.Parked != nil {
		dst = append(dst, `,"parked":true`...)
	}
	dst = append(dst, `,"updatedAt":"`...)
	dst = s.UpdatedAt.UTC().AppendFormat(dst, outbox.TimeLayout)
	return append(dst, `"}`...)
}

func origin(r *httpapi.Request) *order.Origin {
	from := &order.Origin{Caller: r.Caller, TraceParent: r.TraceParent, CorrelationID: r.CorrelationID, RequestID: r.ID}
	if r.IdempotencyKey != nil {
		from.IdempotencyKey = *r.IdempotencyKey
	}
	return from
}

func logEvent(ctx context.Context, log *slog.Logger, message string, e *outbox.Event) {
	log.LogAttrs(ctx, slog.LevelInfo, message, slog.String("orderId", e.OrderID), slog.String("eventId", e.ID),
		slog.Int64("sequence", e.Sequence), slog.String("type", e.Type), traceID(e.TraceParent))
}

// traceID is what log lines of one trace have in common; nothing, which slog leaves out, where there is no trace.
func traceID(traceparent string) slog.Attr {
	id := outbox.TraceID(traceparent)
	if id == "" {
		return slog.Attr{}
	}
	return slog.String("traceId", id)
}
