package trial

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"
)

// Attempts is how often a request is sent before its failure counts.
const (
	calmAttempts    = 8
	hostileAttempts = 15
)

// client sends requests as a real client does.
type client struct {
	options  Options
	http     *http.Client
	attempts int

	requests, replayed, retried atomic.Int64
}

func newClient(options Options) *client {
	c := &client{
		options: options, attempts: calmAttempts,
		http: &http.Client{
			Timeout:   time.Minute,
			Transport: &http.Transport{MaxIdleConns: 4 * options.Clients, MaxIdleConnsPerHost: 4 * options.Clients},
		},
	}
	if options.Hostile {
		c.attempts = hostileAttempts
	}
	return c
}

func (c *client) close() { c.http.CloseIdleConnections() }

// request is a POST that a client wants to succeed.
type request struct {
	path string
	body []byte
	key  string
	want int // the status of success
	// haste is after how long the client hangs up the first time; 0 means that it waits. leaves says that it does not come back.
	haste  time.Duration
	leaves bool
	// unanswered, if set, is called for each time the request was sent without success.
	unanswered func()
}

// soon is a time in which an answer may or may not be there: from 0.3 to 30 ms, short times as likely as long ones.
func soon(lot float64) time.Duration {
	return time.Duration(0.3 * math.Pow(100, lot) * float64(time.Millisecond))
}

// send sends a request until it is answered for good, and returns the body of the wanted answer, or nil. problem is why it failed,
// which leaving is not.
func (c *client) send(ctx context.Context, r request) (answer []byte, problem string) {
	for try := range c.attempts {
		if try > 0 {
			c.retried.Add(1)
			if !pause(ctx, backoff(try)) {
				return nil, ""
			}
		}
		haste := r.haste
		if try > 0 {
			haste = 0
		}
		status, answer, err := c.attempt(ctx, &r, haste)
		if err == nil && status == r.want {
			return answer, ""
		}
		if r.unanswered != nil {
			r.unanswered()
		}
		if ctx.Err() != nil || r.leaves {
			return nil, ""
		}
		if problem = fmt.Sprintf("POST %s: %d %s", r.path, status, answer); err != nil {
			problem = err.Error()
		}
		if !c.again(status, err) {
			return nil, problem
		}
	}
	return nil, problem
}

// again reports whether another attempt makes sense. Where nothing goes wrong on purpose, only what asks for it is sent again.
func (c *client) again(status int, err error) bool {
	switch status {
	case http.StatusConflict, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return true
	}
	return c.options.Hostile && (err != nil || status >= 500)
}

// attempt sends a request once.
func (c *client) attempt(ctx context.Context, r *request, haste time.Duration) (status int, answer []byte, err error) {
	if haste > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, haste)
		defer cancel()
	}
	c.requests.Add(1)
	out, err := http.NewRequestWithContext(ctx, http.MethodPost, c.options.APIURL+r.path, bytes.NewReader(r.body))
	if err != nil {
		return 0, nil, err
	}
	if r.body != nil {
		out.Header.Set("Content-Type", "application/json")
	}
	if r.key != "" {
		out.Header.Set("Idempotency-Key", r.key)
	}
	in, err := c.http.Do(out)
	if err != nil {
		return 0, nil, err
	}
	defer in.Body.Close()
	if answer, err = io.ReadAll(in.Body); err != nil {
		return 0, nil, err
	}
	if in.StatusCode == r.want && in.Header.Get("Idempotent-Replayed") == "true" {
		c.replayed.Add(1)
	}
	return in.StatusCode, answer, nil
}

// backoff is how long a client waits before attempt number try, from 1 on: up to 20 ms at first, and up to a second in the end.
func backoff(try int) time.Duration {
	return rand.N(min(20*time.Millisecond<<min(try-1, 10), time.Second)) + 5*time.Millisecond
}

// pause waits and reports whether there is anything to go on with.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
