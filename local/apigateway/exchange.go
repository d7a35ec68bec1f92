package apigateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/lambda"
)

const principal = "apigateway.amazonaws.com"

// exchange is one request of a client and what is known about it.
type exchange struct {
	api *API
	w   http.ResponseWriter
	r   *http.Request

	table     *table
	stage     *stage
	route     *route
	params    []parameter
	begin     time.Time
	requestID string
	trace     string
	sourceIP  string
	body      []byte

	caller caller

	event []byte
	names []string
	query []parameter
	line  []byte

	// For the access log.
	status, length    int
	functionStatus    int // what the function answered, 0 if it did not
	lambdaStatus      int // what Lambda answered, 0 if it was not asked
	lambdaRequestID   string
	integrationTime   time.Duration
	integrationError  string
	errorMessage      string
	errorResponseType string
}

// exchanges holds exchange values for reuse: their buffers are worth more than everything else a request needs.
var exchanges = sync.Pool{New: func() any { return new(exchange) }}

// ServeHTTP answers one request of a client.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := exchanges.Get().(*exchange)
	x.reset(a, w, r)
	x.serve()
	if x.stage != nil && x.stage.log != nil {
		x.line = x.stage.log.append(x.line[:0], x)
		x.stage.log.log(x.line)
	}
	if cap(x.event)+cap(x.body) <= 1<<20 { // do not keep what a rare large request needed
		x.api, x.w, x.r, x.table, x.stage, x.route = nil, nil, nil, nil, nil, nil
		exchanges.Put(x)
	}
}

func (x *exchange) reset(a *API, w http.ResponseWriter, r *http.Request) {
	*x = exchange{
		api: a, w: w, r: r, table: a.table.Load(), begin: a.opts.Clock(), requestID: a.random.requestID(),
		body: x.body[:0], event: x.event[:0], names: x.names[:0], query: x.query[:0], line: x.line[:0], params: x.params[:0],
	}
	x.sourceIP = r.RemoteAddr
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		x.sourceIP = host
	}
}

func (x *exchange) serve() {
	path := x.r.URL.EscapedPath()
	var inStage string
	x.stage, inStage = x.table.find(path)
	switch {
	case headerSize(x.r) > maxHeader:
		x.refuse(http.StatusRequestHeaderFieldsTooLarge, "Request Header Fields Too Large", "REQUEST_HEADERS_TOO_LARGE")
		return
	case x.stage == nil:
		x.refuse(http.StatusNotFound, "Not Found", "RESOURCE_NOT_FOUND")
		return
	case x.table.cors.preflight(x.r):
		x.table.cors.apply(x.w.Header(), x.r, true)
		x.w.Header().Set("Apigw-Requestid", x.requestID)
		x.status = http.StatusNoContent
		x.w.WriteHeader(x.status)
		return
	}
	for _, r := range x.table.routes {
		params, ok := r.match(x.r.Method, inStage, x.params)
		if ok {
			x.route, x.params = r, params
			break
		}
		x.params = params[:0]
	}
	if x.route == nil {
		x.refuse(http.StatusNotFound, "Not Found", "RESOURCE_NOT_FOUND")
		return
	}
	if b := x.stage.throttles[x.route.key]; b != nil && !b.take(x.begin) {
		x.refuse(http.StatusTooManyRequests, "Too Many Requests", "THROTTLED")
		return
	}
	if err := x.readBody(); err != nil {
		if errors.Is(err, errTooLong) {
			x.refuse(http.StatusRequestEntityTooLarge, "Request Too Long", "REQUEST_TOO_LARGE")
		} else {
			x.refuse(http.StatusBadRequest, "Bad Request", "BAD_REQUEST")
		}
		return
	}
	if x.authorize() {
		x.integrate()
	}
}

