package conformance

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// readAttributeValue reads what the SDK has an interface for: an object of one member, named by the type.
func readAttributeValue(dec *jsontext.Decoder, v *types.AttributeValue) error {
	var members map[string]jsontext.Value
	if err := json.UnmarshalDecode(dec, &members); err != nil {
		return err
	}
	for name, content := range members {
		var err error
		switch name {
		case "S":
			*v, err = member(dec, content, func(value string) types.AttributeValue { return &types.AttributeValueMemberS{Value: value} })
		case "N":
			*v, err = member(dec, content, func(value string) types.AttributeValue { return &types.AttributeValueMemberN{Value: value} })
		case "B":
			*v, err = member(dec, content, func(value []byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: value} })
		case "BOOL":
			*v, err = member(dec, content, func(value bool) types.AttributeValue { return &types.AttributeValueMemberBOOL{Value: value} })
		case "NULL":
			*v, err = member(dec, content, func(value bool) types.AttributeValue { return &types.AttributeValueMemberNULL{Value: value} })
		case "SS":
			*v, err = member(dec, content, func(value []string) types.AttributeValue { return &types.AttributeValueMemberSS{Value: value} })
		case "NS":
			*v, err = member(dec, content, func(value []string) types.AttributeValue { return &types.AttributeValueMemberNS{Value: value} })
		case "BS":
			*v, err = member(dec, content, func(value [][]byte) types.AttributeValue { return &types.AttributeValueMemberBS{Value: value} })
		case "L":
			*v, err = member(dec, content, func(value []types.AttributeValue) types.AttributeValue {
				return &types.AttributeValueMemberL{Value: value}
			})
		case "M":
			*v, err = member(dec, content, func(value map[string]types.AttributeValue) types.AttributeValue {
				return &types.AttributeValueMemberM{Value: value}
			})
		default:
			err = fmt.Errorf("no type %q", name)
		}
		if err != nil {
			return err
		}
	}
	if len(members) != 1 {
		return fmt.Errorf("%d types in a value", len(members))
	}
	return nil
}

// member reads the content of a value and wraps it.
func member[T any](dec *jsontext.Decoder, content jsontext.Value, wrap func(T) types.AttributeValue) (types.AttributeValue, error) {
	var value T
	err := json.Unmarshal(content, &value, dec.Options())
	return wrap(value), err
}
