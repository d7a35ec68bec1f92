package lambda

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"net"
	"strconv"
	"sync"
	"time"
)

// runtimeAPI serves the Lambda Runtime API to one process. It speaks just the HTTP/1.1 that a runtime needs, because every
// invocation passes through here twice.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type runtimeAPI struct {
	proc     *process
	listener net.Listener
	serving  sync.WaitGroup

	mu     sync.Mutex
	conns  map[*runtimeConn]struct{}
	poller *runtimeConn // the connection that asked for work last
	closed bool
}

// runtimeConn is one connection of the process.
type runtimeConn struct {
	api  *runtimeAPI
	conn net.Conn
	r    *bufio.Reader
	head []byte        // scratch for the head of a response
	drop chan struct{} // closed when another connection has taken over asking for work
}

func serveRuntimeAPI(proc *process, listener net.Listener) *runtimeAPI {
	api := &runtimeAPI{proc: proc, listener: listener, conns: map[*runtimeConn]struct{}{}}
	api.serving.Go(api.accept)
	return api
}

// close ends every connection and waits for their goroutines. The process must have been retired.
func (api *runtimeAPI) close() {
	api.listener.Close()
	api.mu.Lock()
	api.closed = true
	for c := range api.conns {
		c.conn.Close()
	}
	api.mu.Unlock()
	api.serving.Wait()
}

func (api *runtimeAPI) accept() {
	for {
		conn, err := api.listener.Accept()
		if err != nil {
			return
		}
		c := &runtimeConn{api: api, conn: conn, r: bufio.NewReaderSize(conn, 4096), drop: make(chan struct{})}
		api.mu.Lock()
		if api.closed {
			conn.Close()
		} else {
			api.conns[c] = struct{}{}
			api.serving.Go(c.serve)
		}
		api.mu.Unlock()
	}
}

func (c *runtimeConn) serve() {
	for c.exchange() {
	}
	c.conn.Close()
	c.api.mu.Lock()
	delete(c.api.conns, c)
	c.api.mu.Unlock()
}

// exchange serves one request and tells whether the connection is good for another.
func (c *runtimeConn) exchange() bool {
	req, err := readRequest(c.r)
	if err != nil {
		return false
	}
	if req.expect {
		if _, err := c.conn.Write([]byte("HTTP/1.1 100 Continue\r\n\r\n")); err != nil {
			return false
		}
	}
	body, oversize, err := req.readBody(c.r, maxResponse)
	if err != nil {
		return false
	}
	path, ok := bytes.CutPrefix(req.path, []byte("/2018-06-01/runtime/"))
	if !ok {
		return c.refuse(404, "Runtime.NotSupported", req.method+" "+string(req.path)+" is not supported here") && !req.close
	}
	if req.method == "GET" && string(path) == "invocation/next" {
		return c.next() && !req.close
	}
	if req.method == "POST" && string(path) == "init/error" {
		return c.initError(body) && !req.close
	}
	rest, ok := bytes.CutPrefix(path, []byte("invocation/"))
	id, verb, ok2 := bytes.Cut(rest, []byte("/"))
	if req.method != "POST" || !ok || !ok2 {
		return c.refuse(404, "Runtime.NotSupported", req.method+" "+string(req.path)+" is not supported here") && !req.close
	}
	a := &answer{payload: body}
	switch string(verb) {
	case "response":
		if oversize {
			a = &answer{functionError: unhandled, errorType: "Function.ResponseSizeTooLarge"}
			a.payload = errorPayload(a.errorType, "Response payload size exceeded maximum allowed payload size ("+
				strconv.Itoa(maxResponse)+" bytes).")
		} else if req.trailerErrorType != "" {
			// The runtime failed half way through its response.
			a = &answer{functionError: unhandled, errorType: req.trailerErrorType}
			if a.payload, err = base64.StdEncoding.DecodeString(req.trailerErrorBody); err != nil || len(a.payload) == 0 {
				a.payload = errorPayload(a.errorType, "")
			}
		}
	case "error":
		a.functionError, a.errorType = unhandled, req.errorType
		if a.errorType == "" {
			a.errorType = errorType(body)
		}
	default:
		return c.refuse(404, "Runtime.NotSupported", req.method+" "+string(req.path)+" is not supported here") && !req.close
	}
	return c.post(id, a, oversize) && !req.close
}

