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

// BenchmarkStreamSpeed does for Kinesis what BenchmarkSpeed does for DynamoDB.
func BenchmarkStreamSpeed(b *testing.B) {
	sides := map[string]*conformance.Endpoint{"ours": startKinesis(b)}
	if url, present := reach(b, conformance.KinesisWitness); present {
		sides["kinesis-mock"] = &conformance.Endpoint{URL: url, AccessKey: otherAccount(), Service: awsapi.Kinesis}
	}
	for name, e := range sides {
		c := dial(b, e)
		c.call(b, "CreateStream", `{"StreamName":"s","ShardCount":1}`)
		for !strings.Contains(string(c.call(b, "DescribeStreamSummary", `{"StreamName":"s"}`)), "ACTIVE") {
		}
		put := `{"StreamName":"s","Records":[` + strings.Repeat(`{"PartitionKey":"k","Data":"aGVsbG8="},`, 9) + `{"PartitionKey":"k","Data":"aGVsbG8="}]}`
		b.Run("put of ten records/"+name, func(b *testing.B) {
			for b.Loop() {
				c.call(b, "PutRecords", put)
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
		c.Close()
	}
}
