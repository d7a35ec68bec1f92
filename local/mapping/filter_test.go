package mapping_test

import (
	"errors"
	"strings"
	"testing"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/mapping"
)

// passes runs one record through a mapping with filters.
func passes(t *testing.T, format mapping.Format, key, data string, filters ...string) bool {
	t.Helper()
	var passed bool
	inVirtualTime(t, func(t *testing.T) {
		w := newWorkbench(t, mapping.Config{Filters: filters})
		w.stream.about.Format = format
		w.stream.putKey("s", key, data)
		w.start()
		w.rest()
		status := w.mapping.Status()
		passed = status.InvokedEventCount == 1
		if got := status.InvokedEventCount + status.FilteredOutEventCount; got != 1 {
			t.Errorf("%d records invoked or filtered out, want 1", got)
		}
		if status.Backlog != 0 || status.Checkpoints["s"] != "1001" {
			t.Errorf("the position did not advance: %+v", status)
		}
	})
	return passed
}

func TestFilterRules(t *testing.T) {
	tests := []struct {
		name, pattern string
		match, differ []string // data
	}{
		{"null", `{"a":[null]}`, []string{`{"a":null}`}, []string{`{}`, `{"a":0}`, `{"a":""}`, `{"a":"null"}`}},
		{"empty", `{"a":[""]}`, []string{`{"a":""}`}, []string{`{"a":null}`, `{"a":"x"}`, `{}`}},
		{"equals", `{"a":["x"]}`, []string{`{"a":"x"}`, `{"a":["y","x"]}`, `{"b":1,"a":"x"}`, `{"\u0061":"x"}`}, []string{`{"a":"X"}`, `{"a":["y"]}`, `{"a":{"x":"x"}}`}},
		{"equals a number", `{"a":[100]}`, []string{`{"a":100}`, `{"a":1e2}`}, []string{`{"a":"100"}`, `{"a":101}`}},
		{"equals a large number", `{"a":[9007199254740993]}`, []string{`{"a":9007199254740993}`}, []string{`{"a":9007199254740992}`}},
		{"equals a boolean", `{"a":[true]}`, []string{`{"a":true}`}, []string{`{"a":"true"}`, `{"a":false}`}},
		{"equals ignoring case", `{"a":[{"equals-ignore-case":"Abc"}]}`, []string{`{"a":"aBC"}`}, []string{`{"a":"abcd"}`, `{"a":1}`}},
		{"and", `{"a":["x"],"b":["y"]}`, []string{`{"a":"x","b":"y"}`}, []string{`{"a":"x"}`, `{"a":"x","b":"x"}`}},
		{"or", `{"a":["x","y"]}`, []string{`{"a":"x"}`, `{"a":"y"}`}, []string{`{"a":"z"}`}},
		{"or over fields", `{"$or":[{"a":["x"]},{"b":["y"]}]}`, []string{`{"a":"x"}`, `{"b":"y"}`}, []string{`{"a":"y","b":"x"}`}},
		{"or over fields and more", `{"c":[1],"$or":[{"a":["x"]},{"b":{"d":[2]}}]}`, []string{`{"c":1,"b":{"d":2}}`}, []string{`{"a":"x"}`, `{"c":1}`}},
		{"not", `{"a":[{"anything-but":["x",7]}]}`, []string{`{"a":"y"}`, `{"a":8}`, `{"a":null}`}, []string{`{"a":"x"}`, `{"a":7}`, `{}`}},
		{"not, with one value", `{"a":[{"anything-but":"x"}]}`, []string{`{"a":"y"}`}, []string{`{"a":"x"}`}},
		{"numeric equals", `{"a":[{"numeric":["=",100]}]}`, []string{`{"a":100}`, `{"a":100.0}`}, []string{`{"a":"100"}`, `{"a":99}`}},
		{"numeric range", `{"a":[{"numeric":[">",10,"<=",20]}]}`, []string{`{"a":10.5}`, `{"a":20}`}, []string{`{"a":10}`, `{"a":20.1}`}},
		{"numeric from", `{"a":[{"numeric":[">=",-1.5]}]}`, []string{`{"a":-1.5}`}, []string{`{"a":-2}`}},
		{"numeric below", `{"a":[{"numeric":["<",0]}]}`, []string{`{"a":-1}`}, []string{`{"a":0}`}},
		{"exists", `{"a":[{"exists":true}]}`, []string{`{"a":null}`, `{"a":"x"}`, `{"a":[1]}`}, []string{`{}`, `{"a":{"b":1}}`, `{"a":[]}`}},
		{"does not exist", `{"a":{"b":[{"exists":false}]}}`, []string{`{}`, `{"a":{}}`, `{"a":1}`, `{"a":{"b":{"c":1}}}`}, []string{`{"a":{"b":null}}`}},
		{"begins with", `{"a":[{"prefix":"us-"}]}`, []string{`{"a":"us-east"}`}, []string{`{"a":"eu-us-"}`, `{"a":1}`}},
		{"ends with", `{"a":[{"suffix":"east"}]}`, []string{`{"a":"us-east"}`}, []string{`{"a":"east-1"}`}},
		{"mixed", `{"a":["x",{"prefix":"y"},{"numeric":["<",5]}]}`, []string{`{"a":"x"}`, `{"a":"yes"}`, `{"a":4}`}, []string{`{"a":5}`}},
		{"nested", `{"a":{"b":{"c":["x"]}}}`, []string{`{"a":{"b":{"c":"x"}}}`}, []string{`{"a":{"b":"x"}}`}},
		{"objects in arrays match as a whole", `{"a":{"b":[1],"c":[2]}}`, []string{`{"a":[{"b":9},{"b":1,"c":2}]}`}, []string{`{"a":[{"b":1},{"c":2}]}`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for want, data := range map[bool][]string{true: tt.match, false: tt.differ} {
				for _, d := range data {
					if got := passes(t, mapping.Kinesis, "k", d, `{"data":`+tt.pattern+`}`); got != want {
						t.Errorf("Kinesis data %s passes: %v, want %v", d, got, want)
					}
					if got := passes(t, mapping.DynamoDB, "k", d, tt.pattern); got != want {
						t.Errorf("DynamoDB record %s passes: %v, want %v", d, got, want)
					}
				}
			}
		})
	}
}

