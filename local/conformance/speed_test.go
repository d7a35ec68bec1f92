package conformance_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/conformance"
)

// lean is a client that costs next to nothing: one connection, requests as bytes.
type lean struct {
	net.Conn
	reader *bufio.Reader
	head   string
}

func dial(b *testing.B, e *conformance.Endpoint) *lean {
	address := strings.TrimPrefix(e.URL, "http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	version, service := "1.0", "dynamodb"
	if e.Service == awsapi.Kinesis {
		version, service = "1.1", "kinesis"
	}
	return &lean{conn, bufio.NewReader(conn), "POST / HTTP/1.1\r\nHost: " + address + "\r\nContent-Type: application/x-amz-json-" + version +
		"\r\nX-Amz-Date: 20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 Credential=" + e.AccessKey + "/20260101/us-east-1/" + service +
		"/aws4_request, SignedHeaders=host, Signature=0\r\nX-Amz-Target: " + e.Service + "."}
}

func (l *lean) call(b *testing.B, operation, body string) []byte {
	if _, err := io.WriteString(l, l.head+operation+"\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body); err != nil {
		b.Fatal(err)
	}
	response, err := http.ReadResponse(l.reader, nil)
	if err != nil {
		b.Fatal(err)
	}
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		b.Fatalf("%s: %s %s %v", operation, response.Status, answer, err)
	}
	return answer
}

// BenchmarkSpeed measures the engines over HTTP and, if there are any, the witnesses, side by side:
//
//	go run ./tools/witnesses go test ./local/conformance -run ^$ -bench Speed
func BenchmarkSpeed(b *testing.B) {
	sides := map[string]*conformance.Endpoint{"ours": startDynamoDB(b)}
	if url, present := reach(b, conformance.DynamoDBWitness); present {
		sides["DynamoDB Local"] = &conformance.Endpoint{URL: url, AccessKey: account(), Service: awsapi.DynamoDB}
	}
	for name, e := range sides {
		c := dial(b, e)
		setup, cleanup := conformance.DynamoDBTables()
		for _, r := range setup {
			c.call(b, r.Operation, r.Body)
		}
		n := 0
		b.Run("transaction of two items/"+name, func(b *testing.B) {
			for b.Loop() {
				n++
				c.call(b, "TransactWriteItems", fmt.Sprintf(`{"TransactItems":[{"Put":{"TableName":"hash","Item":{"id":{"S":"%d"},"v":{"N":"1"}},"ConditionExpression":"attribute_not_exists(id)"}},`+
					`{"Put":{"TableName":"both","Item":{"id":{"S":"%d"},"n":{"N":"1"}},"ConditionExpression":"attribute_not_exists(id)"}}]}`, n, n))
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "transactions/s")
		})
		c.call(b, "PutItem", `{"TableName":"hash","Item":{"id":{"S":"counter"},"v":{"N":"0"}}}`)
		version := 0
		b.Run("conditional update/"+name, func(b *testing.B) {
			for b.Loop() {
				c.call(b, "UpdateItem", fmt.Sprintf(`{"TableName":"hash","Key":{"id":{"S":"counter"}},"UpdateExpression":"SET v = :n","ConditionExpression":"v = :o","ExpressionAttributeValues":{":o":{"N":"%d"},":n":{"N":"%d"}}}`, version, version+1))
				version++
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
		})
		for _, r := range cleanup {
			c.call(b, r.Operation, r.Body)
		}
		c.Close()
	}
}

// BenchmarkStreamSpeed does for Kinesis what BenchmarkSpeed does for DynamoDB, and then measures the engine with a million records in
// the stream. kinesis-mock takes four seconds for a request of 500 records once there are 10,000, so it is not filled.
func BenchmarkStreamSpeed(b *testing.B) {
	streamSpeed(b, "ours", startKinesis(b), 0)
	if url, present := reach(b, conformance.KinesisWitness); present {
		streamSpeed(b, "kinesis-mock", &conformance.Endpoint{URL: url, AccessKey: otherAccount(), Service: awsapi.Kinesis}, 0)
	}
	streamSpeed(b, "ours after 1000000", startKinesis(b), 1_000_000)
}

// streamSpeed measures puts to and gets from a stream with so many records already.
func streamSpeed(b *testing.B, name string, e *conformance.Endpoint, records int) {
	c := dial(b, e)
	defer c.Close()
	c.call(b, "CreateStream", `{"StreamName":"s","ShardCount":1}`)
	for !strings.Contains(string(c.call(b, "DescribeStreamSummary", `{"StreamName":"s"}`)), "ACTIVE") {
	}
	put := func(n int) string {
		return `{"StreamName":"s","Records":[` + strings.Repeat(`{"PartitionKey":"k","Data":"aGVsbG8="},`, n-1) + `{"PartitionKey":"k","Data":"aGVsbG8="}]}`
	}
	for range records / 500 {
		c.call(b, "PutRecords", put(500))
	}
	ten := put(10)
	b.Run("put of ten records/"+name, func(b *testing.B) {
		for b.Loop() {
			c.call(b, "PutRecords", ten)
		}
		b.ReportMetric(10*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	})
	var iterator struct{ ShardIterator string }
	answer := c.call(b, "GetShardIterator", `{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON"}`)
	if err := json.Unmarshal(answer, &iterator); err != nil {
		b.Fatal(err)
	}
	get := `{"ShardIterator":"` + iterator.ShardIterator + `","Limit":100}`
	b.Run("get of a hundred records/"+name, func(b *testing.B) {
		for b.Loop() {
			c.call(b, "GetRecords", get)
		}
		b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	})
}
