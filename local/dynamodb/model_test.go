package dynamodb_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// model is a table of counters, as simple as can be.
type model map[string]int

// action is one action of a transaction on a counter.
type action struct {
	kind, key string
	n         int
}

var actionKinds = []string{"put", "put if absent", "add", "add if equal", "delete", "delete if present", "check present", "check absent"}

// apply performs the action on the model and reports whether its condition held.
func (a action) apply(m model) bool {
	n, present := m[a.key]
	switch a.kind {
	case "put":
		m[a.key] = a.n
	case "put if absent":
		m[a.key] = a.n
		return !present
	case "add":
		m[a.key] = n + a.n
	case "add if equal":
		m[a.key] = n + 1
		return present && n == a.n
	case "delete":
		delete(m, a.key)
	case "delete if present":
		delete(m, a.key)
		return present
	case "check present":
		return present
	case "check absent":
		return !present
	}
	return true
}

func (a action) json() string {
	const absent, present = `,"ConditionExpression":"attribute_not_exists(pk)"`, `,"ConditionExpression":"attribute_exists(pk)"`
	put := func(condition string) string {
		return fmt.Sprintf(`{"Put":{"TableName":"hash","Item":{"pk":{"S":"%s"},"n":{"N":"%d"}}%s}}`, a.key, a.n, condition)
	}
	keyed := func(kind, more string) string {
		return fmt.Sprintf(`{"%s":{"TableName":"hash","Key":{"pk":{"S":"%s"}}%s}}`, kind, a.key, more)
	}
	switch a.kind {
	case "put":
		return put("")
	case "put if absent":
		return put(absent)
	case "add":
		return keyed("Update", fmt.Sprintf(`,"UpdateExpression":"ADD n :n","ExpressionAttributeValues":{":n":{"N":"%d"}}`, a.n))
	case "add if equal":
		return keyed("Update", fmt.Sprintf(`,"UpdateExpression":"SET n = n + :one","ConditionExpression":"n = :n","ExpressionAttributeValues":{":n":{"N":"%d"},":one":{"N":"1"}}`, a.n))
	case "delete":
		return keyed("Delete", "")
	case "delete if present":
		return keyed("Delete", present)
	case "check present":
		return keyed("ConditionCheck", present)
	}
	return keyed("ConditionCheck", absent)
}

// TestTransactionsAgreeWithAModel performs random transactions here and there, and compares outcomes, contents and the feed, from
// which alone the contents can be rebuilt.
func TestTransactionsAgreeWithAModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		e, _ := newEngine(t)
		defer e.Close()
		feed, err := e.Feed("hash")
		if err != nil {
			r.Fatal(err)
		}
		here, rebuilt, changes := model{}, model{}, 0
		for range rapid.IntRange(1, 30).Draw(r, "transactions") {
			keys := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}), 1, 4, rapid.ID).Draw(r, "keys")
			next, codes, items, failed := maps.Clone(here), []string{}, []string{}, false
			for _, key := range keys {
				a := action{rapid.SampledFrom(actionKinds).Draw(r, "kind"), key, rapid.IntRange(0, 3).Draw(r, "n")}
				code := "None"
				if !a.apply(next) {
					code, failed = "ConditionalCheckFailed", true
				}
				codes, items = append(codes, code), append(items, a.json())
			}
			got := call(e, "TransactWriteItems", `{"TransactItems":[`+strings.Join(items, ",")+`]}`)
			want := "{}"
			if failed {
				want = "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [" + strings.Join(codes, ", ") + "]"
			} else {
				changes += differences(here, next)
				here = next
			}
			if !strings.HasPrefix(got, want) {
				r.Fatalf("%s\n got: %s\nwant: %s", items, got, want)
			}
		}
		if got := contents(t, call(e, "Scan", `{"TableName":"hash"}`)); !maps.Equal(got, here) {
			r.Fatalf("got %v, want %v", got, here)
		}
		if changes == 0 {
			return
		}
		read := next(t, feed, 0)
		for _, c := range read {
			key := ask[map[string]map[string]string](t, string(c.Keys))["pk"]["S"]
			if delete(rebuilt, key); c.NewImage != nil {
				maps.Copy(rebuilt, contents(t, `{"Items":[`+string(c.NewImage)+`]}`))
			}
		}
		if len(read) != changes || !maps.Equal(rebuilt, here) {
			r.Fatalf("the feed has %d changes that make %v, want %d that make %v", len(read), rebuilt, changes, here)
		}
	})
}

func differences(a, b model) int {
	n := 0
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		x, inA := a[key]
		y, inB := b[key]
		if x != y || inA != inB {
			n++
		}
	}
	return n
}

func contents(t *testing.T, response string) model {
	m := model{}
	for _, item := range ask[scanned](t, response).Items {
		n := 0
		fmt.Sscan(item["n"]["N"], &n)
		m[item["pk"]["S"]] = n
	}
	return m
}
