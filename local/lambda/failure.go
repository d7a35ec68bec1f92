package lambda

import (
	"encoding/json"
	"errors"
	"os/exec"
)

// unhandled is the FunctionError of every failed invocation.
const unhandled = "Unhandled"

// failure is what Lambda says about an invocation that its process did not answer.
type failure struct{ errorType, message string }

// payload is the result that the caller sees.
func (f *failure) payload(requestID string) []byte {
	return errorPayload(f.errorType, "RequestId: "+requestID+" Error: "+f.message)
}

// exitFailure describes the end of a process in Lambda's words.
func exitFailure(err error) *failure {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &failure{"Runtime.ExitError", "Runtime exited without providing a reason"}
	case errors.As(err, &exit):
		return &failure{"Runtime.ExitError", "Runtime exited with error: " + exit.String()}
	}
	return &failure{"Runtime.ExitError", "Runtime exited with error: " + err.Error()}
}

// errorPayload is an error object as the Runtime API and Invoke carry it.
func errorPayload(errorType, message string) []byte {
	b, _ := json.Marshal(struct { // strings always marshal
		ErrorType    string `json:"errorType"`
		ErrorMessage string `json:"errorMessage"`
	}{errorType, message})
	return b
}

// errorType reads the type out of an error object, "" if there is none.
func errorType(payload []byte) string {
	var e struct {
		ErrorType string `json:"errorType"`
	}
	if json.Unmarshal(payload, &e) != nil {
		return ""
	}
	return e.ErrorType
}
