package badinput_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
)

// A generator makes requests that are mostly wrong, each in its own way. Left out is what an HTTP server answers by itself with 501
// or 505, encodings of the transfer and versions of the protocol that it does not know: no request gets that far. It depends on nothing but its random numbers.
type generator struct {
	*rand.Rand
	// known are ids of orders that exist.
	known []string
}

func pick[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

// mostly is usual but in one of ten cases.
func (g *generator) mostly(usual string, other ...string) string {
	if g.often(10) {
		return pick(g, other...)
	}
	return usual
}

// often is true in one of n cases.
func (g *generator) often(n int) bool { return g.IntN(n) == 0 }

// request returns a request as bytes on the wire, and whether the connection is of no use after it.
func (g *generator) request() (wire []byte, last bool) {
	method, path := g.route()
	body := g.body()
	if method == "GET" && !g.often(20) {
		body = nil
	}
	var b bytes.Buffer
	version := "HTTP/1.1"
	if g.often(500) {
		version, last = pick(g, "HTTP/1.0", "HTTP/1.", "http/1.1", ""), true
	}
	fmt.Fprintf(&b, "%s %s %s\r\n", method, path, version)
	if !g.often(1000) {
		b.WriteString("Host: " + g.mostly("127.0.0.1", "elsewhere.example", "[::1]:80", "a b") + "\r\n")
	}
	for range g.IntN(5) {
		name, value := g.header()
		b.WriteString(name + ": " + value + "\r\n")
	}
	if !g.often(10) {
		b.WriteString("Content-Type: " + g.contentType() + "\r\n")
	}
	if g.often(3) {
		b.WriteString("Idempotency-Key: " + g.key() + "\r\n")
	}
	if g.often(300) { // headers larger than an API takes
		b.WriteString("X-Large: " + strings.Repeat("a", pick(g, 9000, 10240, 11000, 60000)) + "\r\n")
	}
	switch {
	case g.often(200): // lengths that are not the body's
		last = true
		b.WriteString("Content-Length: " + pick(g, "-1", "x", fmt.Sprint(len(body)+g.IntN(100)), fmt.Sprint(len(body)/2), "99999999999999999999", "0x10") + "\r\n\r\n")
		b.Write(body)
	case g.often(200): // both lengths, or chunks that are none
		last = true
		b.WriteString(pick(g, "Content-Length: 5\r\n", "") + "Transfer-Encoding: " + "chunked\r\n\r\n")
		b.WriteString(pick(g, fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body), "zz\r\n", "5\r\nab", "ffffffffffffffff\r\n"))
	default:
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n", len(body))
		b.Write(body)
	}
	return b.Bytes(), last
}

func (g *generator) route() (method, path string) {
	id := g.id()
	method, path = pick(g, "POST", "GET", "POST", "GET"), pick(g, "/orders", "/orders", "/orders/"+id, "/orders/"+id+"/cancel", "/orders/"+id+"/fulfilment")
	if path == "/orders" {
		method = "POST"
	} else if strings.HasSuffix(path, "/cancel") {
		method = "POST"
	}
	if g.often(15) {
		path = pick(g, "/orders/../orders", "//orders", "/./orders", "/orders/", "/orders//", "/orders/%2e%2e/orders", "/orders/%2F", "/orders/%00", "/orders/%",
			"/orders/%zz", "/orders/%c0%af", "/orders/%ff/cancel", "/orders;x=1", "/orders?x=1&x=2&%zz", "/orders#fragment", "/%6frders", "/ORDERS", "/", "*",
			"http://elsewhere.example/orders", "/orders/"+strings.Repeat("A", 5000), "/"+strings.Repeat("a/", 500), "/orders/"+strings.Repeat("../", 50), "/$default/orders", "/orders\\x")
	}
	if g.often(30) {
		method = pick(g, "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT", "FETCH", "post", "G\x00T")
	}
	return method, path
}

func (g *generator) id() string {
	if len(g.known) > 0 && g.often(2) {
		return pick(g, g.known...)
	}
	return pick(g, "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01arz3ndektsv4rrffq69g5fav", "81ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FA", "x", "%20", "0", "-1", "null",
		"%E2%98%95", strings.Repeat("0", 26), strings.Repeat("Z", 26), strings.Repeat("7", 3000), "01ARZ3NDEKTSV4RRFFQ69G5FAV%00")
}

func (g *generator) contentType() string {
	return g.mostly("application/json", "application/json; charset=utf-8", "application/json;charset=utf-16",
		"application/json; charset", "text/plain", "application/octet-stream", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/cbor", "", "/", "json",
		"application/json, application/json", strings.Repeat("a", 2000), "\xff", `application/json; x="`)
}

