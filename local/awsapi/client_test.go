package awsapi_test

import (
	"bufio"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// rawClient sends the same bytes again and again, so that a benchmark measures the server rather than net/http's client.
type rawClient struct {
	net.Conn
	reader  *bufio.Reader
	request []byte
}

func dial(tb testing.TB, url string) *rawClient {
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		tb.Error(err)
		return nil
	}
	body := strings.Repeat("x", 1024)
	request := "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Target: DynamoDB_20120810.PutItem\r\n" +
		"Authorization: " + signature + "\r\nX-Amz-Date: 20261124T000000Z\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
	return &rawClient{conn, bufio.NewReader(conn), []byte(request)}
}

func (c *rawClient) roundTrip(tb testing.TB) {
	if _, err := c.Write(c.request); err != nil {
		tb.Error(err)
		return
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		tb.Error(err)
		return
	}
	_, _ = io.Copy(io.Discard, response.Body)
	if response.StatusCode != http.StatusOK {
		tb.Errorf("status = %d", response.StatusCode)
	}
}

func checksum(body string) string {
	return strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(body))), 10)
}
