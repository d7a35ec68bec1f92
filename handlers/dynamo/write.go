package dynamo

import (
	"encoding/base64"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/jsonscan"
)

// A writer writes a request: an object, member by member.
type writer struct {
	b   []byte
	err error
}

func newWriter() *writer { return &writer{b: append(make([]byte, 0, 2048), '{')} }

// refuse makes a member that is set an error: nothing that was asked for is left out in silence.
func (w *writer) refuse(name string, set bool) {
	if set && w.err == nil {
		w.err = fmt.Errorf("%s: not supported by this client", name)
	}
}

// name begins a member.
func (w *writer) name(name string) {
	if last := w.b[len(w.b)-1]; last != '{' && last != '[' {
		w.b = append(w.b, ',')
	}
	w.b = append(w.b, '"')
	w.b = append(w.b, name...)
	w.b = append(w.b, '"', ':')
}

func (w *writer) text(name string, value *string) {
	if value != nil {
		w.name(name)
		w.b = jsonscan.AppendString(w.b, *value)
	}
}

func (w *writer) enum(name, value string) {
	if value != "" {
		w.text(name, &value)
	}
}

func (w *writer) flag(name string, value *bool) {
	if value != nil {
		w.name(name)
		w.b = strconv.AppendBool(w.b, *value)
	}
}

func (w *writer) number(name string, value *int32) {
	if value != nil {
		w.name(name)
		w.b = strconv.AppendInt(w.b, int64(*value), 10)
	}
}

func (w *writer) names(name string, names map[string]string) {
	if names == nil {
		return
	}
	w.name(name)
	w.b = append(w.b, '{')
	for placeholder, attribute := range names {
		w.separate('{')
		w.b = jsonscan.AppendString(w.b, placeholder)
		w.b = append(w.b, ':')
		w.b = jsonscan.AppendString(w.b, attribute)
	}
	w.b = append(w.b, '}')
}

func (w *writer) item(name string, item map[string]types.AttributeValue) {
	if item != nil {
		w.name(name)
		w.attributes(item)
	}
}

// separate writes a comma, unless the last byte begins the object or array.
func (w *writer) separate(begin byte) {
	if w.b[len(w.b)-1] != begin {
		w.b = append(w.b, ',')
	}
}

func (w *writer) attributes(item map[string]types.AttributeValue) {
	w.b = append(w.b, '{')
	for name, value := range item {
		w.separate('{')
		w.b = jsonscan.AppendString(w.b, name)
		w.b = append(w.b, ':')
		w.value(value)
	}
	w.b = append(w.b, '}')
}

// value writes an attribute value in DynamoDB JSON.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
func (w *writer) value(value types.AttributeValue) {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		w.b = jsonscan.AppendString(append(w.b, `{"S":`...), v.Value)
	case *types.AttributeValueMemberN:
		w.b = jsonscan.AppendString(append(w.b, `{"N":`...), v.Value)
	case *types.AttributeValueMemberB:
		w.b = append(w.b, `{"B":"`...)
		w.b = append(base64.StdEncoding.AppendEncode(w.b, v.Value), '"')
	case *types.AttributeValueMemberBOOL:
		w.b = strconv.AppendBool(append(w.b, `{"BOOL":`...), v.Value)
	case *types.AttributeValueMemberNULL:
		w.b = strconv.AppendBool(append(w.b, `{"NULL":`...), v.Value)
	case *types.AttributeValueMemberM:
		w.b = append(w.b, `{"M":`...)
		w.attributes(v.Value)
	case *types.AttributeValueMemberL:
		w.b = append(w.b, `{"L":[`...)
		for _, element := range v.Value {
			w.separate('[')
			w.value(element)
		}
		w.b = append(w.b, ']')
	default:
		w.refuse(fmt.Sprintf("attribute value of type %T", value), true)
		return
	}
	w.b = append(w.b, '}')
}

// end ends the object that is being written.
func (w *writer) end() *writer {
	w.b = append(w.b, '}')
	return w
}
