package dynamodb_test

import (
	"fmt"
	"strings"
	"testing"
)

type scanned struct {
	Items               []map[string]map[string]string
	Count, ScannedCount int
	LastEvaluatedKey    map[string]map[string]string
}

// scanAll follows the pages of a scan and returns how often each item was seen.
func scanAll(t *testing.T, scan func(start string) string) (seen map[string]int, pages int) {
	seen = map[string]int{}
	for start := ""; ; pages++ {
		p := ask[scanned](t, scan(start))
		for _, item := range p.Items {
			seen[item["pk"]["S"]]++
		}
		if p.LastEvaluatedKey == nil {
			return seen, pages + 1
		}
		start = fmt.Sprintf(`,"ExclusiveStartKey":{"pk":{"S":"%s"}}`, p.LastEvaluatedKey["pk"]["S"])
	}
}

func TestScanSeesEveryItemOnce(t *testing.T) {
	e, _ := newEngine(t)
	const items = 500
	for n := range items {
		must(t, e, "PutItem", fmt.Sprintf(`{"TableName":"hash","Item":{"pk":{"S":"%d"},"x":{"N":"%d"}}}`, n, n))
	}
	for _, limit := range []int{1, 7, 499, 500, 1000} {
		seen, _ := scanAll(t, func(start string) string {
			return call(e, "Scan", fmt.Sprintf(`{"TableName":"hash","Limit":%d%s}`, limit, start))
		})
		checkOnce(t, fmt.Sprintf("limit %d", limit), seen, items)
	}
	for _, segments := range []int{1, 2, 3, 64, 100} {
		all := map[string]int{}
		for segment := range segments {
			seen, _ := scanAll(t, func(start string) string {
				return call(e, "Scan", fmt.Sprintf(`{"TableName":"hash","Limit":20,"Segment":%d,"TotalSegments":%d%s}`, segment, segments, start))
			})
			for key, n := range seen {
				all[key] += n
			}
		}
		checkOnce(t, fmt.Sprintf("%d segments", segments), all, items)
	}
	seen, _ := scanAll(t, func(start string) string {
		return call(e, "Scan", `{"TableName":"hash","Limit":100,"FilterExpression":"x < :n","ExpressionAttributeValues":{":n":{"N":"100"}}`+start+`}`)
	})
	checkOnce(t, "filter", seen, 100)
}

func checkOnce(t *testing.T, name string, seen map[string]int, want int) {
	t.Helper()
	for key, n := range seen {
		if n != 1 {
			t.Errorf("%s: %s was seen %d times", name, key, n)
		}
	}
	if len(seen) != want {
		t.Errorf("%s: saw %d items, want %d", name, len(seen), want)
	}
}

func TestPagesEndAtAMegabyte(t *testing.T) {
	e, _ := newEngine(t)
	for n := range 20 {
		must(t, e, "PutItem", fmt.Sprintf(`{"TableName":"hash","Item":{"pk":{"S":"%d"},"x":{"S":"%s"}}}`, n, strings.Repeat("x", 100<<10)))
	}
	seen, pages := scanAll(t, func(start string) string { return call(e, "Scan", `{"TableName":"hash"`+start+`}`) })
	checkOnce(t, "megabytes", seen, 20)
	if pages != 2 {
		t.Errorf("got %d pages, want 2", pages)
	}
}

func TestScanRefuses(t *testing.T) {
	e, _ := newEngine(t)
	run(t, e, []step{
		{"Scan", `{"TableName":"hash","Segment":0}`, `ValidationException: The TotalSegments parameter is required but was not present in the request when Segment parameter is present`},
		{"Scan", `{"TableName":"hash","TotalSegments":1}`, `ValidationException: The Segment parameter is required but was not present in the request when parameter TotalSegments is present`},
		{"Scan", `{"TableName":"hash","Segment":5,"TotalSegments":5}`, `ValidationException: The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 5 is not less than TotalSegments: 5`},
		{"Scan", `{"TableName":"hash","Limit":0}`, `ValidationException: 1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1`},
		{"Scan", `{"TableName":"hash","ExclusiveStartKey":{"x":{"S":"a"}}}`, `ValidationException: The provided starting key is invalid: The provided key element does not match the schema`},
		{"Scan", `{"TableName":"none"}`, `ResourceNotFoundException: Requested resource not found`},
		{"Scan", `{"TableName":"hash","ScanFilter":{}}`, `ValidationException: The parameter ScanFilter is not supported by the desk's DynamoDB`},
		{"Scan", `{"TableName":"hash","FilterExpression":"pk.x = pk","Select":"COUNT"}`, `ValidationException: Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk`},
	})
}
