package stage_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"transactional-outbox/e2e/stage"
)

const complete = `{"apiUrl":"http://127.0.0.1:1","auth":"none","streamName":"s","streamArn":"arn:aws:kinesis:eu-west-1:000000000000:stream/s",
"region":"eu-west-1","stage":"local","ordersTable":"o","eventsTable":"e","fulfilmentsTable":"f","consumerMappingId":"m",
"deadLetterQueueUrl":"http://127.0.0.1:2/000000000000/q","functions":{"placeorder":"p"},"awsEndpoint":"http://127.0.0.1:2","more":1}`

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "outputs.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadOutputs(t *testing.T) {
	outputs, err := stage.ReadOutputs(write(t, complete))
	if err != nil {
		t.Fatal(err)
	}
	if outputs.OrdersTable != "o" || outputs.Functions["placeorder"] != "p" || outputs.AWSEndpoint == "" {
		t.Errorf("ReadOutputs = %+v", outputs)
	}
}

func TestReadOutputsNamesAllThatIsMissing(t *testing.T) {
	text := strings.NewReplacer(`"stage":"local",`, "", `"ordersTable":"o"`, `"ordersTable":""`).Replace(complete)
	_, err := stage.ReadOutputs(write(t, text))
	if err == nil || !strings.HasSuffix(err.Error(), "no output stage, ordersTable") {
		t.Errorf("ReadOutputs = %v, want both missing outputs named", err)
	}
}

func TestConnect(t *testing.T) {
	outputs, err := stage.ReadOutputs(write(t, complete))
	if err != nil {
		t.Fatal(err)
	}
	nothing := func(string) string { return "" }
	outputs.Auth = "jwt"
	if _, err := stage.Connect(outputs, nothing); err == nil {
		t.Error("Connect to a stage that wants a token succeeded without one")
	}
	outputs.Auth = "iam"
	desk, err := stage.Connect(outputs, nothing)
	if err != nil || !desk.IsDesk() {
		t.Errorf("Connect to a desk without credentials: %v", err)
	}
	outputs.AWSEndpoint = ""
	if _, err := stage.Connect(outputs, nothing); err == nil {
		t.Error("Connect to a deployed stage without credentials succeeded")
	}
	deployed, err := stage.Connect(outputs, func(name string) string { return name })
	if err != nil || deployed.IsDesk() {
		t.Fatalf("Connect to a deployed stage with credentials: %v", err)
	}
	for auth, want := range map[string]string{"none": "", "jwt": "Bearer API_TOKEN", "iam": "AWS4-HMAC-SHA256 Credential=AWS_ACCESS_KEY_ID/"} {
		deployed.Auth = auth
		request := httptest.NewRequest(http.MethodGet, "https://example.com/orders", nil)
		if err := deployed.Authorize(request, nil); err != nil {
			t.Errorf("%s: %v", auth, err)
		}
		if got := request.Header.Get("Authorization"); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: Authorization is %q, want %q", auth, got, want)
		}
	}
}
