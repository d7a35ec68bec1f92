package mapping

import (
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// streamRecord is a record of DynamoDB Streams as GetRecords returns it.
type streamRecord struct {
	EventID      string `json:"eventID"`
	EventName    string `json:"eventName"`
	EventVersion string `json:"eventVersion"`
	EventSource  string `json:"eventSource"`
	AwsRegion    string `json:"awsRegion"`
	DynamoDB     struct {
		ApproximateCreationDateTime jsontext.Value
		Keys, NewImage, OldImage    jsontext.Value
		SequenceNumber              string
		SizeBytes                   int64
		StreamViewType              string
	} `json:"dynamodb"`
	UserIdentity *struct{ PrincipalId, Type string } `json:"userIdentity"`
}

// convert writes the record as Lambda hands it to a function, which is not quite how GetRecords returns it: the ARN of the stream is
// added, and the members of userIdentity begin with lower-case letters.
func (s *streamRecord) convert(streamARN string) Record {
	d := &s.DynamoDB
	b := make([]byte, 0, 512+len(d.Keys)+len(d.NewImage)+len(d.OldImage))
	b = appendMember(b, `{"eventID":`, s.EventID)
	b = appendMember(b, `,"eventName":`, s.EventName)
	b = appendMember(b, `,"eventVersion":`, s.EventVersion)
	b = appendMember(b, `,"eventSource":`, s.EventSource)
	b = appendMember(b, `,"awsRegion":`, s.AwsRegion)
	b = append(b, `,"dynamodb":{"ApproximateCreationDateTime":`...)
	b = appendValue(b, d.ApproximateCreationDateTime)
	b = append(b, `,"Keys":`...)
	b = appendValue(b, d.Keys)
	for _, image := range []struct {
		name  string
		value jsontext.Value
	}{{`,"NewImage":`, d.NewImage}, {`,"OldImage":`, d.OldImage}} {
		if image.value != nil {
			b = append(b, image.name...)
			b = append(b, image.value...)
		}
	}
	b = appendMember(b, `,"SequenceNumber":`, d.SequenceNumber)
	b = append(b, `,"SizeBytes":`...)
	b = strconv.AppendInt(b, d.SizeBytes, 10)
	b = appendMember(b, `,"StreamViewType":`, d.StreamViewType)
	b = append(b, '}')
	if s.UserIdentity != nil {
		b = appendMember(b, `,"userIdentity":{"type":`, s.UserIdentity.Type)
		b = appendMember(b, `,"principalId":`, s.UserIdentity.PrincipalId)
		b = append(b, '}')
	}
	b = appendMember(b, `,"eventSourceARN":`, streamARN)
	return Record{
		SequenceNumber: d.SequenceNumber,
		Arrival:        secondsOf(d.ApproximateCreationDateTime),
		Key:            string(d.Keys),
		Data:           append(b, '}'),
	}
}

func appendMember(b []byte, name, value string) []byte {
	return appendString(append(b, name...), value)
}

func appendValue(b []byte, v jsontext.Value) []byte {
	if v == nil {
		return append(b, "null"...)
	}
	return append(b, v...)
}

// secondsOf reads seconds since the epoch.
func secondsOf(v jsontext.Value) time.Time {
	seconds, err := strconv.ParseFloat(string(v), 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(math.Round(seconds * 1000)))
}
