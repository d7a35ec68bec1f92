package audit

import (
	"encoding/base64"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/jsonscan"
)

// decodeImage reads an item in DynamoDB's JSON, attributes of every type, so that it can be written again as it was.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_AttributeValue.html
func decodeImage(text string) (map[string]types.AttributeValue, error) {
	s := jsonscan.New(text)
	item := attributes(&s)
	s.End()
	return item, s.Err()
}

func attributes(s *jsonscan.Scanner) map[string]types.AttributeValue {
	item := make(map[string]types.AttributeValue, 14)
	s.Object()
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		item[name] = attribute(s)
	}
	return item
}

// attribute reads a value, which is an object of one member: its type.
func attribute(s *jsonscan.Scanner) types.AttributeValue {
	s.Object()
	kind, ok := s.Member()
	if !ok {
		s.Fail("attribute without a type")
		return nil
	}
	v := value(s, kind)
	if _, more := s.Member(); more {
		s.Fail("attribute of more than one type")
	}
	return v
}

func value(s *jsonscan.Scanner, kind string) types.AttributeValue {
	switch kind {
	case "S":
		return &types.AttributeValueMemberS{Value: s.String()}
	case "N":
		return &types.AttributeValueMemberN{Value: s.String()}
	case "B":
		return &types.AttributeValueMemberB{Value: binary(s)}
	case "BOOL":
		return &types.AttributeValueMemberBOOL{Value: s.Bool()}
	case "NULL":
		return &types.AttributeValueMemberNULL{Value: s.Bool()}
	case "M":
		return &types.AttributeValueMemberM{Value: attributes(s)}
	case "L":
		list := []types.AttributeValue{}
		s.Array()
		for s.Element() {
			list = append(list, attribute(s))
		}
		return &types.AttributeValueMemberL{Value: list}
	case "SS":
		return &types.AttributeValueMemberSS{Value: texts(s)}
	case "NS":
		return &types.AttributeValueMemberNS{Value: texts(s)}
	case "BS":
		var set [][]byte
		s.Array()
		for s.Element() {
			set = append(set, binary(s))
		}
		return &types.AttributeValueMemberBS{Value: set}
	}
	s.Fail(fmt.Sprintf("attribute of unknown type %q", kind))
	return nil
}

func texts(s *jsonscan.Scanner) []string {
	var set []string
	s.Array()
	for s.Element() {
		set = append(set, s.String())
	}
	return set
}

func binary(s *jsonscan.Scanner) []byte {
	b, err := base64.StdEncoding.DecodeString(s.String())
	if err != nil {
		s.Fail("binary attribute is not base64")
	}
	return b
}
