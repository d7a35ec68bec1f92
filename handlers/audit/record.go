package audit

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/jsonscan"
)

// service is the principal of removals by time to live.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
const (
	service     = "dynamodb.amazonaws.com"
	serviceType = "Service"
)

// A Removal is one record of the batch that Lambda reads from the events table's stream.
type Removal struct {
	SequenceNumber string // within its shard: what a batch item failure names
	Expired        bool   // an item that time to live removed; anything else is nothing to audit
	OrderID        string
	Sequence       int64
	EventID        string                          // empty if the item has none
	Item           map[string]types.AttributeValue // as it was
	Err            error                           // why the record cannot be read; then only SequenceNumber can be relied on
}

// DecodeBatch reads the event that Lambda invokes a function with for a batch of records of a DynamoDB stream. A record that has
// a sequence number but cannot be read is part of the result.
// https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
func DecodeBatch(payload []byte) ([]Removal, error) {
	s := jsonscan.New(string(payload))
	var batch []Removal
	s.Object()
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		if name != "Records" {
			s.Skip()
			continue
		}
		s.Array()
		for s.Element() {
			r := decodeRecord(&s)
			if r.SequenceNumber == "" {
				s.Fail("record without dynamodb.SequenceNumber")
			}
			batch = append(batch, r)
		}
	}
	s.End()
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("not a batch of DynamoDB stream records: %w", err)
	}
	return batch, nil
}

func decodeRecord(s *jsonscan.Scanner) Removal {
	var r Removal
	var eventName, source, identity, image string
	s.Object()
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		switch {
		case name == "eventName" && s.Kind() == jsonscan.String:
			eventName = s.String()
		case name == "eventSource" && s.Kind() == jsonscan.String:
			source = s.String()
		case name == "userIdentity":
			identity = s.Raw()
		case name == "dynamodb" && s.Kind() == jsonscan.Object:
			r.SequenceNumber, image = decodeChange(s)
		default:
			s.Skip()
		}
	}
	if s.Err() != nil {
		return r
	}
	if source != "aws:dynamodb" {
		r.Err = fmt.Errorf("eventSource is %q, want aws:dynamodb", source)
		return r
	}
	if r.Expired = eventName == "REMOVE" && byService(identity); r.Expired {
		r.Err = r.read(image)
	}
	return r
}

// decodeChange reads the sequence number and the text of the old image, which is taken apart only where it is needed.
func decodeChange(s *jsonscan.Scanner) (sequenceNumber, image string) {
	s.Object()
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		switch {
		case name == "SequenceNumber" && s.Kind() == jsonscan.String:
			sequenceNumber = s.String()
		case name == "OldImage":
			image = s.Raw()
		default:
			s.Skip()
		}
	}
	return sequenceNumber, image
}

// byService says whether a userIdentity is that of time to live. The members' names begin with lower-case letters in a
// function's event and with upper-case ones where the stream is read directly.
func byService(identity string) bool {
	if identity == "" || identity == "null" {
		return false
	}
	var principal, kind string
	s := jsonscan.New(identity)
	s.Object()
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		switch {
		case s.Kind() != jsonscan.String:
			s.Skip()
		case name == "principalId" || name == "PrincipalId":
			principal = s.String()
		case name == "type" || name == "Type":
			kind = s.String()
		default:
			s.Skip()
		}
	}
	return s.Err() == nil && principal == service && kind == serviceType
}

// read takes the old image apart.
func (r *Removal) read(image string) error {
	if image == "" {
		return errors.New("OldImage is missing: the table's stream must carry old images")
	}
	item, err := decodeImage(image)
	if err != nil {
		return fmt.Errorf("OldImage: %w", err)
	}
	return r.Take(item)
}

// Take makes an item that expired what the removal is about. It fails where the item's key is not that of an event.
func (r *Removal) Take(item map[string]types.AttributeValue) error {
	orderID, _ := item["orderId"].(*types.AttributeValueMemberS)
	number, _ := item["sequence"].(*types.AttributeValueMemberN)
	if orderID == nil || orderID.Value == "" || number == nil {
		return errors.New("the item has no orderId or no sequence")
	}
	sequence, err := strconv.ParseInt(number.Value, 10, 64)
	if err != nil || sequence < 1 {
		return fmt.Errorf("sequence is %q, want a whole number from 1 on", number.Value)
	}
	r.OrderID, r.Sequence, r.Item = orderID.Value, sequence, item
	if id, ok := item["eventId"].(*types.AttributeValueMemberS); ok {
		r.EventID = id.Value
	}
	return nil
}
