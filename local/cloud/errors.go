package cloud

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
)

// inputError says which property of a resource's inputs is wrong, in the program's own terms.
func inputError(err error) error {
	var semantic *json.SemanticError
	if !errors.As(err, &semantic) {
		return err
	}
	property := strings.ReplaceAll(strings.TrimPrefix(string(semantic.JSONPointer), "/"), "/", ".")
	if errors.Is(err, json.ErrUnknownName) {
		return fmt.Errorf("property %q is not supported on the desk", property)
	}
	return fmt.Errorf("property %q cannot be %s", property, semantic.JSONKind)
}
