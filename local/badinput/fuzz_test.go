package badinput_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"transactional-outbox/local/cloud"
	"transactional-outbox/local/desk"
	"transactional-outbox/stack"
)

var (
	requests = flag.Int("requests", 4000, "`number` of fuzzed requests")
	clients  = flag.Int("clients", 8, "`number` of clients that send them")
	seed     = flag.Uint64("seed", 0, "`seed` of the requests; 0 picks one")
)

// verdict is what the requests have led to.
type verdict struct {
	mu       sync.Mutex
	statuses map[int]int
	hangups  int               // connections that were closed without an answer
	placed   map[string]bool   // ids of orders that clients were told of
	ended    []string          // what functions said when they ended
	known    []string          // some of placed
	bad      map[string]string // answers that should not be, with one request for each
}

func TestFuzzedRequests(t *testing.T) {
	n := *requests
	if testing.Short() && n > 1000 {
		n = 1000
	}
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("%d requests of %d clients, -seed %d", n, *clients, *seed)
	v := &verdict{statuses: map[int]int{}, placed: map[string]bool{}, bad: map[string]string{}}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	d, err := desk.Start(t.Context(), desk.Options{Root: root, Stage: "local", Program: stack.Deploy, Cloud: cloud.Options{Duplicate: -1, Log: v.read}})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	address, err := url.Parse(d.Output("apiUrl"))
	if err != nil {
		t.Fatal(err)
	}

	begun := time.Now()
	crowd, ctx := errgroup.WithContext(t.Context())
	for i := range *clients {
		crowd.Go(func() error {
			g := &generator{Rand: rand.New(rand.NewPCG(*seed, uint64(i)))}
			return v.send(ctx, g, address.Host, n / *clients)
		})
	}
	if err := crowd.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%.0f requests/s; answers by status: %v; connections closed without one: %d", float64(n)/time.Since(begun).Seconds(), v.statuses, v.hangups)

	for text, request := range v.bad {
		t.Errorf("%s, to %q", text, request)
	}
	for _, line := range v.ended {
		t.Errorf("a function has ended: %s", line)
	}
	if v.statuses[201] == 0 || v.statuses[200] == 0 || v.statuses[400] == 0 || v.statuses[422] == 0 {
		t.Errorf("the requests are too uniform to prove anything")
	}
	v.compare(t, d)
}

// read watches the functions' logs for their ends.
func (v *verdict) read(line cloud.LogLine) {
	text := string(line.Text)
	if strings.Contains(text, "panic") || strings.Contains(text, "Runtime exited") || line.Platform && strings.Contains(text, `"status":"`) && !strings.Contains(text, `"status":"success"`) {
		v.mu.Lock()
		defer v.mu.Unlock()
		if len(v.ended) < 20 {
			v.ended = append(v.ended, text)
		}
	}
}

// send sends n requests, one after the other, over as few connections as they allow.
func (v *verdict) send(ctx context.Context, g *generator, host string, n int) error {
	var connection net.Conn
	var reader *bufio.Reader
	hang := func() {
		if connection != nil {
			connection.Close()
		}
		connection = nil
	}
	defer hang()
	for i := range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		if i%50 == 0 {
			v.mu.Lock()
			g.known = append(g.known[:0], v.known...)
			v.mu.Unlock()
		}
		if connection == nil {
			var err error
			if connection, err = net.Dial("tcp", host); err != nil {
				return err
			}
			reader = bufio.NewReader(connection)
		}
		wire, last := g.request()
		connection.SetDeadline(time.Now().Add(60 * time.Second))
		go func(c net.Conn) { // a server that answers early does not read all of a request
			c.Write(wire)
			if last {
				c.(*net.TCPConn).CloseWrite()
			}
		}(connection)
		method, _, _ := strings.Cut(string(wire[:min(len(wire), 20)]), " ")
		response, err := http.ReadResponse(reader, &http.Request{Method: method})
		if err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				return fmt.Errorf("no answer to %.300q", wire)
			}
			v.mu.Lock()
			v.hangups++
			v.mu.Unlock()
			hang()
			continue
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		v.judge(wire, response, body)
		if last || response.Close || err != nil || method == "CONNECT" {
			hang()
		}
	}
	return nil
}

// judge counts an answer, and keeps it if it should not be.
func (v *verdict) judge(request []byte, response *http.Response, body []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.statuses[response.StatusCode]++
	switch {
	case response.StatusCode >= 500:
		v.bad[fmt.Sprintf("%d %s", response.StatusCode, body)] = fmt.Sprintf("%.300s", request)
	case response.StatusCode == http.StatusCreated:
		var order struct{ OrderID string }
		if err := json.Unmarshal(body, &order); err != nil || order.OrderID == "" {
			v.bad["201 without an order: "+string(body)] = fmt.Sprintf("%.300s", request)
			return
		}
		if !v.placed[order.OrderID] && len(v.known) < 1000 {
			v.known = append(v.known, order.OrderID)
		}
		v.placed[order.OrderID] = true
	}
}
