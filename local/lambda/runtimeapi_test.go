package lambda_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"transactional-outbox/local/lambda"
)

// A function that talks to the Runtime API itself, while it has an invocation.
func TestRuntimeAPI(t *testing.T) {
	const runtime = "/2018-06-01/runtime/"
	post := func(path, headers, body string) string {
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n%s", path, headers, len(body), body)
	}
	refused := func(status int, errorType, message string) string {
		return fmt.Sprintf(`%d {"errorType":"%s","errorMessage":"%s"}`, status, errorType, message)
	}
	for _, test := range []struct{ name, send, want string }{
		{"answer to another invocation", post(runtime+"invocation/other/response", "", "{}"), refused(400, "InvalidRequestID", "Invalid request ID")},
		{"init error too late", post(runtime+"init/error", "", "{}"), refused(403, "InvalidStateTransition", "State transition is not allowed")},
		{"unknown path", post(runtime+"invocation/ID/other", "", "{}"),
			refused(404, "Runtime.NotSupported", "POST /2018-06-01/runtime/invocation/ID/other is not supported here")},
		{"unknown method", "PUT " + runtime + "invocation/ID/response HTTP/1.1\r\n\r\n",
			refused(404, "Runtime.NotSupported", "PUT /2018-06-01/runtime/invocation/ID/response is not supported here")},
		{"extensions", post("/2020-01-01/extension/register", "", "{}"),
			refused(404, "Runtime.NotSupported", "POST /2020-01-01/extension/register is not supported here")},
		{"not HTTP", "hello\r\n\r\n", "closed"},
		{"header without a colon", "POST /x HTTP/1.1\r\nhello\r\n\r\n", "closed"},
		{"broken length", "POST /x HTTP/1.1\r\nContent-Length: many\r\n\r\n", "closed"},
		{"unknown transfer encoding", "POST /x HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", "closed"},
		{"broken chunk", "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nmany\r\n", "closed"},
		{"chunk longer than said", "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", "closed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, function(t), nil)
			event, _ := json.Marshal(map[string]string{"do": "raw", "text": test.send})
			r := invoke(t, s, string(event))
			var got string
			if err := json.Unmarshal(r.Payload, &got); err != nil {
				t.Fatalf("payload %s: %v", r.Payload, err)
			}
			if got = strings.ReplaceAll(got, r.RequestID, "ID"); got != test.want {
				t.Errorf("answer = %s\nwant %s", got, test.want)
			}
		})
	}
}

// What a function posts first is its answer, however it posts it.
func TestAnswersPostedByHand(t *testing.T) {
	const path = "POST /2018-06-01/runtime/invocation/ID"
	for _, test := range []struct {
		name, send, payload, functionError string
	}{
		{"response", path + "/response HTTP/1.1\r\nContent-Length: 4\r\n\r\n\"ok\"", `"ok"`, ""},
		{"chunks", path + "/response HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n2;x=y\r\n\"o\r\n2\r\nk\"\r\n0\r\n\r\n", `"ok"`, ""},
		{"long header", path + "/response HTTP/1.1\r\nX-Long: " + strings.Repeat("y", 10000) + "\r\ncontent-length: 4\r\n\r\n\"ok\"", `"ok"`, ""},
		{"expecting 100 Continue", path + "/response HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n\"ok\"", `"ok"`, ""},
		{"HTTP/1.0", path + "/response HTTP/1.0\r\nContent-Length: 4\r\n\r\n\"ok\"", `"ok"`, ""},
		{"error", path + "/error HTTP/1.1\r\nLambda-Runtime-Function-Error-Type: Own\r\nContent-Length: 2\r\n\r\n{}", `{}`, "Unhandled"},
		{"failure half way", path + "/response HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n\"o\r\n0\r\n" +
			"Lambda-Runtime-Function-Error-Type: Own\r\nLambda-Runtime-Function-Error-Body: eyJhIjoxfQ==\r\n\r\n", `{"a":1}`, "Unhandled"},
		{"failure half way without a body", path + "/response HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" +
			"Lambda-Runtime-Function-Error-Type: Own\r\n\r\n", `{"errorType":"Own","errorMessage":""}`, "Unhandled"},
		{"too large", path + "/response HTTP/1.1\r\nContent-Length: 6291557\r\n\r\nLARGE",
			`{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}`, "Unhandled"},
		{"asking for the next invocation", "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n",
			`{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime asked for the next invocation before it answered"}`, "Unhandled"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, function(t), nil)
			event, _ := json.Marshal(map[string]string{"do": "raw", "text": test.send})
			r := invoke(t, s, string(event))
			if got := strings.ReplaceAll(string(r.Payload), r.RequestID, "ID"); got != test.payload || r.FunctionError != test.functionError {
				t.Errorf("result = %q %s\nwant %q %s", r.FunctionError, got, test.functionError, test.payload)
			}
			if r := invoke(t, s, `{"do":"version"}`); r.FunctionError != "" {
				t.Errorf("the next invocation failed: %s", r.Payload)
			}
		})
	}
}

func TestPayloadSizes(t *testing.T) {
	s := start(t, function(t), nil)
	payload := func(n int) string {
		return `{"do":"echo","text":"` + strings.Repeat("x", n-len(`{"do":"echo","text":""}`)) + `"}`
	}
	for _, n := range []int{100, 4096, 4097, 100_000, lambda.MaxPayload} {
		if r := invoke(t, s, payload(n)); string(r.Payload) != payload(n) {
			t.Errorf("a payload of %d bytes came back as %d bytes: %.100s", n, len(r.Payload), r.Payload)
		}
	}
	_, err := s.Invoke(t.Context(), "hello", []byte(payload(lambda.MaxPayload+1)), nil)
	wantCode(t, err, "RequestTooLargeException")
	if want := "RequestTooLargeException: 6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)"; err.Error() != want {
		t.Errorf("error = %v\nwant %s", err, want)
	}
	if r := invoke(t, s, ""); !strings.Contains(string(r.Payload), `cannot do \"\"`) {
		t.Errorf("an empty payload reached the function as %s, want {}", r.Payload)
	}
}

// An answer counts once the payload is written out, because the caller may use the payload again when it has the answer. The function
// here never reads the payload, which is more than a connection buffers.
func TestAnswerBeforeThePayloadIsRead(t *testing.T) {
	f := function(t)
	f.Environment = map[string]string{"INIT": "hasty"}
	f.Timeout = 500 * time.Millisecond
	s := start(t, f, nil)
	payload := strings.Repeat("x", lambda.MaxPayload)
	r := invoke(t, s, payload)
	if want := `"errorType":"Sandbox.Timedout"`; r.FunctionError != "Unhandled" || !strings.Contains(string(r.Payload), want) {
		t.Errorf("result = %q %.200s\nwant Unhandled with %s", r.FunctionError, r.Payload, want)
	}
}