func TestFilterFormats(t *testing.T) {
	const onJSON, onText, onMetadata = `{"data":{"a":["x"]}}`, `{"data":["plain"]}`, `{"partitionKey":["k"]}`
	absent := `{"data":{"a":[{"exists":false}]}}`
	tests := []struct {
		name, data, filter string
		want               bool
	}{
		{"JSON, pattern for JSON", `{"a":"x"}`, onJSON, true},
		{"JSON, pattern for text", `{"a":"x"}`, onText, false},
		{"JSON, pattern for metadata", `{"a":"x"}`, onMetadata, true},
		{"text, pattern for JSON", `plain`, onJSON, false},
		{"text, pattern for absence in JSON", `plain`, absent, false},
		{"text, pattern for text", `plain`, onText, true},
		{"text, pattern for metadata", `plain`, onMetadata, true},
		{"broken JSON", `{"a":"x"`, onJSON, false},
		{"two JSON values", `{"a":"x"}{"a":"x"}`, onJSON, false},
		{"not UTF-8, pattern for metadata", "\xff\xfe", onMetadata, false},
		{"metadata and data", `{"a":"x"}`, `{"partitionKey":["k"],"data":{"a":["x"]}}`, true},
		{"other metadata", `{}`, `{"eventSource":["aws:kinesis"],"eventName":["aws:kinesis:record"],"awsRegion":["eu-central-1"],"eventID":[{"prefix":"s:"}],` +
			`"eventSourceARN":["` + streamARN + `"],"invokeIdentityArn":["` + roleARN + `"],"eventVersion":["1.0"],"kinesisSchemaVersion":["1.0"],` +
			`"sequenceNumber":["1001"],"approximateArrivalTimestamp":[{"numeric":[">",1]}]}`, true},
		{"unknown metadata", `{}`, `{"unknown":["x"]}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := passes(t, mapping.Kinesis, "k", tt.data, tt.filter); got != tt.want {
				t.Errorf("passes: %v, want %v", got, tt.want)
			}
		})
	}
}

func TestFilterOneOfSeveralPatternsIsEnough(t *testing.T) {
	filters := []string{`{"data":{"a":[1]}}`, `{"data":{"b":{"c":[2]}}}`}
	for data, want := range map[string]bool{`{"a":1}`: true, `{"b":{"c":2}}`: true, `{"a":2,"b":{"c":1}}`: false} {
		if got := passes(t, mapping.Kinesis, "k", data, filters...); got != want {
			t.Errorf("%s passes: %v, want %v", data, got, want)
		}
	}
}

func TestFilterOfTheOutbox(t *testing.T) {
	const pattern = `{"data":{"eventName":["INSERT","MODIFY"],"dynamodb":{"NewImage":{"type":{"S":[{"prefix":"order."}]}}}}}`
	record := func(event, kind string) string {
		return `{"awsRegion":"eu-central-1","eventID":"x","eventName":"` + event + `","userIdentity":null,"tableName":"events","dynamodb":{"Keys":{"orderId":{"S":"1"}},"NewImage":{"type":{"S":"` + kind + `"},"data":{"S":"{\"eventName\":\"REMOVE\"}"}}}}`
	}
	for data, want := range map[string]bool{
		record("INSERT", "order.placed"): true, record("MODIFY", "order.cancelled"): true,
		record("REMOVE", "order.placed"): false, record("INSERT", "other"): false,
	} {
		if got := passes(t, mapping.Kinesis, "k", data, pattern); got != want {
			t.Errorf("%s passes: %v, want %v", data, got, want)
		}
	}
}

func TestFilterPatternsThatAreRefused(t *testing.T) {
	for name, pattern := range map[string]string{
		"no JSON":                    `{`,
		"no object":                  `["x"]`,
		"empty object":               `{}`,
		"empty object within":        `{"data":{}}`,
		"scalar":                     `{"data":"x"}`,
		"empty array":                `{"data":[]}`,
		"array in array":             `{"data":[["x"]]}`,
		"unknown operator":           `{"data":{"a":[{"wildcard":"x*"}]}}`,
		"two operators":              `{"data":{"a":[{"prefix":"x","suffix":"y"}]}}`,
		"no operator":                `{"data":{"a":[{}]}}`,
		"prefix of a number":         `{"data":{"a":[{"prefix":1}]}}`,
		"exists maybe":               `{"data":{"a":[{"exists":"true"}]}}`,
		"anything-but of nothing":    `{"data":{"a":[{"anything-but":[]}]}}`,
		"anything-but of an object":  `{"data":{"a":[{"anything-but":{"prefix":"x"}}]}}`,
		"numeric without a number":   `{"data":{"a":[{"numeric":[">"]}]}}`,
		"numeric with a string":      `{"data":{"a":[{"numeric":[">","1"]}]}}`,
		"numeric with unknown sign":  `{"data":{"a":[{"numeric":["!=",1]}]}}`,
		"numeric no list":            `{"data":{"a":[{"numeric":1}]}}`,
		"or without alternatives":    `{"$or":[]}`,
		"or of scalars":              `{"$or":["x"]}`,
		"or with a broken pattern":   `{"$or":[{"a":"x"}]}`,
		"more than 4,096 characters": `{"data":["` + strings.Repeat("x", 4096) + `"]}`,
		"a field twice":              `{"a":["x"],"a":["y"]}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := mapping.New(newStream("s"), &function{}, &mapping.Options{Config: mapping.Config{Filters: []string{pattern}}})
			var e *awsapi.Error
			if !errors.As(err, &e) || e.Code != "InvalidParameterValueException" || e.Message != "Invalid filter pattern definition." || e.Fields["Reason"] == "" {
				t.Errorf("error %#v", err)
			}
		})
	}
	t.Run("more than five patterns", func(t *testing.T) {
		p := `{"data":["x"]}`
		if _, err := mapping.New(newStream("s"), &function{}, &mapping.Options{Config: mapping.Config{Filters: []string{p, p, p, p, p, p}}}); err == nil {
			t.Error("no error")
		}
	})
}
