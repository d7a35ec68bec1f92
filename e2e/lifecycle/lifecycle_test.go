package lifecycle_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// declared lists "type name" of every cloud resource in the golden file of a stage.
func declared(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "stack", "testdata", name+".golden"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "aws:") || strings.HasPrefix(line, "transactional-outbox:") {
			all = append(all, strings.TrimSpace(line))
		}
	}
	if len(all) < 20 {
		t.Fatalf("only %d resources found in the golden file", len(all))
	}
	slices.Sort(all)
	return all
}

// with puts an operation before each resource.
func with(operation string, resources []string) changes {
	var all changes
	for _, r := range resources {
		all = append(all, operation+" "+r)
	}
	return all
}

func sorted(c changes) changes {
	c = slices.Clone(c)
	slices.Sort(c)
	return c
}

func expect(t *testing.T, what string, want, got changes, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
		t.Fatalf("%s: changes (-want +got):\n%s", what, diff)
	}
}

func TestLifecycle(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	dir := clone(t)
	s := b.stage(dir, "local")
	all := declared(t, "local")

	got, err := s.preview()
	expect(t, "preview of an empty stage", with("create", all), got, err)
	got, err = s.up()
	expect(t, "first up", with("create", all), got, err)
	api, fulfilments := s.output("apiUrl"), s.output("fulfilmentsTable")
	order := place(t, api)
	eventually(t, "fulfilment of "+order, func() bool { return status(t, api+"/orders/"+order+"/fulfilment") == http.StatusOK })

	for _, again := range []string{"second up", "third up"} {
		got, err := s.up()
		expect(t, again, nil, got, err)
	}
	elsewhere := b.stage(clone(t), "local")
	got, err = elsewhere.up()
	expect(t, "up from another clone", nil, got, err)

	t.Run("an edited handler updates one function, live", func(t *testing.T) {
		restore := edit(t, filepath.Join(dir, "handlers", "getorder", "main.go"), "orderapi.Fulfilment(states)",
			"func() httpapi.Handler { _ = states; return orderapi.Get(orders) }()")
		defer restore() // the next update takes the edit back
		got, err := s.preview()
		expect(t, "preview", changes{"update aws:lambda/function:Function getorder-function"}, got, err)
		got, err = s.up()
		expect(t, "up", changes{"update aws:lambda/function:Function getorder-function"}, got, err)
		if code, body := get(t, api+"/orders/"+order); code != http.StatusOK || !strings.Contains(body, "two books") {
			t.Errorf("the order of before: %d %s, want 200 and the order", code, body)
		}
		if code, body := get(t, api+"/orders/"+order+"/fulfilment"); code != http.StatusOK || !strings.Contains(body, "two books") {
			t.Errorf("the edited function answers %d %s, want 200 and the order", code, body)
		}
	})

	t.Run("a handler that does not compile changes nothing", func(t *testing.T) {
		broken := filepath.Join(dir, "handlers", "cancelorder", "main.go")
		restore := edit(t, broken, "func main() {\n", "func main() {\n\tundefinedName()\n")
		got, err := s.up()
		for _, want := range []string{`build handler "cancelorder"`, "handlers/cancelorder/main.go:", "undefined: undefinedName"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want an error with %s", err, want)
			}
		}
		if err != nil && strings.Contains(err.Error(), "goroutine ") {
			t.Errorf("a stack trace in %v", err)
		}
		expect(t, "up", nil, got, nil)
		restore()
	})

	t.Run("wrong configuration changes nothing", func(t *testing.T) {
		s.set(map[string]string{"transactional-outbox:consumerBatchSize": "0", "transactional-outbox:logRetentionDays": "8"})
		got, err := s.up()
		for _, want := range []string{"consumerBatchSize", "logRetentionDays"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want an error that names %s", err, want)
			}
		}
		if err != nil && strings.Contains(err.Error(), "goroutine ") {
			t.Errorf("a stack trace in %v", err)
		}
		expect(t, "up", nil, got, nil)
		s.set(map[string]string{"transactional-outbox:consumerBatchSize": "500", "transactional-outbox:logRetentionDays": "1"})
	})

	t.Run("configuration changes in place, live", func(t *testing.T) {
		s.set(map[string]string{"transactional-outbox:consumerBatchSize": "50", "transactional-outbox:logRetentionDays": "3"})
		got, err := s.up()
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range got {
			if !strings.HasPrefix(change, "update ") {
				t.Errorf("%s, want updates only", change)
			}
		}
		second := place(t, api)
		eventually(t, "fulfilment of "+second, func() bool { return status(t, api+"/orders/"+second+"/fulfilment") == http.StatusOK })
		if code := status(t, api+"/orders/"+order); code != http.StatusOK {
			t.Errorf("the order of before: %d, want 200", code)
		}
	})

	t.Run("refresh finds a table that was deleted", func(t *testing.T) {
		b.deleteTable(fulfilments)
		got, err := s.refresh()
		expect(t, "refresh", changes{"delete aws:dynamodb/table:Table fulfilment-fulfilments"}, got, err)
		got, err = s.up()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(got, "create aws:dynamodb/table:Table fulfilment-fulfilments") {
			t.Errorf("changes %q, want the table created again", got)
		}
		third := place(t, api)
		eventually(t, "fulfilment of "+third, func() bool { return status(t, api+"/orders/"+third+"/fulfilment") == http.StatusOK })
	})

	t.Run("another region than the desk's is refused", func(t *testing.T) {
		s.set(map[string]string{"aws:region": "us-east-1"})
		_, err := s.preview()
		if err == nil || !strings.Contains(err.Error(), "this desk is in region eu-west-1 and the stage in us-east-1") {
			t.Errorf("got %v, want an error that names both regions", err)
		}
		s.set(map[string]string{"aws:region": "eu-west-1"})
	})

	needs := s.dependencies()
	got, err = s.destroy()
	expect(t, "destroy", with("delete", all), got, err)
	inOrder(t, needs, got)
	got, err = s.destroy()
	expect(t, "destroy again", nil, got, err)
	if left := b.cloud.Resources(); len(left) != 0 {
		t.Errorf("left on the desk: %q", left)
	}
	if _, err := http.Get(api); err == nil {
		t.Error("the API still answers")
	}
}

