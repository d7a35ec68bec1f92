package tap

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Change is what DynamoDB writes to a Kinesis stream about one change of an item, in DynamoDB's JSON notation.
type Change struct {
	AWSRegion    string          `json:"awsRegion"`
	EventID      string          `json:"eventID"`
	EventName    string          `json:"eventName"`
	UserIdentity json.RawMessage `json:"userIdentity"`
	RecordFormat string          `json:"recordFormat"`
	TableName    string          `json:"tableName"`
	DynamoDB     struct {
		Created   json.Number    `json:"ApproximateCreationDateTime"`
		Precision string         `json:"ApproximateCreationDateTimePrecision"`
		Keys      map[string]any `json:"Keys"`
		NewImage  map[string]any `json:"NewImage"`
		OldImage  map[string]any `json:"OldImage"`
		SizeBytes int64          `json:"SizeBytes"`
	} `json:"dynamodb"`
	EventSource string `json:"eventSource"`
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// Decode reads a record's data and holds it to the documented shape of a change with microsecond precision: no member
// more, none less, each of its kind.
func Decode(data []byte) (*Change, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var change Change
	if err := decoder.Decode(&change); err != nil {
		return nil, err
	}
	if decoder.More() {
		return nil, errors.New("more than one value")
	}
	var broken []string
	want := func(holds bool, format string, args ...any) {
		if !holds {
			broken = append(broken, fmt.Sprintf(format, args...))
		}
	}
	want(change.AWSRegion != "", "no awsRegion")
	want(uuid.MatchString(change.EventID), "eventID %q is no UUIDv4", change.EventID)
	want(change.RecordFormat == "application/json", "recordFormat %q", change.RecordFormat)
	want(change.TableName != "", "no tableName")
	want(change.EventSource == "aws:dynamodb", "eventSource %q", change.EventSource)
	want(len(change.DynamoDB.Keys) > 0, "no Keys")
	want(change.DynamoDB.SizeBytes > 0, "SizeBytes %d", change.DynamoDB.SizeBytes)
	want(change.DynamoDB.Precision == "MICROSECOND", "ApproximateCreationDateTimePrecision %q", change.DynamoDB.Precision)
	// Microseconds since 1970 have 16 digits from 2001 to 2286; seconds and milliseconds have fewer.
	created := change.DynamoDB.Created.String()
	want(len(created) == 16 && !strings.ContainsAny(created, ".eE"), "ApproximateCreationDateTime %s is not in microseconds", created)
	hasNew, hasOld := change.DynamoDB.NewImage != nil, change.DynamoDB.OldImage != nil
	switch change.EventName {
	case "INSERT":
		want(hasNew && !hasOld, "INSERT needs the new image only")
	case "MODIFY":
		want(hasNew && hasOld, "MODIFY needs both images")
	case "REMOVE":
		want(!hasNew && hasOld, "REMOVE needs the old image only")
	default:
		want(false, "eventName %q", change.EventName)
	}
	if change.EventName != "REMOVE" {
		want(string(change.UserIdentity) == "null", "userIdentity is %s, want null", change.UserIdentity)
	}
	if len(broken) > 0 {
		return nil, errors.New(strings.Join(broken, "; "))
	}
	return &change, nil
}

// orderOf returns the order a record is about, or "" if that cannot be told.
func orderOf(data []byte) string {
	var change struct {
		DynamoDB struct {
			Keys struct {
				OrderID struct{ S string } `json:"orderId"`
			}
		} `json:"dynamodb"`
	}
	if json.Unmarshal(data, &change) != nil {
		return ""
	}
	return change.DynamoDB.Keys.OrderID.S
}
