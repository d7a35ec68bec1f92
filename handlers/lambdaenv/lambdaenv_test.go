package lambdaenv_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/lambdaenv"
)

func environment(pairs map[string]string) *lambdaenv.Environment {
	return lambdaenv.Read(func(name string) (string, bool) {
		value, ok := pairs[name]
		return value, ok
	})
}

func TestEverythingThatIsWrongIsToldAtOnce(t *testing.T) {
	e := environment(map[string]string{"EMPTY": "", "SHORT": "1s", "ODD": "30 days", "AWS_ENDPOINT_URL": "localhost:4566", "AWS_REGION": "eu-west-1"})
	e.Text("MISSING")
	e.Text("EMPTY")
	e.Duration("SHORT", time.Minute)
	e.Duration("ODD", time.Minute)
	e.Duration("ABSENT", time.Minute)
	e.DynamoDB()
	want := `environment: MISSING is missing, EMPTY is missing, SHORT is 1s, want at least 1m0s, ODD is "30 days", want a duration like 720h, ABSENT is missing, ` +
		`AWS_ENDPOINT_URL is "localhost:4566", want a URL like https://host, AWS_ACCESS_KEY_ID is missing, AWS_SECRET_ACCESS_KEY is missing`
	if got := fmt.Sprint(e.Err()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestACompleteEnvironmentIsRead(t *testing.T) {
	e := environment(map[string]string{"TABLE": "orders", "RETENTION": "720h"})
	if table, d, none := e.Text("TABLE"), e.Duration("RETENTION", time.Minute), e.URL("NONE"); table != "orders" || d != 720*time.Hour || none != "" || e.Err() != nil {
		t.Errorf("got %q, %s, %q, %v", table, d, none, e.Err())
	}
}

func credentials(url string) map[string]string {
	return map[string]string{"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "key-of-the-function", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}
}

// The connection that Warm opens is the one the first call uses.
func TestTheClientUsesTheConnectionThatIsWarm(t *testing.T) {
	var connections, calls atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			http.Error(w, "no such page", http.StatusNotFound)
			return
		}
		calls.Add(1)
		if got := r.Header.Get("X-Amz-Security-Token"); got != "token" {
			t.Errorf("token %q", got)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		fmt.Fprint(w, `{}`)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	client := environment(credentials(server.URL)).Client()
	client.Warm(t.Context())
	for range 3 {
		if _, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("orders"), Key: map[string]types.AttributeValue{"orderId": &types.AttributeValueMemberS{Value: "1"}}}); err != nil {
			t.Fatal(err)
		}
	}
	if connections.Load() != 1 || calls.Load() != 3 {
		t.Errorf("%d connections for %d calls, want 1 for 3", connections.Load(), calls.Load())
	}
}

func TestBothClientsNeedTheSameEnvironment(t *testing.T) {
	for name := range credentials("") {
		incomplete := credentials("http://127.0.0.1:1")
		delete(incomplete, name)
		direct, sdk := environment(incomplete), environment(incomplete)
		client := direct.Client()
		sdk.DynamoDB()
		optional := name == "AWS_ENDPOINT_URL" || name == "AWS_SESSION_TOKEN"
		if fmt.Sprint(direct.Err()) != fmt.Sprint(sdk.Err()) || (direct.Err() == nil) != optional || (client != nil) != optional {
			t.Errorf("without %s: %v and %v", name, direct.Err(), sdk.Err())
		}
	}
}

func TestTheSDKsClientCalls(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		fmt.Fprint(w, `{}`)
	}))
	defer server.Close()
	if _, err := environment(credentials(server.URL)).DynamoDB().ListTables(t.Context(), &dynamodb.ListTablesInput{}); err != nil {
		t.Error(err)
	}
}
