//go:build unix

package conformance_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/conformance"
)

// exchange sends a transaction and reads its answer with as little work as can be: of the head, only the status and the length matter.
func (l *lean) exchange(request []byte) error {
	if _, err := l.Write(request); err != nil {
		return err
	}
	length, first := 0, true
	for {
		line, err := l.reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
			return fmt.Errorf("answer %s", line)
		}
		first = false
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
		if len(line) == 2 {
			_, err := l.reader.Discard(length)
			return err
		}
	}
}

// fill puts items 0 to n-1 into both tables.
func fill(b *testing.B, e *conformance.Endpoint, n int) {
	c := dial(b, e)
	defer c.Close()
	const atOnce = 12
	for start := 0; start < n; start += atOnce {
		var hash, both []string
		for i := start; i < min(n, start+atOnce); i++ {
			hash = append(hash, fmt.Sprintf(`{"PutRequest":{"Item":{"id":{"S":"%d"},"v":{"N":"0"}}}}`, i))
			both = append(both, fmt.Sprintf(`{"PutRequest":{"Item":{"id":{"S":"%d"},"n":{"N":"1"},"v":{"N":"0"}}}}`, i))
		}
		c.call(b, "BatchWriteItem", `{"RequestItems":{"hash":[`+strings.Join(hash, ",")+`],"both":[`+strings.Join(both, ",")+`]}}`)
	}
}

// BenchmarkThroughput measures how many transactions of two conditional writes a second the engine takes over HTTP, on tables of so
// many items each, and beside it how many of the same requests a server takes that only answers them: what a machine makes of one it
// makes of the other. Eight connections share the machine with the server; none sends before it has its answer.
func BenchmarkThroughput(b *testing.B) {
	b.Run("bare server", func(b *testing.B) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "{}") }))
		defer server.Close()
		transact(b, &conformance.Endpoint{URL: server.URL, Service: awsapi.DynamoDB}, 1_000)
	})
	for _, items := range []int{1_000, 1_000_000} {
		b.Run(fmt.Sprintf("%d items", items), func(b *testing.B) {
			e := startDynamoDB(b)
			setup, _ := conformance.DynamoDBTables()
			c := dial(b, e)
			for _, r := range setup {
				c.call(b, r.Operation, r.Body)
			}
			c.Close()
			fill(b, e, items)
			transact(b, e, items)
		})
	}
}

// transact sends b.N transactions that each write one of the items of both tables.
func transact(b *testing.B, e *conformance.Endpoint, items int) {
	const clients = 8
	connections := make([]*lean, clients)
	for i := range connections {
		connections[i] = dial(b, e)
	}
	var next atomic.Int64
	var group sync.WaitGroup
	b.ResetTimer()
	used := processorTime(b)
	for _, c := range connections {
		group.Go(func() {
			defer c.Close()
			var request, body bytes.Buffer
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				id := n * 7919 % int64(items)
				body.Reset()
				fmt.Fprintf(&body, `{"TransactItems":[{"Update":{"TableName":"hash","Key":{"id":{"S":"%d"}},"UpdateExpression":"SET v = :n","ConditionExpression":"attribute_exists(id)","ExpressionAttributeValues":{":n":{"N":"%d"}}}},`+
					`{"Put":{"TableName":"both","Item":{"id":{"S":"%d"},"n":{"N":"1"},"v":{"N":"%d"}},"ConditionExpression":"attribute_exists(id)"}}]}`, id, n, id, n)
				request.Reset()
				io.WriteString(&request, c.head)
				fmt.Fprintf(&request, "TransactWriteItems\r\nContent-Length: %d\r\n\r\n", body.Len())
				request.Write(body.Bytes())
				if err := c.exchange(request.Bytes()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "transactions/s")
	// What others do on the machine does not change this one.
	b.ReportMetric(float64(b.N)/(processorTime(b)-used).Seconds(), "transactions/processor-s")
}

// processorTime is what this process has used, client and server together.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
