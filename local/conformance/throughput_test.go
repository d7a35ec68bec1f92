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

// exchange sends a request and reads its answer with as little work as can be: of the head, only the status and the length matter.
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

// fill makes the tables and puts items 0 to n-1 into both.
func fill(b *testing.B, e *conformance.Endpoint, n int) {
	setup, _ := conformance.DynamoDBTables()
	c := dial(b, e)
	for _, r := range setup {
		c.call(b, r.Operation, r.Body)
	}
	c.Close()

	const atOnce = 12
	var next atomic.Int64
	var group sync.WaitGroup
	for range clients {
		c := dial(b, e)
		group.Go(func() {
			defer c.Close()
			for {
				end := int(next.Add(atOnce))
				if end-atOnce >= n {
					return
				}
				var hash, both []string
				for i := end - atOnce; i < min(n, end); i++ {
					hash = append(hash, fmt.Sprintf(`{"PutRequest":{"Item":{"id":{"S":"%d"},"v":{"N":"0"}}}}`, i))
					both = append(both, fmt.Sprintf(`{"PutRequest":{"Item":{"id":{"S":"%d"},"n":{"N":"1"},"v":{"N":"0"}}}}`, i))
				}
				body := `{"RequestItems":{"hash":[` + strings.Join(hash, ",") + `],"both":[` + strings.Join(both, ",") + `]}}`
				request := fmt.Sprintf("%sBatchWriteItem\r\nContent-Length: %d\r\n\r\n%s", c.head, len(body), body)
				if err := c.exchange([]byte(request)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}

// clients is how many connections send at the same time.
const clients = 8

// write is a request that changes item id to value n.
type write struct {
	what, operation string
	body            string // a format of id and n
}

var writes = []write{
	{"transactions", "TransactWriteItems", `{"TransactItems":[{"Update":{"TableName":"hash","Key":{"id":{"S":"%[1]d"}},"UpdateExpression":"SET v = :n","ConditionExpression":"attribute_exists(id)","ExpressionAttributeValues":{":n":{"N":"%[2]d"}}}},` +
		`{"Put":{"TableName":"both","Item":{"id":{"S":"%[1]d"},"n":{"N":"1"},"v":{"N":"%[2]d"}},"ConditionExpression":"attribute_exists(id)"}}]}`},
	{"updates", "UpdateItem", `{"TableName":"hash","Key":{"id":{"S":"%[1]d"}},"UpdateExpression":"SET v = :n","ConditionExpression":"attribute_exists(id)","ExpressionAttributeValues":{":n":{"N":"%[2]d"}}}`},
}

// BenchmarkThroughput measures how many transactions of two conditional writes, and how many conditional updates, a second the engine
// takes over HTTP, on tables of so many items each; beside it DynamoDB Local, if it is there; and first how many of the transactions a
// server takes that only answers them: what a machine makes of one it makes of the others. Eight connections share the machine with the
// server; none sends before it has its answer.
func BenchmarkThroughput(b *testing.B) {
	b.Run("bare server", func(b *testing.B) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "{}") }))
		defer server.Close()
		writes[0].send(b, &conformance.Endpoint{URL: server.URL, Service: awsapi.DynamoDB}, 1_000)
	})
	for _, items := range []int{1_000, 1_000_000} {
		b.Run(fmt.Sprintf("%d items", items), func(b *testing.B) {
			side := func(name string, e *conformance.Endpoint) {
				fill(b, e, items)
				for _, w := range writes {
					b.Run(w.what+"/"+name, func(b *testing.B) { w.send(b, e, items) })
				}
			}
			side("engine", startDynamoDB(b))
			if url, present := reach(b, conformance.DynamoDBWitness); present {
				side("DynamoDB Local", &conformance.Endpoint{URL: url, AccessKey: account(), Service: awsapi.DynamoDB})
			}
		})
	}
}

// send sends b.N writes that each change one of the items.
func (w *write) send(b *testing.B, e *conformance.Endpoint, items int) {
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
				body.Reset()
				fmt.Fprintf(&body, w.body, n*7919%int64(items), n)
				request.Reset()
				io.WriteString(&request, c.head)
				fmt.Fprintf(&request, "%s\r\nContent-Length: %d\r\n\r\n", w.operation, body.Len())
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
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
	// What others do on the machine does not change this one. A server in another process is not in it.
	b.ReportMetric(float64(b.N)/(processorTime(b)-used).Seconds(), "writes/processor-s")
}

// processorTime is what this process has used, client and server together.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
