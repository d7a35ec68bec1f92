package replication

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// encoder writes changes as DynamoDB does. Differences from the records of DynamoDB Streams: no eventVersion, eventSourceARN,
// SequenceNumber or StreamViewType, both images always, and an integer timestamp.
type encoder struct {
	region string // quoted
	// hashKey is the attribute that partition keys depend on; "" means all of the key.
	hashKey string
}

// record returns the JSON of a change, in the member order of recorded AWS data.
func (e *encoder) record(c *Change, precision Precision) []byte {
	b := make([]byte, 0, 400+len(c.Keys)+len(c.NewImage)+len(c.OldImage))
	b = append(b, `{"awsRegion":`...)
	b = append(b, e.region...)
	b = append(b, `,"eventID":"`...)
	b = append(b, c.EventID...)
	b = append(b, `","eventName":"`...)
	b = append(b, c.EventName...)
	b = append(b, `","userIdentity":`...)
	if c.ByTTL {
		b = append(b, `{"type":"Service","principalId":"dynamodb.amazonaws.com"}`...)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"recordFormat":"application/json","tableName":"`...)
	b = append(b, c.Table...)
	b = append(b, `","dynamodb":{"ApproximateCreationDateTime":`...)
	if precision == Microsecond {
		b = strconv.AppendInt(b, c.Time.UnixMicro(), 10)
	} else {
		b = strconv.AppendInt(b, c.Time.UnixMilli(), 10)
	}
	b = append(b, `,"Keys":`...)
	b = append(b, c.Keys...)
	b = appendImage(b, "NewImage", c.NewImage)
	b = appendImage(b, "OldImage", c.OldImage)
	b = append(b, `,"SizeBytes":`...)
	b = strconv.AppendInt(b, int64(c.SizeBytes), 10)
	if precision == Microsecond {
		b = append(b, `,"ApproximateCreationDateTimePrecision":"MICROSECOND"`...)
	}
	return append(b, `},"eventSource":"aws:dynamodb"}`...)
}

func appendImage(b []byte, name string, image []byte) []byte {
	if image == nil {
		return b
	}
	b = append(b, `,"`...)
	b = append(b, name...)
	b = append(b, `":`...)
	return append(b, image...)
}

// partitionKey returns 32 upper-case hexadecimal characters, as AWS does; how AWS arrives at them is not known. Changes of one item
// always have the same one.
func (e *encoder) partitionKey(c *Change) string {
	var keys map[string]jsontext.Value
	if err := json.Unmarshal(c.Keys, &keys); err != nil {
		keys = map[string]jsontext.Value{"": c.Keys}
	}
	names := make([]string, 0, len(keys))
	for name := range keys {
		if e.hashKey == "" || name == e.hashKey {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var text bytes.Buffer
	for _, name := range names {
		text.WriteString(name)
		text.WriteByte(0)
		text.Write(keys[name])
		text.WriteByte(0)
	}
	sum := md5.Sum(text.Bytes())
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// quote returns s as a JSON string.
func quote(s string) string {
	b, err := jsontext.AppendQuote(nil, s)
	_ = err // only says that invalid UTF-8 was replaced
	return string(b)
}
