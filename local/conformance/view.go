package conformance

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// View words the answers of one endpoint so that those of two can be compared: what differs between any two runs is replaced by a
// label that says only which values are the same.
type View struct {
	labels map[string]string
}

// opaque are the members whose values are made up by the endpoint. They are replaced by a word.
var opaque = map[string]bool{
	"ApproximateArrivalTimestamp": true, "ApproximateCreationDateTime": true, "CreationDateTime": true, "CreationRequestDateTime": true,
	"eventID": true, "LastUpdateToPayPerRequestDateTime": true, "LastDecreaseDateTime": true, "LastIncreaseDateTime": true,
	"NextShardIterator": true, "NextToken": true, "ShardIterator": true, "StreamCreationTimestamp": true, "TableId": true,
	"EarliestRestorableDateTime": true, "LatestRestorableDateTime": true, "MillisBehindLatest": true,
	"ReceiptHandle": true, "MessageId": true, "awsRegion": true,
}

// labelled are the members whose values are made up too, but which name something: equal values get equal labels.
var labelled = map[string]bool{
	"EndingSequenceNumber": true, "LatestStreamLabel": true, "SequenceNumber": true, "ShardId": true, "StartingSequenceNumber": true,
	"StreamLabel": true,
}

// unordered are the members that are lists in no particular order.
var unordered = map[string]bool{
	"AttributeDefinitions": true, "BS": true, "ConsumedCapacity": true, "NS": true, "SS": true, "TableNames": true, "Failed": true,
}

var (
	arnRegion   = regexp.MustCompile(`arn:aws:(dynamodb|kinesis|sqs):[a-z0-9-]*:`)
	streamLabel = regexp.MustCompile(`/stream/[0-9]{4}-[0-9T:.-]+`)
)

// namespaces leaves out the namespaces that error types usually have.
var namespaces = strings.NewReplacer("com.amazonaws.dynamodb.v20120810#", "", "com.amazon.coral.validate#ValidationException", "ValidationException")

// Text words an answer to an operation: "200 {body}", or "400 type: text {further members}".
func (v *View) Text(operation string, a Answer) string {
	if len(a.Body) == 0 {
		return strconv.Itoa(a.Status)
	}
	var body any
	if err := json.Unmarshal(a.Body, &body); err != nil {
		return fmt.Sprintf("%d %q", a.Status, a.Body)
	}
	members, _ := body.(map[string]any)
	if a.Status == 200 || members == nil {
		return fmt.Sprintf("%d %s", a.Status, v.json(v.member(operation, "", body)))
	}
	code, _ := members["__type"].(string)
	text, ok := members["message"].(string)
	if !ok {
		text, _ = members["Message"].(string)
	}
	delete(members, "__type")
	delete(members, "message")
	delete(members, "Message")
	out := fmt.Sprintf("%d %s: %s", a.Status, namespaces.Replace(code), v.string(text))
	if len(members) > 0 {
		out += " " + v.json(v.member(operation, "", members))
	}
	return strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(out)
}

// member rewrites the value of a member.
func (v *View) member(operation, name string, value any) any {
	if opaque[name] && value != nil {
		return "*"
	}
	switch value := value.(type) {
	case string:
		if labelled[name] {
			return v.label(name, value)
		}
		return v.string(value)
	case map[string]any:
		for key, inner := range value {
			if operation == "BatchGetItem" && name == "Responses" {
				value[key] = v.member(operation, name, inner) // the keys are names of tables
				continue
			}
			value[key] = v.member(operation, key, inner)
		}
		return value
	case []any:
		for i := range value {
			value[i] = v.member(operation, "", value[i])
		}
		// Scans and batches answer in no particular order.
		if unordered[name] || name == "Items" && operation == "Scan" || name == "Responses" && operation == "BatchGetItem" {
			slices.SortFunc(value, func(a, b any) int { return strings.Compare(v.json(a), v.json(b)) })
		}
		return value
	}
	return value
}

// string rewrites what is made up inside texts and ARNs.
func (v *View) string(s string) string {
	s = arnRegion.ReplaceAllString(s, "arn:aws:$1:REGION:")
	return streamLabel.ReplaceAllStringFunc(s, func(label string) string {
		return "/stream/" + v.label("StreamLabel", strings.TrimPrefix(label, "/stream/"))
	})
}

func (v *View) label(name, value string) string {
	switch {
	case strings.HasSuffix(name, "SequenceNumber"):
		name = "SequenceNumber"
	case strings.HasSuffix(name, "StreamLabel"):
		name = "StreamLabel"
	}
	key := name + " " + value
	if v.labels == nil {
		v.labels = map[string]string{}
	}
	if v.labels[key] == "" {
		n := 1
		for known := range v.labels {
			if strings.HasPrefix(known, name+" ") {
				n++
			}
		}
		v.labels[key] = name + "-" + strconv.Itoa(n)
	}
	return v.labels[key]
}

func (v *View) json(value any) string {
	text, err := json.Marshal(value, json.Deterministic(true), jsontext.EscapeForHTML(false))
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