// inOrder checks that everything was deleted before what it needs.
func inOrder(t *testing.T, needs map[string][]string, deleted changes) {
	t.Helper()
	at, checked := map[string]int{}, 0
	for i, change := range deleted {
		at[strings.TrimPrefix(change, "delete ")] = i
	}
	for what, others := range needs {
		for _, other := range others {
			before, here := at[what]
			after, there := at[other]
			if here && there {
				checked++
			}
			if here && there && before > after {
				t.Errorf("%s was deleted before %s, which needs it", other, what)
			}
		}
	}
	if checked < len(deleted) {
		t.Errorf("only %d dependencies among %d resources", checked, len(deleted))
	}
}

// place places an order and returns its id.
func place(t *testing.T, api string) string {
	t.Helper()
	response, err := http.Post(strings.TrimSuffix(api, "/")+"/orders", "application/json", strings.NewReader(`{"description":"two books"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		text, _ := io.ReadAll(response.Body)
		t.Fatalf("POST /orders: %s %s", response.Status, text)
	}
	return strings.TrimPrefix(response.Header.Get("Location"), "/orders/")
}

func status(t *testing.T, url string) int {
	t.Helper()
	code, _ := get(t, url)
	return code
}

func get(t *testing.T, url string) (code int, body string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("%s did not come true", what)
		case <-ticker.C:
		}
	}
}

// edit replaces text in a file and returns how to undo it.
func edit(t *testing.T, path, old, new string) (restore func()) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), old); n != 1 {
		t.Fatalf("%q stands %d times in %s, want once", old, n, path)
	}
	write(t, path, strings.Replace(string(text), old, new, 1))
	return func() { write(t, path, string(text)) }
}

func TestTwoStagesDoNotTouchEachOther(t *testing.T) {
	t.Parallel()
	b := newBench(t, buildOnce)
	dir := clone(t)
	first, second := b.stage(dir, "local"), b.stage(dir, "outbox")
	for _, s := range []*stage{first, second} {
		if _, err := s.up(); err != nil {
			t.Fatal(err)
		}
	}
	firstOutputs, secondOutputs := first.outputs(), second.outputs()
	for name, output := range firstOutputs {
		configured := name == "region" || name == "auth"
		if other := secondOutputs[name]; !configured && fmt.Sprint(other) == fmt.Sprint(output) {
			t.Errorf("both stages have %s %v", name, output)
		}
	}
	firstAPI, secondAPI := firstOutputs["apiUrl"].(string), secondOutputs["apiUrl"].(string)
	order := place(t, firstAPI)
	if code := status(t, secondAPI+"/orders/"+order); code != http.StatusNotFound {
		t.Errorf("the second stage answers %d for an order of the first, want 404", code)
	}
	got, err := second.destroy()
	expect(t, "destroy of the second", with("delete", declared(t, "outbox")), got, err)
	order = place(t, firstAPI)
	eventually(t, "fulfilment of "+order, func() bool { return status(t, firstAPI+"/orders/"+order+"/fulfilment") == http.StatusOK })
	got, err = first.up()
	expect(t, "up of the first", nil, got, err)
}