// next answers GET /runtime/invocation/next, which takes until there is work.
func (c *runtimeConn) next() bool {
	c.api.mu.Lock()
	if c.api.poller != c {
		if c.api.poller != nil {
			close(c.api.poller.drop)
		}
		c.api.poller = c
	}
	c.api.mu.Unlock()
	proc := c.api.proc
	inv, wait := proc.next()
	if wait {
		select {
		case inv = <-proc.work:
		case <-proc.gone:
		case <-c.drop:
		}
	}
	if inv == nil {
		proc.linger()
		return false
	}
	if !proc.inject(inv) {
		return false
	}
	proc.platformStart(inv)
	h := append(c.head[:0], "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: "...)
	h = append(h, inv.id...)
	h = append(h, "\r\nLambda-Runtime-Deadline-Ms: "...)
	h = strconv.AppendInt(h, proc.pool.service.opts.Clock().Add(proc.config.Timeout).UnixMilli(), 10)
	h = append(h, "\r\nLambda-Runtime-Invoked-Function-Arn: "...)
	h = append(h, proc.config.ARN...)
	h = append(h, "\r\nLambda-Runtime-Trace-Id: "...)
	h = append(h, inv.trace...)
	if inv.clientContext != "" {
		h = append(h, "\r\nLambda-Runtime-Client-Context: "...)
		h = append(h, inv.clientContext...)
	}
	h = append(h, "\r\nContent-Length: "...)
	h = strconv.AppendInt(h, int64(len(inv.payload)), 10)
	h = append(h, "\r\n\r\n"...)
	var err error
	if len(inv.payload) <= 4096 {
		h = append(h, inv.payload...)
		_, err = c.conn.Write(h)
	} else {
		parts := net.Buffers{h, inv.payload}
		_, err = parts.WriteTo(c.conn)
	}
	c.head = h[:0]
	proc.pool.deliver(inv)
	return err == nil
}

// inject asks for the fault of an invocation and tells whether the process may see it.
func (proc *process) inject(inv *invocation) bool {
	if proc.pool.service.opts.Fault == nil {
		return true
	}
	fault := proc.pool.service.opts.Fault(proc.config.Name, inv.id)
	switch fault.Kill {
	case Before:
		proc.crash(inv)
		return false
	case During:
		time.AfterFunc(fault.Delay, func() { proc.crash(inv) })
	case After:
		inv.crashAfter = true
	}
	return true
}

// post takes the answer to the current invocation. One that comes, on another connection, before the payload is written out waits
// until it is: an invocation that has ended does not use its payload.
func (c *runtimeConn) post(id []byte, a *answer, oversize bool) bool {
	proc := c.api.proc
	p := proc.pool
	p.mu.Lock()
	inv := proc.current
	valid := inv != nil && inv.id == string(id)
	if valid && !inv.delivered && !proc.retired {
		delivery := inv.delivery()
		p.mu.Unlock()
		select {
		case <-delivery:
		case <-proc.gone:
		}
		p.mu.Lock()
		valid = proc.current == inv
	}
	accepted := valid && proc.answer == nil && !proc.retired
	if accepted {
		proc.answer = a
	}
	p.mu.Unlock()
	switch {
	case !valid:
		return c.refuse(400, "InvalidRequestID", "Invalid request ID")
	case !accepted:
		return c.refuse(403, "InvalidStateTransition", "State transition is not allowed")
	case inv.crashAfter:
		proc.crash(inv)
		return false
	case oversize:
		return c.refuse(413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size ("+strconv.Itoa(maxResponse)+" bytes).")
	}
	return c.accepted()
}

// initError takes the report of a process that cannot start.
func (c *runtimeConn) initError(body []byte) bool {
	proc := c.api.proc
	proc.pool.mu.Lock()
	ready := proc.ready
	if !ready && len(body) > 0 {
		proc.initError = body
	}
	proc.pool.mu.Unlock()
	if ready {
		return c.refuse(403, "InvalidStateTransition", "State transition is not allowed")
	}
	return c.accepted()
}

func (c *runtimeConn) accepted() bool {
	_, err := c.conn.Write([]byte("HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{\"status\":\"OK\"}\n"))
	return err == nil
}

func (c *runtimeConn) refuse(status int, errorType, message string) bool {
	body := errorPayload(errorType, message)
	h := append(c.head[:0], "HTTP/1.1 "...)
	h = strconv.AppendInt(h, int64(status), 10)
	h = append(h, " Refused\r\nContent-Type: application/json\r\nContent-Length: "...)
	h = strconv.AppendInt(h, int64(len(body)), 10)
	h = append(h, "\r\n\r\n"...)
	h = append(h, body...)
	_, err := c.conn.Write(h)
	return err == nil
}