func (g *generator) key() string {
	return g.mostly(fmt.Sprint("key-", g.IntN(10000)), "key", "", " ", strings.Repeat("k", 255), strings.Repeat("k", 256), strings.Repeat("k", 5000), "k\tk", "\x7f", "\xc3\xa9", "é☕", "\"", "a,b", "null")
}

func (g *generator) header() (name, value string) {
	name = pick(g, "traceparent", "X-Correlation-Id", "X-Amzn-Trace-Id", "Authorization", "Content-Encoding", "Cookie", "X-Forwarded-For", "Accept", "Origin", "Idempotency-Key", "X-Amz-Date", "Content-Type", "a b", "", "X:Y", "\xff")
	if !g.often(50) && (name == "a b" || name == "" || name == "X:Y" || name == "\xff") {
		name = "Accept"
	}
	value = pick(g, "", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-00000000000000000000000000000000-0000000000000000-00", "ff-0-0-0", "Root=1-x;Parent=y;Sampled=2", "Root=", ";;==",
		"gzip", "identity", "Bearer x", "AWS4-HMAC-SHA256 Credential=", "a=b; c", "\"\\", "\xff\xfe", strings.Repeat("v", g.IntN(500)), "1, 2, 3", "null", "{}", "☕", "a\tb")
	return name, value
}

// body is a request for an order that has been mistreated, or not.
func (g *generator) body() []byte {
	body := []byte(pick(g,
		`{"description":"two books"}`, `{"description":"three books"}`, `{"description":"four books"}`,
		`{"description":"two books","customerId":"c-1"}`,
		`{"description":"two books","customerId":"☕"}`,
		`{"description":"two books","items":[{"sku":"s","quantity":1,"unitPrice":100},{"sku":"t","quantity":2,"unitPrice":0}]}`,
		`{"description":" ☕ \u00e9 \ud834\udd1e ","customerId":"c","items":[{"sku":"s","quantity":10000,"unitPrice":9007199254740991}]}`,
		`{"description":"","items":[]}`, `{}`, `[]`, `null`, `""`, `0`, ``, ` `,
		`{"description":1e400}`, `{"description":"x","items":[{"sku":"s","quantity":1e9999999999,"unitPrice":-0}]}`, `{"description":"x","description":"y"}`,
		`{"description":"\ud800"}`, "{\"description\":\"a\xffb\"}", "\xef\xbb\xbf{\"description\":\"x\"}", "\xff\xfe{\x00\"\x00", "{\"description\":\"a\x00b\"}", `{"description":"x"}{"description":"x"}`,
		`{"description":"x","customerId":null,"items":null}`, `{"__proto__":{"description":"x"},"description":"x"}`, `{"description":{"S":"x"}}`, `NaN`, `{"description":"x",}`, `{'description':'x'}`))
	switch g.IntN(14) {
	case 0: // cut off
		body = body[:g.IntN(len(body)+1)]
	case 1: // some bytes are others
		for range 1 + g.IntN(4) {
			if len(body) > 0 {
				body[g.IntN(len(body))] = byte(g.Uint32())
			}
		}
	case 2: // deep
		n := pick(g, 10, 1000, 30000)
		body = []byte(`{"description":"x","items":` + strings.Repeat(pick(g, "[", `{"a":`), n) + strings.Repeat("]", n*g.IntN(2)) + `}`)
	case 3: // long numbers
		body = []byte(`{"description":"x","items":[{"sku":"s","quantity":` + strings.Repeat("9", pick(g, 5, 20, 400, 20000)) + `,"unitPrice":0.` + strings.Repeat("0", g.IntN(400)) + `1}]}`)
	case 4: // many members
		body = []byte(`{"description":"x"` + strings.Repeat(`,"a":1`, g.IntN(2000)) + `}`)
	case 5: // parts of it twice
		if len(body) > 0 {
			at := g.IntN(len(body))
			body = append(append(append([]byte{}, body[:at]...), body[at:]...), body[at:]...)
		}
	case 6: // nothing in common with it
		body = make([]byte, g.IntN(200))
		for i := range body {
			body[i] = byte(g.Uint32())
		}
	}
	if g.often(5000) { // larger than what the handlers, Lambda and API Gateway take
		body = []byte(`{"description":"` + strings.Repeat("x", pick(g, 130<<10, 1<<20, 7<<20, 11<<20)) + `"}`)
	}
	return body
}
