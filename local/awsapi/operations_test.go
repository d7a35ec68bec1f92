package awsapi_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/awsapi"
)

type input struct {
	Name  string
	Count int
	Data  []byte
	Inner struct{ Flag bool }
}

type output struct{ Greeting string }

func TestOperations(t *testing.T) {
	ops := awsapi.Operations{}
	awsapi.Handle(ops, "Greet", func(_ context.Context, _ awsapi.Authorizer, in *input) (*output, error) {
		ops.Count("Greet")
		if in.Name == "" {
			return nil, nil
		}
		return &output{"hello " + in.Name}, nil
	})
	tests := []struct{ name, operation, request, response, err string }{
		{"typed call", "Greet", `{"Name":"a"}`, `{"Greeting":"hello a"}`, ""},
		{"no output is an empty body", "Greet", `{}`, ``, ""},
		{"unknown operation", "Leave", `{}`, ``, "UnknownOperationException: The operation Leave is not supported here."},
		{"unknown member", "Greet", `{"Inner":{"Colour":1}}`, ``, "ValidationException: The member /Inner/Colour of Greet is not supported here."},
		{"wrong type", "Greet", `{"Count":"1"}`, ``, "SerializationException: /Count of Greet: a JSON string can not be converted to a number"},
		{"bad base64", "Greet", `{"Data":"%"}`, ``, "SerializationException: /Data of Greet: a JSON string can not be converted to a Blob"},
		{"no json", "Greet", `{`, ``, "SerializationException: The request of Greet is no valid JSON."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			response, err := ops.Call(t.Context(), nil, tt.operation, []byte(tt.request))
			var text string
			if err != nil {
				text = err.Error()
			}
			if diff := cmp.Diff([]string{tt.response, tt.err}, []string{string(response), text}); diff != "" {
				t.Errorf("response and error (-want +got):\n%s", diff)
			}
		})
	}
	if diff := cmp.Diff(map[string]int64{"Greet": 2}, ops.Stats()); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
}
