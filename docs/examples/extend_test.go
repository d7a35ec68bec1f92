package examples_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/e2e/desk"
	"transactional-outbox/e2e/stage"
	"transactional-outbox/e2e/wait"
)

func TestMain(m *testing.M) {
	desk.Keep()
	os.Exit(m.Run())
}

const root = "../.."

// extended is a desk that runs the project with a patch of this folder applied.
type extended struct {
	*testing.T
	*stage.Stage
	outputs map[string]any
	project string // its folder
}

// extend copies the project, applies the patch, insists that go vet has nothing to say, and starts the desk of the copy.
func extend(t *testing.T, patch string) *extended {
	t.Helper()
	t.Parallel()
	folder := t.TempDir()
	project := filepath.Join(folder, "project")
	run(t, root, "sh", "-c", `mkdir -p "$1" && git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -cf - -T - 2>/dev/null | tar -xf - -C "$1"`, "copy", project)
	text, err := os.ReadFile(patch)
	if err != nil {
		t.Fatal(err)
	}
	checkSize(t, text)
	absolute, err := filepath.Abs(patch)
	if err != nil {
		t.Fatal(err)
	}
	run(t, project, "git", "apply", "-C1", absolute)
	run(t, project, "go", "vet", "./stack", "./handlers/...")
	executable, err := desk.Build(t.Context(), project, folder)
	if err != nil {
		t.Fatal(err)
	}
	d, err := desk.Start(t.Context(), executable, project, folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Stop(); err != nil {
			t.Errorf("%v\n%s", err, d.Log())
		}
	})
	outputs, err := stage.ReadOutputs(d.Outputs)
	if err != nil {
		t.Fatal(err)
	}
	x := &extended{T: t, project: project}
	if x.Stage, err = stage.Connect(outputs, func(string) string { return "" }); err != nil {
		t.Fatal(err)
	}
	all, err := os.ReadFile(d.Outputs)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(all, &x.outputs); err != nil {
		t.Fatal(err)
	}
	return x
}

func run(t *testing.T, folder string, command ...string) (output string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), command[0], command[1:]...)
	c.Dir = folder
	said, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", command, err, said)
	}
	return string(said)
}

// checkSize holds an extension to what the components promise: one new folder of a handler, and ten lines in stack.
func checkSize(t *testing.T, patch []byte) {
	t.Helper()
	var file string
	lines, folders := 0, map[string]bool{}
	for line := range strings.SplitSeq(string(patch), "\n") {
		if name, ok := strings.CutPrefix(line, "+++ b/"); ok {
			file = name
			continue
		}
		if strings.HasPrefix(line, "new file") {
			continue
		}
		if strings.HasPrefix(file, "stack/") && strings.HasPrefix(line, "+") && strings.TrimSpace(line) != "+" {
			lines++
		}
	}
	for _, found := range regexp.MustCompile(`(?m)^--- /dev/null\n\+\+\+ b/(.+)/[^/]+$`).FindAllSubmatch(patch, -1) {
		folders[string(found[1])] = true
	}
	if lines > 10 || len(folders) > 1 {
		t.Errorf("the extension takes %d lines in stack and the new folders %v", lines, folders)
	}
}

// send sends a request to the API and returns the status and the order in the answer.
func (x *extended) send(method, path, body string) (status int, order struct{ OrderID, Status string }) {
	x.Helper()
	r, err := http.NewRequestWithContext(x.Context(), method, x.APIURL+path, strings.NewReader(body))
	if err != nil {
		x.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		x.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		x.Fatal(err)
	}
	json.NewDecoder(bytes.NewReader(text)).Decode(&order) // a problem has neither
	return response.StatusCode, order
}

func (x *extended) place() (orderID string) {
	x.Helper()
	status, order := x.send("POST", "/orders", `{"description":"two books"}`)
	if status != http.StatusCreated {
		x.Fatalf("place an order: %d", status)
	}
	return order.OrderID
}

