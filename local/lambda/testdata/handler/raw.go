package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// large is one byte more than Lambda accepts as a response.
const large = 6<<20 + 100 + 1

// exchange sends text to the Runtime API on a connection of its own and returns the answer. ID stands for the request id, LARGE for
// a body of large bytes.
func exchange(ctx context.Context, text string) (string, error) {
	conn, err := net.Dial("tcp", os.Getenv("AWS_LAMBDA_RUNTIME_API"))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	lc, _ := lambdacontext.FromContext(ctx)
	if _, err := io.WriteString(conn, strings.NewReplacer("ID", lc.AwsRequestID, "LARGE", strings.Repeat("x", large)).Replace(text)); err != nil {
		return "", err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return "closed", nil // the text of the error would differ from run to run
	}
	body, err := io.ReadAll(response.Body)
	return strconv.Itoa(response.StatusCode) + " " + strings.TrimSpace(string(body)), err
}

// answerUnread takes an invocation, of which it reads only the head, and answers it on a second connection.
func answerUnread() {
	ask, err := net.Dial("tcp", os.Getenv("AWS_LAMBDA_RUNTIME_API"))
	if err != nil {
		panic(err)
	}
	const runtime = "/2018-06-01/runtime/invocation/"
	if _, err := io.WriteString(ask, "GET "+runtime+"next HTTP/1.1\r\n\r\n"); err != nil {
		panic(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(ask), nil)
	if err != nil {
		panic(err)
	}
	answer := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + runtime + response.Header.Get("Lambda-Runtime-Aws-Request-Id") + "/response"
	if _, err := http.Post(answer, "application/json", strings.NewReader("{}")); err != nil {
		panic(err)
	}
	if _, err := http.Get("http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + runtime + "next"); err != nil {
		panic(err)
	}
}
