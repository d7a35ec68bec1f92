package dynamo

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/jsonscan"
)

// A reader reads an answer.
type reader struct{ jsonscan.Scanner }

// read reads an object; member reads the value of a member, or returns false for one it does not know.
func read(operation, body string, member func(r *reader, name string) bool) error {
	r := reader{jsonscan.New(body)}
	r.Object()
	for name, ok := r.Member(); ok; name, ok = r.Member() {
		if !member(&r, name) {
			r.Skip()
		}
	}
	r.End()
	if err := r.Err(); err != nil {
		return fmt.Errorf("answer of %s: %w", operation, err)
	}
	return nil
}

// attributes reads an item; null is none.
func (r *reader) attributes() map[string]types.AttributeValue {
	if r.Kind() == jsonscan.Null {
		r.Null()
		return nil
	}
	item := map[string]types.AttributeValue{}
	r.Object()
	for name, ok := r.Member(); ok; name, ok = r.Member() {
		item[name] = r.value()
	}
	return item
}

// value reads an attribute value in DynamoDB JSON: an object of one member.
func (r *reader) value() (value types.AttributeValue) {
	r.Object()
	kind, ok := r.Member()
	if !ok {
		r.Fail("attribute value without a type")
		return nil
	}
	switch kind {
	case "S":
		value = &types.AttributeValueMemberS{Value: r.String()}
	case "N":
		value = &types.AttributeValueMemberN{Value: r.String()}
	case "B":
		value = &types.AttributeValueMemberB{Value: r.AppendBase64(nil)}
	case "BOOL":
		value = &types.AttributeValueMemberBOOL{Value: r.Bool()}
	case "NULL":
		value = &types.AttributeValueMemberNULL{Value: r.Bool()}
	case "M":
		value = &types.AttributeValueMemberM{Value: r.attributes()}
	case "L":
		list := []types.AttributeValue{}
		r.Array()
		for r.Element() {
			list = append(list, r.value())
		}
		value = &types.AttributeValueMemberL{Value: list}
	case "SS":
		value = &types.AttributeValueMemberSS{Value: r.texts()}
	case "NS":
		value = &types.AttributeValueMemberNS{Value: r.texts()}
	case "BS":
		list := [][]byte{}
		r.Array()
		for r.Element() {
			list = append(list, r.AppendBase64(nil))
		}
		value = &types.AttributeValueMemberBS{Value: list}
	default:
		r.Fail("attribute value of an unknown type")
	}
	if _, more := r.Member(); more {
		r.Fail("attribute value of more than one type")
	}
	return value
}

func (r *reader) texts() []string {
	list := []string{}
	r.Array()
	for r.Element() {
		list = append(list, r.String())
	}
	return list
}