// integrate calls the function and answers the client. The call goes on when the client hangs up, as it does on AWS.
func (x *exchange) integrate() {
	if x.route.target == nil {
		x.integrationError = "The integration of the route was deleted."
		x.fail(http.StatusInternalServerError, "INTEGRATION_FAILURE", nil)
		return
	}
	x.trace = x.r.Header.Get("X-Amzn-Trace-Id")
	opts := lambda.InvokeOptions{TraceID: x.trace}
	if !strings.Contains(x.trace, "Root=") {
		x.trace = x.api.random.root(x.begin)
	}
	if !strings.Contains(x.trace, "Parent=") {
		opts.TraceID = x.trace + ";Parent=" + leftPad(strconv.FormatUint(x.api.random.uint64(), 16)) + ";Sampled=1"
	}
	x.event = x.appendEvent(x.event)
	ctx, cancel := context.WithTimeout(context.Background(), x.route.target.timeout)
	defer cancel()
	started := time.Now()
	result, err := x.api.invoker.InvokeAs(ctx, principal, x.sourceARN(), x.route.target.function, x.event, &opts)
	x.integrationTime = time.Since(started)
	var refused *awsapi.Error
	switch {
	case err == nil:
		x.answer(result)
	case errors.Is(err, context.DeadlineExceeded):
		x.integrationError = "The integration did not answer within " + x.route.target.timeout.String() + "."
		x.fail(http.StatusServiceUnavailable, "INTEGRATION_TIMEOUT", nil)
	case errors.As(err, &refused):
		x.lambdaStatus = refused.Status
		x.integrationError = refused.Message
		// AWS does not document the status for each of Lambda's refusals. That a client may come back when the function is throttled,
		// and gains nothing by it otherwise, is how the two statuses are told apart here. A request that is too large for Lambda, though not
		// for API Gateway, is the client's doing.
		status := http.StatusInternalServerError
		switch refused.Code {
		case "RequestTooLargeException":
			x.refuse(http.StatusRequestEntityTooLarge, "Request Too Long", "INTEGRATION_FAILURE")
			return
		case "TooManyRequestsException":
			status = http.StatusServiceUnavailable
		case "AccessDeniedException":
			x.integrationError = "The IAM role configured on the integration or API Gateway doesn't have permissions to call the " +
				"integration. Check the permissions and try again."
		}
		x.fail(status, "INTEGRATION_FAILURE", err)
	default:
		x.integrationError = err.Error()
		x.fail(http.StatusServiceUnavailable, "INTEGRATION_FAILURE", err)
	}
}

func leftPad(hex string) string { return "0000000000000000"[len(hex):] + hex }

// answer hands on what the function returned.
func (x *exchange) answer(result *lambda.Result) {
	x.lambdaStatus = http.StatusOK
	x.lambdaRequestID = result.RequestID
	if result.FunctionError != "" {
		x.integrationError = "The Lambda function returned an error: " + string(result.Payload)
		x.fail(http.StatusInternalServerError, "INTEGRATION_FAILURE", nil)
		return
	}
	response, err := parseResponse(result.Payload)
	if err != nil {
		x.integrationError = err.Error()
		x.fail(http.StatusInternalServerError, "INTEGRATION_FAILURE", nil)
		return
	}
	x.functionStatus = response.status
	response.write(x)
}

// sourceARN is the ARN by which permissions know the route.
func (x *exchange) sourceARN() string {
	r := x.route
	switch r.method {
	case "":
		return x.stage.arn + defaultKey
	case anyMethod:
		return x.stage.arn + x.r.Method + r.path
	}
	return x.stage.arn + r.method + r.path
}

func (x *exchange) domainPrefix() string {
	prefix, _, _ := strings.Cut(x.api.opts.DomainName, ".")
	return prefix
}

// fail answers that the integration failed, which the log explains and the client does not learn.
func (x *exchange) fail(status int, responseType string, err error) {
	log := x.api.opts.Logger.With("apiId", x.api.id, "requestId", x.requestID, "routeKey", x.route.key, "status", status)
	if err != nil {
		log.Error("integration failed", "error", err)
	} else {
		log.Error("integration failed", "error", x.integrationError)
	}
	x.refuse(status, http.StatusText(status), responseType)
}

// refuse answers with an error of API Gateway's own.
func (x *exchange) refuse(status int, message, responseType string) {
	x.errorMessage, x.errorResponseType = message, responseType
	x.w.Header().Set("Content-Type", "application/json")
	x.send(status, []byte(`{"message":"`+message+`"}`))
}

// send sends the response with the headers that every one has.
func (x *exchange) send(status int, body []byte) {
	h := x.w.Header()
	x.table.cors.apply(h, x.r, false)
	h["Apigw-Requestid"] = []string{x.requestID}
	if status == http.StatusNoContent || status == http.StatusNotModified {
		body = nil
	} else {
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	x.status, x.length = status, len(body)
	x.w.WriteHeader(status)
	x.w.Write(body) // a client that has gone away needs no answer
}