// becomes waits until the item of an order in a table has the status.
func (x *extended) becomes(table, orderID, want string) {
	x.Helper()
	if err := wait.Until(x.Context(), 30*time.Second, func(ctx context.Context) error {
		out, err := x.DynamoDB.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: &table, Key: map[string]types.AttributeValue{"orderId": &types.AttributeValueMemberS{Value: orderID}},
		})
		if err != nil {
			return wait.Stop(err)
		}
		if got, ok := out.Item["status"].(*types.AttributeValueMemberS); !ok || got.Value != want {
			return fmt.Errorf("order %s in %s is %v, want %s", orderID, table, out.Item, want)
		}
		return nil
	}); err != nil {
		x.Error(err)
	}
}

func TestANewEventTypeAndItsCommand(t *testing.T) {
	x := extend(t, "ship-orders.patch")
	orderID := x.place()
	if status, order := x.send("POST", "/orders/"+orderID+"/ship", ""); status != http.StatusOK || order.Status != "SHIPPED" {
		t.Errorf("ship: %d %+v", status, order)
	}
	x.becomes(x.FulfilmentsTable, orderID, "SHIPPED")
	if status, _ := x.send("POST", "/orders/"+orderID+"/cancel", ""); status != http.StatusUnprocessableEntity {
		t.Errorf("cancel what is shipped: %d", status)
	}
	if status, order := x.send("POST", "/orders/"+orderID+"/ship", ""); status != http.StatusOK || order.Status != "SHIPPED" {
		t.Errorf("ship again: %d %+v", status, order)
	}
}

func TestASecondConsumerHasAPositionAndDeadLettersOfItsOwn(t *testing.T) {
	x := extend(t, "second-consumer.patch")
	orderID := x.place()
	invoices, _ := x.outputs["invoicesTable"].(string)
	x.becomes(invoices, orderID, "OPEN")
	x.becomes(x.FulfilmentsTable, orderID, "REQUESTED")
	if status, _ := x.send("POST", "/orders/"+orderID+"/cancel", ""); status != http.StatusOK {
		t.Errorf("cancel: %d", status)
	}
	x.becomes(invoices, orderID, "VOID")
	x.becomes(x.FulfilmentsTable, orderID, "CANCELLED")
	if queue := x.outputs["invoicesDeadLetterQueueUrl"]; queue == nil || queue == x.DeadLetterQueueURL {
		t.Errorf("dead letters go to %v", queue)
	}
	x.Run("the operator's commands", func(t *testing.T) { x.operates(t, orderID) })
	// Its alarms have come with it.
	endpoint, _ := x.outputs["awsEndpoint"].(string)
	page, err := http.Get(endpoint + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	text, err := io.ReadAll(page.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, alarm := range []string{"dead-letters", "gave-up", "behind", "parked", "errors"} {
		if !strings.Contains(string(text), `alarm_firing{alarm="watch-billing-`+alarm+`-`) {
			t.Errorf("there is no alarm watch-billing-%s", alarm)
		}
	}
}

// operates has the operator's commands look at the second consumer, through outputs made as docs/extend.md makes them.
func (x *extended) operates(t *testing.T, orderID string) {
	if _, err := exec.LookPath("jq"); err != nil {
		t.Skipf("docs/extend.md needs jq, which CI installs: %v", err)
	}
	folder := t.TempDir()
	all, err := json.Marshal(x.outputs)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "outputs.json"), all, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(root + "/docs/extend.md")
	if err != nil {
		t.Fatal(err)
	}
	filter := regexp.MustCompile(`(?m)\| jq '(.+)' > billing\.json$`).FindSubmatch(page)
	if filter == nil {
		t.Fatal("docs/extend.md says no more how to make the outputs")
	}
	run(t, folder, "sh", "-c", `jq "$1" outputs.json > billing.json`, "jq", string(filter[1]))
	outputs := filepath.Join(folder, "billing.json")
	if said := run(t, x.project, "go", "run", "./ops", "trace", "-outputs", outputs, "-order", orderID); !strings.Contains(said, "VOID") {
		t.Errorf("trace does not tell of the invoice:\n%s", said)
	}
	run(t, x.project, "go", "run", "./ops", "redrive", "-outputs", outputs)
}
