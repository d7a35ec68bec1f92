package sweep

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// deserializer is the SDK's name for the step that makes an output of an answer.
const deserializer = "OperationDeserializer"

// Lean has read take the text of an operation's successful answer in place of the SDK, which makes a dozen small objects of every
// attribute; what read returns is the operation's result. Everything else stays the SDK's: signing, retries, errors.
func Lean(read func(text string) (any, error)) func(*dynamodb.Options) {
	return func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			l := &lean{read: read}
			var err error
			l.original, err = stack.Deserialize.Swap(deserializer, l)
			return err
		})
	}
}

type lean struct {
	original middleware.DeserializeMiddleware
	read     func(string) (any, error)
}

func (l *lean) ID() string { return deserializer }

func (l *lean) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	if err != nil {
		return out, metadata, err
	}
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if !ok {
		return out, metadata, &smithy.DeserializationError{Err: fmt.Errorf("answer is a %T", out.RawResponse)}
	}
	if response.StatusCode != http.StatusOK {
		return l.original.HandleDeserialize(ctx, in, answered{out, metadata})
	}
	var text strings.Builder
	text.Grow(int(max(response.ContentLength, 0)))
	if _, err := io.Copy(&text, response.Body); err != nil {
		return out, metadata, &smithy.DeserializationError{Err: err}
	}
	if out.Result, err = l.read(text.String()); err != nil {
		return out, metadata, &smithy.DeserializationError{Err: err}
	}
	return out, metadata, nil
}

// answered hands an answer that is there already to the step before.
type answered struct {
	out      middleware.DeserializeOutput
	metadata middleware.Metadata
}

func (a answered) HandleDeserialize(context.Context, middleware.DeserializeInput) (middleware.DeserializeOutput, middleware.Metadata, error) {
	return a.out, a.metadata, nil
}
