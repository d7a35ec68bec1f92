package dynamodb_test

import "testing"

func TestExpireRemovesOneItemAsTheService(t *testing.T) {
	e, _ := newEngine(t)
	must(t, e, "PutItem", `{"TableName":"sort","Item":{"pk":{"S":"a"},"sk":{"N":"1"}}}`)
	must(t, e, "PutItem", `{"TableName":"sort","Item":{"pk":{"S":"a"},"sk":{"N":"2"}}}`)
	f, err := e.Feed("sort")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	key := []byte(`{"pk":{"S":"a"},"sk":{"N":"1"}}`)
	for i, want := range []bool{true, false} {
		if gone, err := e.Expire("sort", key); gone != want || err != nil {
			t.Errorf("call %d: %v, %v; want %v", i, gone, err, want)
		}
	}
	changes := next(t, f, 0)
	if len(changes) != 1 || changes[0].EventName != "REMOVE" || !changes[0].ByTTL || string(changes[0].Keys) != string(key) {
		t.Errorf("changes = %+v, want one removal by time to live", changes)
	}
	run(t, e, []step{{"Scan", `{"TableName":"sort","Select":"COUNT"}`, `{"Count":1,"ScannedCount":1}`}})
}

func TestExpireRefusesWhatIsNoKey(t *testing.T) {
	e, _ := newEngine(t)
	for name, c := range map[string]struct{ table, key string }{
		"table that is missing":     {"none", `{"pk":{"S":"a"}}`},
		"sort key that is missing":  {"sort", `{"pk":{"S":"a"}}`},
		"attribute of another type": {"hash", `{"pk":{"N":"1"}}`},
		"no JSON":                   {"hash", `{`},
	} {
		t.Run(name, func(t *testing.T) {
			if gone, err := e.Expire(c.table, []byte(c.key)); gone || err == nil {
				t.Errorf("got %v, %v; want an error", gone, err)
			}
		})
	}
}
