package dynamo_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"transactional-outbox/handlers/dynamo"
)

func TestRequestsAreSignedAsTheSDKDoes(t *testing.T) {
	for _, token := range []string{"", "session-token"} {
		for day := range 3 {
			now := time.Date(2026, 11, 24+day, 12, 0, 0, 0, time.UTC)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				want, err := http.NewRequest(http.MethodPost, "http://"+r.Host+r.URL.Path, bytes.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				for _, name := range []string{"Content-Type", "X-Amz-Target"} {
					want.Header.Set(name, r.Header.Get(name))
				}
				want.ContentLength = -1 // the SDK would sign the length too
				err = v4.NewSigner().SignHTTP(r.Context(), aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret", SessionToken: token}, want,
					fmt.Sprintf("%x", sha256.Sum256(body)), "dynamodb", "eu-west-1", now)
				if got, want := r.Header.Get("Authorization"), want.Header.Get("Authorization"); got != want || err != nil {
					t.Errorf("got  %s\nwant %s, %v", got, want, err)
				}
				fmt.Fprint(w, "{}")
			}))
			client := newClient(t, dynamo.Config{Endpoint: server.URL, Token: token, Now: func() time.Time { return now }})
			for range 2 {
				if _, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("orders"), Key: item{"orderId": text("é")}}); err != nil {
					t.Error(err)
				}
			}
			server.Close()
		}
	}
}

func TestCallsAreRepeatedWhereItHelps(t *testing.T) {
	aws := func(status int, code string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amzn-Requestid", "REQUEST1")
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"because"}`, code)
		}
	}
	dropped := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "{")
	}
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		calls   int32
		class   dynamo.Class
		told    string
	}{
		"server's failure":    {aws(500, "InternalServerError"), 3, dynamo.Unavailable, "because"},
		"gateway's failure":   {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusBadGateway) }, 3, dynamo.Unavailable, "Bad Gateway"},
		"throttled":           {aws(400, "ThrottlingException"), 3, dynamo.Throttled, "ThrottlingException"},
		"throughput exceeded": {aws(400, "ProvisionedThroughputExceededException"), 3, dynamo.Throttled, "REQUEST1"},
		"still in progress":   {aws(400, "TransactionInProgressException"), 3, dynamo.Conflict, "because"},
		"connection dropped":  {dropped, 3, dynamo.Unavailable, "EOF"},
		"answer cut short":    {cut, 3, dynamo.Unavailable, "EOF"},
		"conflict":            {aws(400, "TransactionConflictException"), 1, dynamo.Conflict, "because"},
		"canceled":            {aws(400, "TransactionCanceledException"), 1, dynamo.Other, "because"},
		"failed condition":    {aws(400, "ConditionalCheckFailedException"), 1, dynamo.Other, "because"},
		"denied":              {aws(400, "AccessDeniedException"), 1, dynamo.Other, "AccessDeniedException"},
		"another's answer":    {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }, 1, dynamo.Other, "Forbidden"},
		"no JSON":             {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, 1, dynamo.Unavailable, "answer of GetItem"},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				test.handler(w, r)
			}))
			defer server.Close()
			server.Config.ErrorLog = nil
			_, err := newClient(t, dynamo.Config{Endpoint: server.URL}).GetItem(t.Context(), &dynamodb.GetItemInput{})
			if err == nil || dynamo.Classify(err) != test.class || calls.Load() != test.calls || !strings.Contains(err.Error(), test.told) {
				t.Errorf("%d calls, want %d; class %d: %v", calls.Load(), test.calls, dynamo.Classify(err), err)
			}
		})
	}
}

func TestALaterAttemptMaySucceed(t *testing.T) {
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err != nil || string(body) != `{"TableName":"t"}` {
			t.Errorf("got %q, %v", body, err)
		}
		if calls.Add(1) < 3 {
			http.Error(w, "", http.StatusServiceUnavailable)
			return
		}
		w.(http.Flusher).Flush() // an answer without a length
		fmt.Fprint(w, `{"Item":{"a":{"S":"b"}},"ConsumedCapacity":{}}`)
	}))
	defer server.Close()
	out, err := newClient(t, dynamo.Config{Endpoint: server.URL}).GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("t")})
	if err != nil || cmp.Diff(item{"a": text("b")}, out.Item, sameAnswer) != "" {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestTheContextEndsACall(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var calls atomic.Int32
	answered := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		calls.Add(1)
		cancel()
		<-answered
	}))
	defer server.Close()
	defer close(answered)
	client := newClient(t, dynamo.Config{Endpoint: server.URL})
	if _, err := client.GetItem(ctx, &dynamodb.GetItemInput{}); !errors.Is(err, context.Canceled) || calls.Load() != 1 {
		t.Errorf("got %v after %d calls", err, calls.Load())
	}
	client.Warm(ctx) // fails, and says nothing
}

func TestEndpoints(t *testing.T) {
	for region, host := range map[string]string{"eu-west-1": "dynamodb.eu-west-1.amazonaws.com", "cn-north-1": "dynamodb.cn-north-1.amazonaws.com.cn"} {
		var asked string
		client, err := dynamo.New(dynamo.Config{Region: region, Attempts: 1, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			asked = r.URL.String()
			return nil, errors.New("no network")
		})})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{}); err == nil || asked != "https://"+host+"/" {
			t.Errorf("%s: asked %s", region, asked)
		}
	}
	for _, c := range []dynamo.Config{{}, {Endpoint: "http://host"}, {Region: "eu west"}, {Region: "r", Endpoint: "://"}, {Region: "r", Endpoint: "host"}} {
		if _, err := dynamo.New(c); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
