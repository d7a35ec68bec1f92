package httpapi

import (
	"context"
	"log/slog"
	"time"

	"transactional-outbox/handlers/fault"
	"transactional-outbox/handlers/metrics"
	"transactional-outbox/handlers/outbox"
)

// A Handler answers a request, or says why it does not. It is called by one request at a time.
type Handler func(context.Context, *Request) (*Response, error)

// A Server is the Lambda handler of the routes of one function.
type Server struct {
	Routes map[string]Handler // by route key, like POST /orders
	Log    *slog.Logger       // nil logs nothing
	Count  *metrics.Log       // flushed after every request; nil counts nothing
}

// margin is kept free before the invocation's deadline, so that a client is told of a dependency that does not answer rather
// than of a function that ran out of time.
const margin = 300 * time.Millisecond

// Invoke answers an event of an HTTP API. It fails, which API Gateway answers with an internal error, only where the event is none.
func (s *Server) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	r, err := ParseRequest(payload)
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-margin))
		defer cancel()
	}
	defer s.Count.Flush()
	response, err := s.handle(ctx, r)
	if err != nil {
		f := asFault(err)
		response = problem(f)
		s.log(ctx, r, f, response.Status, err)
		return encode(response, typeProblem, r.ID, int((f.RetryAfter+time.Second-1)/time.Second)), nil
	}
	s.Count.Add(response.Count, 1)
	return encode(response, typeJSON, r.ID, 0), nil
}

func (s *Server) handle(ctx context.Context, r *Request) (*Response, error) {
	if handler := s.Routes[r.RouteKey]; handler != nil {
		return handler(ctx, r)
	}
	return nil, &fault.Error{Code: fault.NotFound, Detail: "There is no such route."}
}

// log tells of a problem: what the client did as refused, what we did as failed.
func (s *Server) log(ctx context.Context, r *Request, f *fault.Error, status int, err error) {
	if s.Log == nil {
		return
	}
	level, message := slog.LevelWarn, "request refused"
	if status >= 500 {
		level, message = slog.LevelError, "request failed"
	}
	var trace slog.Attr // which slog leaves out
	if id := outbox.TraceID(r.TraceParent); id != "" {
		trace = slog.String("traceId", id)
	}
	s.Log.LogAttrs(ctx, level, message, slog.Int("status", status), slog.String("problem", string(f.Code)), slog.String("error", err.Error()), trace)
}
