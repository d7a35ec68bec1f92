package conformance

import (
	"fmt"
	"maps"
	"math/big"
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
	// NumbersByValue words all numbers of DynamoDB alike, whether an endpoint writes 3, 3.0 or 30E-1.
	NumbersByValue bool

	labels map[string]string
}

// opaque are the members whose values are made up by the endpoint. They are replaced by a word.
var opaque = map[string]bool{
	"ApproximateArrivalTimestamp": true, "ApproximateCreationDateTime": true, "CreationDateTime": true, "CreationRequestDateTime": true,
	"eventID": true, "LastUpdateToPayPerRequestDateTime": true, "LastDecreaseDateTime": true, "LastIncreaseDateTime": true,
	"NextShardIterator": true, "NextToken": true, "ShardIterator": true, "StreamCreationTimestamp": true, "TableId": true,
	"EarliestRestorableDateTime": true, "LatestRestorableDateTime": true, "MillisBehindLatest": true,
	"ReceiptHandle": true, "MessageId": true, "awsRegion": true,
	"ApproximateFirstReceiveTimestamp": true, "CreatedTimestamp": true, "LastModifiedTimestamp": true, "SenderId": true, "SentTimestamp": true,
}

// labelled are the members whose values are made up too, but which name something: equal values get equal labels.
var labelled = map[string]bool{
	"EndingSequenceNumber": true, "LatestStreamLabel": true, "SequenceNumber": true, "ShardId": true, "StartingSequenceNumber": true,
	"StreamLabel": true, "ParentShardId": true, "AdjacentParentShardId": true,
}

// recordOperations are the operations whose answers AWS gives an EncryptionType only for encrypted streams.
var recordOperations = map[string]bool{"GetRecords": true, "PutRecord": true, "PutRecords": true}

// sparse are the operations in whose answers an empty list or map is as good as none.
var sparse = map[string]bool{
	"ChangeMessageVisibilityBatch": true, "DeleteMessageBatch": true, "GetQueueAttributes": true, "ListQueues": true, "ListQueueTags": true,
	"ReceiveMessage": true, "SendMessageBatch": true,
}

// unordered are the members that are lists in no particular order.
var unordered = map[string]bool{
	"AttributeDefinitions": true, "BS": true, "ConsumedCapacity": true, "NS": true, "SS": true, "TableNames": true, "Failed": true,
	"Messages": true, "QueueUrls": true, "Successful": true,
}

var (
	arnOwner    = regexp.MustCompile(`arn:aws:(dynamodb|kinesis|sqs):[a-z0-9-]*:[0-9]{12}:`)
	account     = regexp.MustCompile(`\bunder account [0-9]{12}\b`)
	sequence    = regexp.MustCompile(`\b[0-9]{40,60}\b`)
	queueURL    = regexp.MustCompile(`https?://[^/" ]+/[0-9]{12}/`)
	madeHandle  = regexp.MustCompile(`[0-9a-f-]{36}#[0-9a-f-]{36}`)
	handle      = regexp.MustCompile(`\bValue \S+ for parameter ReceiptHandle\b`)
	namesInSet  = regexp.MustCompile(`\{[A-Z]+(?:,[A-Z]+)+\}`)
	streamLabel = regexp.MustCompile(`/stream/[0-9]{4}-[0-9T:.-]+`)
)

// namespaces leaves out the namespaces that error types usually have.
var namespaces = strings.NewReplacer("com.amazonaws.dynamodb.v20120810#", "", "com.amazonaws.sqs#", "", "com.amazon.coral.validate#ValidationException", "ValidationException",
	"com.amazon.coral.service#MissingRequiredParameterException", "MissingRequiredParameterException",
	"com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValueException",
	"com.amazon.coral.service#UnknownOperationException", "UnknownOperationException")

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
	out := fmt.Sprintf("%d %s: %s", a.Status, namespaces.Replace(code), v.string(v.sequences(sortSets(text))))
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
		if v.NumbersByValue && (name == "N" || name == "NS") {
			return byValue(value)
		}
		return v.string(value)
	case map[string]any:
		// A member that is null is one that is absent; kinesis-mock also says everywhere that there is no encryption.
		maps.DeleteFunc(value, func(key string, inner any) bool {
			return inner == nil || sparse[operation] && isEmpty(inner) || key == "EncryptionType" && inner == "NONE" && recordOperations[operation]
		})
		// In a fixed order, for labels are counted.
		for _, key := range slices.Sorted(maps.Keys(value)) {
			inner := value[key]
			if operation == "BatchGetItem" && name == "Responses" {
				value[key] = v.member(operation, name, inner) // the keys are names of tables
				continue
			}
			value[key] = v.member(operation, key, inner)
		}
		return value
	case []any:
		element := ""
		if name == "NS" {
			element = name
		}
		for i := range value {
			value[i] = v.member(operation, element, value[i])
		}
		// Scans and batches answer in no particular order.
		if unordered[name] || name == "Items" && operation == "Scan" || name == "Responses" && operation == "BatchGetItem" {
			slices.SortFunc(value, func(a, b any) int { return strings.Compare(v.json(a), v.json(b)) })
		}
		return value
	}
	return value
}

func isEmpty(value any) bool {
	switch value := value.(type) {
	case []any:
		return len(value) == 0
	case map[string]any:
		return len(value) == 0
	}
	return false
}

// string rewrites what is made up inside texts and ARNs.
func (v *View) string(s string) string {
	s = arnOwner.ReplaceAllString(s, "arn:aws:$1:REGION:ACCOUNT:")
	s = account.ReplaceAllString(s, "under account ACCOUNT")
	s = queueURL.ReplaceAllString(s, "URL/")
	s = madeHandle.ReplaceAllString(s, "*")
	s = handle.ReplaceAllString(s, "Value * for parameter ReceiptHandle")
	return streamLabel.ReplaceAllStringFunc(s, func(label string) string {
		return "/stream/" + v.label("StreamLabel", strings.TrimPrefix(label, "/stream/"))
	})
}

// sortSets puts the names in a set, such as {N,S}, in order: DynamoDB Local shows them in another one each time it is started.
func sortSets(text string) string {
	return namesInSet.ReplaceAllStringFunc(text, func(set string) string {
		names := strings.Split(set[1:len(set)-1], ",")
		slices.Sort(names)
		return "{" + strings.Join(names, ",") + "}"
	})
}

// sequences rewrites the sequence numbers in a text.
func (v *View) sequences(text string) string {
	return sequence.ReplaceAllStringFunc(text, func(number string) string { return v.label("SequenceNumber", number) })
}

func (v *View) label(name, value string) string {
	switch {
	case strings.HasSuffix(name, "SequenceNumber"):
		name = "SequenceNumber"
	case strings.HasSuffix(name, "ShardId"):
		name = "ShardId"
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

// byValue writes a number as a fraction.
func byValue(number string) string {
	if value, ok := new(big.Rat).SetString(number); ok {
		return value.String()
	}
	return number
}

func (v *View) json(value any) string {
	text, err := json.Marshal(value, json.Deterministic(true), jsontext.EscapeForHTML(false))
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
