package ledger

import (
	"encoding/base64"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Notation returns an item in DynamoDB's JSON notation, as a stream record shows it, for comparison.
func Notation(item map[string]types.AttributeValue) map[string]any {
	notation := make(map[string]any, len(item))
	for name, value := range item {
		notation[name] = notationOf(value)
	}
	return notation
}

func notationOf(value types.AttributeValue) map[string]any {
	switch value := value.(type) {
	case *types.AttributeValueMemberS:
		return map[string]any{"S": value.Value}
	case *types.AttributeValueMemberN:
		return map[string]any{"N": value.Value}
	case *types.AttributeValueMemberBOOL:
		return map[string]any{"BOOL": value.Value}
	case *types.AttributeValueMemberNULL:
		return map[string]any{"NULL": value.Value}
	case *types.AttributeValueMemberB:
		return map[string]any{"B": base64.StdEncoding.EncodeToString(value.Value)}
	case *types.AttributeValueMemberM:
		return map[string]any{"M": Notation(value.Value)}
	case *types.AttributeValueMemberL:
		elements := make([]any, len(value.Value))
		for i, element := range value.Value {
			elements[i] = notationOf(element)
		}
		return map[string]any{"L": elements}
	}
	return map[string]any{"unexpected": fmt.Sprintf("%T", value)}
}
